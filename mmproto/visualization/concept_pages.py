"""Pages that show what every concept stands for."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmproto.explanations.concepts import (
    Concept,
    ConceptUsage,
    unused_summary,
)
from mmproto.explanations.concepts_table import concepts_csv, concepts_record
from mmproto.models.facts import ModelFacts
from mmproto.utils.files import atomic_path, remove_old_sheets, write_json
from mmproto.utils.origin import Origin
from mmproto.utils.spreadsheet import write_text
from mmproto.visualization.panels import SMALL, list_weights, patch_axes
from mmproto.visualization.text import PLAIN_TEXT, concept_title

CONCEPTS_A_PAGE = 8
PATCHES = 6
MOST_WEIGHTS = 7  # of a concept that are listed
TEXT_SIZE = SMALL + 0.5  # points
WIDTH = 13.0  # inches
ROW_HEIGHT = 2.0
HEADER = 0.9
TITLE_WIDTH = 2.75  # of a concept's number and name
WEIGHT_WIDTH = 1.8  # of a class in the list of weights


def save_concepts(
    concepts: Sequence[Concept],
    facts: ModelFacts,
    usage: ConceptUsage,
    folder: str | Path,
    origin: Origin | None = None,
) -> list[Path]:
    """Write ``concepts.json``, ``concepts.csv`` and pages of patches.

    The pages show the concepts that contribute to a class; the other files
    have all of them.

    The same model and data give the same bytes of JSON and CSV again, on the
    same machine with the same libraries and number of threads; torch adds in
    another order otherwise, and the last digits differ.

    Args:
        concepts: Of :func:`mmproto.explanations.concepts.list_concepts`.
        facts: Of the same model.
        usage: The same usage.
        folder: Made when it is missing.
        origin: Config and checkpoint of the model, if known.

    Returns:
        Paths of all files.

    Raises:
        ValueError: If a number is not finite. Nothing is written then.
    """
    classes = facts.classes
    weights = facts.head.class_weights.detach().cpu()  # C,K
    table = Path(folder) / 'concepts.csv'
    text = concepts_csv(concepts, weights, classes)
    record = concepts_record(concepts, usage, weights, classes, origin)
    write_json(record, table.with_suffix('.json'))
    write_text(text, table)
    used = [concept for concept in concepts if concept.in_use]
    pages = save_pages(used, classes, folder, unused_summary(concepts))
    return [table.with_suffix('.json'), table, *pages]


def draw_pages(
    concepts: Sequence[Concept], names: Sequence[str], note: str = ''
) -> Iterator[Figure]:
    """Draw concepts, eight a page.

    Args:
        concepts: Of :func:`mmproto.explanations.concepts.list_concepts`.
        names: Class names, to say what lies under a patch.
        note: What a reader has to know, in a line below the title.

    Yields:
        One figure a page, drawn when it is asked for.
    """
    for start in range(0, len(concepts), CONCEPTS_A_PAGE):
        page = concepts[start : start + CONCEPTS_A_PAGE]
        last = start + len(page)
        title = f'Concepts {start + 1} to {last} of {len(concepts)}, by use'
        yield _draw_page(page, names, title, note)


def save_pages(
    concepts: Sequence[Concept],
    names: Sequence[str],
    folder: str | Path,
    note: str = '',
) -> list[Path]:
    """Write the pages as ``concepts_01.png`` and so on, in place of others.

    Args:
        concepts: Of :func:`mmproto.explanations.concepts.list_concepts`.
        names: Class names.
        folder: Made when it is missing.
        note: What a reader has to know.

    Returns:
        Paths of the pages.
    """
    paths = []
    for number, figure in enumerate(draw_pages(concepts, names, note), 1):
        path = Path(folder) / f'concepts_{number:02d}.png'
        with atomic_path(path) as temporary:
            figure.savefig(temporary)
        paths.append(path)
    remove_old_sheets(paths, Path(folder), 'concepts')
    return paths


@matplotlib.rc_context(PLAIN_TEXT)
def _draw_page(
    concepts: Sequence[Concept], names: Sequence[str], title: str, note: str
) -> Figure:
    height = HEADER + ROW_HEIGHT * len(concepts)
    figure = Figure(figsize=(WIDTH, height), dpi=100)
    FigureCanvasAgg(figure)
    figure.text(0.02, 1 - 0.12 / height, title, fontsize=14, va='top')
    figure.text(0.02, 1 - 0.38 / height, note, fontsize=SMALL, va='top')
    grid = figure.add_gridspec(
        len(concepts),
        1 + PATCHES,
        width_ratios=[1.9, *[1] * PATCHES],
        left=0.02,
        right=0.985,
        top=1 - HEADER / height,
        bottom=0.45 / height,
        wspace=0.08,
        hspace=0.38,
    )
    for row, concept in enumerate(concepts):
        _draw_text(figure.add_subplot(grid[row, 0]), concept)
        for column, patch in enumerate(concept.patches[:PATCHES]):
            axes = figure.add_subplot(grid[row, 1 + column])
            patch_axes(axes, patch, names)
    return figure


def _draw_text(axes: Axes, concept: Concept) -> None:
    axes.set_axis_off()
    listed = list_weights(
        concept.speaks_for, MOST_WEIGHTS, TITLE_WIDTH, TEXT_SIZE, WEIGHT_WIDTH
    )
    title = concept_title(concept.index, concept.name, SMALL + 3, TITLE_WIDTH)
    axes.set_title(title, fontsize=SMALL + 3, loc='left', weight='bold')
    axes.text(
        0,
        0.95,
        f'{listed or concept.silence}\n\n'
        f'mean activation {concept.mean_activation:.4f}\n'
        f'decides {concept.top_share:.2%} of cells',
        fontsize=TEXT_SIZE,
        va='top',
        transform=axes.transAxes,
    )
    if not concept.patches:
        axes.text(
            1.1,
            0.5,
            'no training patches: run tools/project.py',
            fontsize=SMALL,
            transform=axes.transAxes,
        )
