"""The confusions of a data set as plain types and as a table."""

from collections.abc import Sequence
from pathlib import Path

from mmproto.models.facts import ModelFacts, named_weights
from mmproto.utils.origin import Origin
from mmproto.utils.spreadsheet import make_csv, write_text
from mmproto.version import __version__

from .counts import Confusion, Confusions, Key
from .pixels import NO_CONCEPT
from .text import find_concept

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


def ranked(found: Confusions) -> list[tuple[Key, Confusion]]:
    """List confusions with their keys, most wrong pixels first."""
    return sorted(
        found.table.items(),
        key=lambda item: (-item[1].pixels, -item[1].mended, item[0]),
    )


def confusion_data(
    found: Confusions,
    facts: ModelFacts,
    origin: Origin,
    split: str,
    notes: Sequence[str] = (),
) -> dict:
    """Turn counts into plain types, as ``confusions.schema.json`` describes.

    Args:
        found: Counts of the data set.
        facts: The model that was measured.
        origin: Its config and checkpoint.
        split: The data set of the config that was counted.
        notes: What a reader has to know.
    """
    source = origin.to_dict()
    return dict(
        version=CONFUSIONS_VERSION,
        mmproto=__version__,
        config=source['config'],
        checkpoint=source['checkpoint'],
        split=split,
        sha256=source['sha256'],
        classes=facts.classes,
        num_images=found.images,
        labelled_pixels=int(found.matrix.sum()),
        wrong_pixels=found.wrong,
        confusion_matrix=found.matrix.tolist(),
        concepts=[_concept(found, facts, k) for k in found.concepts],
        confusions=[
            _confusion(found, key, row, facts.classes)
            for key, row in ranked(found)
        ],
        notes=list(notes),
        surrogate=facts.surrogate and facts.surrogate.to_dict(),
    )


def write_csv(data: dict, path: Path) -> None:
    """Write one row per confusion.

    Args:
        data: From :func:`confusion_data`.
        path: The file.
    """
    rows = []
    for row in data['confusions']:
        concept = find_concept(data, row['concept']) or {}
        values = row | dict(
            truth=row['truth']['name'],
            predicted=row['predicted']['name'],
            concept_name=concept.get('name'),
            concept_mended=concept.get('mended'),
            concept_broken=concept.get('broken'),
        )
        rows.append([values[column] for column in COLUMNS])
    write_text(make_csv(COLUMNS, rows), path)


def _concept(found: Confusions, facts: ModelFacts, concept: int) -> dict:
    """Describe what a concept does on the whole data set."""
    classes = [_class(c, facts.classes) for c in range(len(facts.classes))]
    weights = found.class_weights[:, concept].tolist()
    own = [row for key, row in found.table.items() if key[2] == concept]
    return dict(
        concept=concept,
        name=facts.concept_names.get(concept, ''),
        class_weights=[
            entry | dict(weight=weight)
            for entry, weight in named_weights(weights, classes)
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
