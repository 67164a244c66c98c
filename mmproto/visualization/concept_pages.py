"""Pages that show what every concept stands for."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmproto.concepts import Concept
from mmproto.files import atomic_path, remove_old_sheets
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


def draw_pages(
    concepts: Sequence[Concept], names: Sequence[str], note: str = ''
) -> Iterator[Figure]:
    """Draw concepts, eight a page.

    Args:
        concepts: Of :func:`mmproto.concepts.list_concepts`.
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
        concepts: Of :func:`mmproto.concepts.list_concepts`.
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
