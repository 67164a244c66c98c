"""The files about the confusions of a data set."""

from collections.abc import Sequence
from pathlib import Path

from mmproto.models.facts import ModelFacts
from mmproto.prototypes.patches import Patch, missing_patches, model_patches
from mmproto.utils.files import atomic_path, remove_old_sheets, write_json
from mmproto.utils.origin import Origin
from mmproto.utils.spreadsheet import write_text

from .counts import Confusions
from .markdown import markdown
from .pixels import NO_CONCEPT
from .sheets import PATCHES, draw_contact_sheet
from .table import confusion_data, ranked, write_csv
from .views import cut_views

NAME = 'confusions'


def save_confusions(
    found: Confusions,
    facts: ModelFacts,
    origin: Origin,
    split: str,
    folder: str | Path,
    top: int = 12,
    data_root: str | Path | None = None,
) -> tuple[dict, list[Path]]:
    """Write the table, the list and contact sheets.

    Args:
        found: From :func:`measure_confusions`.
        facts: The model that was measured.
        origin: Its config and checkpoint.
        split: The data set of the config that was counted.
        folder: Is made if it is missing.
        top: Number of confusions to describe and draw.
        data_root: Where the training images are, if they moved since the
            prototypes were projected.

    Returns:
        The content of the JSON file, and the paths of all files.

    Raises:
        ValueError: If ``top`` is below one, or the projection record is about
            another model.
    """
    if top < 1:
        raise ValueError(f'top must be at least 1, got {top}')
    folder = Path(folder)
    chosen = [(k, row) for k, row in ranked(found) if row.pixels][:top]
    concepts = [key[2] for key, _ in chosen]
    patches = model_patches(facts, concepts, data_root)
    patches = {k: own[:PATCHES] for k, own in patches.items()}
    notes = _notes(found, facts, list(patches.values()))
    data = confusion_data(found, facts, origin, split, notes)
    wanted = [(p, key[2]) for key, row in chosen for p in row.places]
    views = iter(cut_views(facts, wanted))
    files = [folder / f'{NAME}.{suffix}' for suffix in ('json', 'csv', 'md')]
    write_json(data, files[0])  # may refuse, so first
    write_csv(data, files[1])
    sheets = []
    for number, (key, row) in enumerate(chosen, 1):
        own = [next(views) for _ in row.places]
        entry = data['confusions'][number - 1]
        path = folder / f'confusion_{number:02d}.png'
        figure = draw_contact_sheet(number, data, entry, patches[key[2]], own)
        with atomic_path(path) as temporary:
            figure.savefig(temporary)
        sheets.append(path)
    remove_old_sheets(sheets, folder, 'confusion')
    text = markdown(data, folder, [sheet.name for sheet in sheets])
    write_text(text, files[2])
    return data, [*files, *sheets]


def _notes(
    found: Confusions, facts: ModelFacts, patches: Sequence[Sequence[Patch]]
) -> list[str]:
    """Say what a reader has to know before anything else."""
    notes = []
    if facts.surrogate is not None:
        notes.append(facts.surrogate.sentence())
    if (found.class_weights < 0).any():
        notes.append(
            'This classifier has weights below zero: a concept may also lead '
            'by speaking against the true class, parts may be negative, and '
            'without a concept that spoke against a class that class gains.'
        )
    if found.wrong and any(key[2] == NO_CONCEPT for key in found.table):
        notes.append(
            'At some wrong pixels no concept leads: the classes have equally '
            'much evidence, mostly none, and the first of them wins.'
        )
    shown = [patch for own in patches for patch in own]
    notes += missing_patches(facts.record is not None, shown)
    return notes
