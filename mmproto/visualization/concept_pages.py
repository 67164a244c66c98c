"""Pages that show what each concept stands for."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib
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
from mmproto.visualization.canvas import Canvas
from mmproto.visualization.panels import SMALL, list_weights, patch_axes
from mmproto.visualization.text import PLAIN_TEXT, concept_title, wrap_text

PAGE_LENGTH = 8  # concepts
PATCHES = 6
MOST_WEIGHTS = 7  # listed per concept
TEXT_SIZE = SMALL + 0.5  # points
WIDTH, MARGIN = 13.0, 0.26  # inches, like all lengths below
HEADER, ROW_HEIGHT = 0.9, 2.0  # the header has room for two lines
NOTE_LINE = 0.16
FIRST_PATCH, PATCH_STEP, PATCH = 3.22, 1.62, 1.46
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

    The same model and data give the same bytes of JSON and CSV on one
    machine with the same libraries and number of threads. Otherwise torch
    adds in another order, and the last digits differ.

    Args:
        concepts: Of :func:`mmproto.explanations.concepts.list_concepts`.
        facts: Of their model.
        usage: That the concepts were listed with.
        folder: Created if it is missing.
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
    record = concepts_record(
        concepts, usage, weights, classes, origin, facts.surrogate
    )
    write_json(record, table.with_suffix('.json'))
    write_text(text, table)
    used = [concept for concept in concepts if concept.in_use]
    note = concepts_note(facts, concepts)
    pages = save_concept_pages(used, classes, folder, note)
    return [table.with_suffix('.json'), table, *pages]


def concepts_note(facts: ModelFacts, concepts: Sequence[Concept]) -> str:
    """Say what a reader of the pages has to know, in a line for each fact."""
    surrogate = '' if facts.surrogate is None else facts.surrogate.sentence()
    return '\n'.join(filter(None, [surrogate, unused_summary(concepts)]))


def draw_pages(
    concepts: Sequence[Concept], names: Sequence[str], note: str = ''
) -> Iterator[Figure]:
    """Draw concepts, eight per page.

    Args:
        concepts: Of :func:`mmproto.explanations.concepts.list_concepts`.
        names: Class names, to say what lies under a patch.
        note: A remark for the reader, in a line below the title.

    Yields:
        One figure per page, drawn on demand.
    """
    for start in range(0, len(concepts), PAGE_LENGTH):
        page = concepts[start : start + PAGE_LENGTH]
        last = start + len(page)
        title = f'Concepts {start + 1} to {last} of {len(concepts)}, by use'
        yield _draw_page(page, names, title, note)


def save_concept_pages(
    concepts: Sequence[Concept],
    names: Sequence[str],
    folder: str | Path,
    note: str = '',
) -> list[Path]:
    """Write ``concepts_01.png`` and so on, in place of older pages.

    Args:
        concepts: Of :func:`mmproto.explanations.concepts.list_concepts`.
        names: Class names.
        folder: Created if it is missing.
        note: A remark for the reader.

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
    note = '\n'.join(
        wrap_text(line, SMALL, WIDTH - 2 * MARGIN) for line in note.split('\n')
    )
    header = HEADER + NOTE_LINE * max(0, len(note.splitlines()) - 2)
    canvas = Canvas(WIDTH, header + ROW_HEIGHT * len(concepts), dpi=100)
    canvas.write(MARGIN, 0.12, title, 14)
    canvas.write(MARGIN, 0.38, note, SMALL)
    for row, concept in enumerate(concepts):
        top = header + ROW_HEIGHT * row
        _write_text(canvas, concept, top)
        for column, patch in enumerate(concept.patches[:PATCHES]):
            left = FIRST_PATCH + PATCH_STEP * column
            axes = canvas.add_axes(left, top, PATCH, PATCH)
            patch_axes(axes, patch, names)
    return canvas.figure


def _write_text(canvas: Canvas, concept: Concept, top: float) -> None:
    listed = list_weights(
        concept.speaks_for, MOST_WEIGHTS, TITLE_WIDTH, TEXT_SIZE, WEIGHT_WIDTH
    )
    size = SMALL + 3
    title = concept_title(concept.index, concept.name, size, TITLE_WIDTH)
    canvas.write(MARGIN, top - 0.08, title, size, va='baseline', weight='bold')
    text = (
        f'{listed or concept.silence}\n\n'
        f'mean activation {concept.mean_activation:.4f}\n'
        f'decides {concept.top_share:.2%} of cells'
    )
    canvas.write(MARGIN, top + 0.07, text, TEXT_SIZE)
    if not concept.patches:
        text = 'no training patches: run mmproto project'
        canvas.write(FIRST_PATCH, top + PATCH / 2, text, SMALL)
