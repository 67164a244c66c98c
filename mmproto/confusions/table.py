"""The confusions of a data set as plain types and as a table."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mmproto.models.facts import ModelFacts
from mmproto.utils.spreadsheet import make_csv, write_text
from mmproto.version import __version__

from .counts import Confusion, Confusions, Key
from .pixels import NO_CONCEPT

CONFUSIONS_VERSION = 1
COLUMNS = (
    'truth',
    'predicted',
    'concept',
    'concept_name',
    'pixels',
    'share',
    'images',
    'mean_part',
    'mean_margin',
    'pair_pixels',
    'pair_mended',
    'concept_mended',
    'concept_broken',
)


@dataclass(frozen=True)
class Source:
    """What was counted.

    Args:
        config: Path of the config.
        checkpoint: Path of the checkpoint.
        split: Data set of the config.
        sha256: Of the checkpoint, if known.
    """

    config: str
    checkpoint: str
    split: str
    sha256: str | None = None


def ranked(found: Confusions) -> list[tuple[Key, Confusion]]:
    """Confusions with their classes and concept, most wrong pixels first."""
    return sorted(
        found.table.items(),
        key=lambda item: (-item[1].pixels, -item[1].mended, item[0]),
    )


def confusion_data(
    found: Confusions,
    facts: ModelFacts,
    source: Source,
    notes: Sequence[str] = (),
) -> dict:
    """Say what was found, as ``confusions.schema.json`` does.

    Args:
        found: Counts of the data set.
        facts: Of the model that they are about.
        source: Its files and the data set.
        notes: What a reader has to know.

    Returns:
        Plain types.
    """
    classes, names = facts.classes, facts.concept_names
    return dict(
        version=CONFUSIONS_VERSION,
        mmproto=__version__,
        **asdict(source),
        classes=classes,
        num_images=found.images,
        labelled_pixels=int(found.matrix.sum()),
        wrong_pixels=found.wrong,
        confusion_matrix=found.matrix.tolist(),
        concepts=[
            _concept(found, concept, classes, names.get(concept, ''))
            for concept in found.concepts
        ],
        confusions=[
            _confusion(found, key, row, classes) for key, row in ranked(found)
        ],
        notes=list(notes),
    )


def write_csv(data: dict, path: Path) -> None:
    """Write one row a confusion.

    Args:
        data: Of :func:`confusion_data`.
        path: The file.
    """
    concepts = {entry['concept']: entry for entry in data['concepts']}
    rows = []
    for row in data['confusions']:
        concept = concepts.get(row['concept'], {})
        values = row | dict(
            truth=row['truth']['name'],
            predicted=row['predicted']['name'],
            concept_name=concept.get('name'),
            concept_mended=concept.get('mended'),
            concept_broken=concept.get('broken'),
        )
        rows.append([values[column] for column in COLUMNS])
    write_text(make_csv(COLUMNS, rows), path)


def _concept(
    found: Confusions, concept: int, classes: Sequence[str], name: str
) -> dict:
    """What a concept does on the whole data set."""
    weights = found.class_weights[:, concept]
    own = [row for key, row in found.table.items() if key[2] == concept]
    return dict(
        concept=concept,
        name=name,
        class_weights=[
            _class(c, classes) | dict(weight=float(weights[c]))
            for c in sorted(range(len(classes)), key=lambda c: -weights[c])
            if weights[c]
        ],
        led=sum(row.pixels for row in own),
        mended=sum(row.mended for row in own),
        broken=found.broken[concept],
    )


def _confusion(
    found: Confusions, key: Key, row: Confusion, classes: Sequence[str]
) -> dict:
    truth, predicted, concept = key
    return dict(
        truth=_class(truth, classes),
        predicted=_class(predicted, classes),
        concept=None if concept == NO_CONCEPT else concept,
        pixels=row.pixels,
        share=row.pixels / found.wrong,
        images=row.images,
        mean_part=row.part / row.pixels if row.pixels else None,
        mean_margin=row.margin / row.pixels if row.pixels else None,
        pair_pixels=int(found.matrix[truth, predicted]),
        pair_mended=row.mended,
        places=[
            dict(image=p.image, box=list(p.box), pixels=p.pixels)
            for p in row.places
        ],
    )


def _class(index: int, classes: Sequence[str]) -> dict:
    return {'class': index, 'name': classes[index]}
