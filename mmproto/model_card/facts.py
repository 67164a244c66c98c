"""What a model card says, before the template puts it into words."""

import json
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from mmengine.config import Config

from mmproto.checkpoints.derived import load_whole
from mmproto.evaluation.report import REPORT_VERSION
from mmproto.models.facts import ModelFacts
from mmproto.models.surrogate_record import Surrogate
from mmproto.utils.files import file_hash


@dataclass(frozen=True)
class CardFacts:
    """All that goes into a card.

    Args:
        name: Name of the model, taken from its config.
        checkpoint: Name of the file.
        sha256: Hash of the file.
        training_data: Names of the data sets.
        prototypes_per_concept: Number of prototypes of each concept.
        class_weights: Weights (C,K) of concepts for classes.
        names: Names of concepts, by number; not every concept has one.
        disabled: Numbers of disabled concepts.
        projection: Record of the projection; ``None`` if there was none.
        report: JSON of ``evaluate_explanations.py``.
        surrogate: How far it is like the model that it explains, if it is a
            surrogate.
    """

    name: str
    checkpoint: str
    sha256: str
    training_data: list[str]
    prototypes_per_concept: int
    class_weights: list[list[float]]
    names: dict[int, str]
    disabled: list[int]
    projection: dict | None
    report: dict
    surrogate: Surrogate | None = None

    @property
    def classes(self) -> list[str]:
        """Return the names of the classes."""
        return self.report['classes']

    @property
    def num_concepts(self) -> int:
        """Return the number of concepts, used or not."""
        return len(self.class_weights[0])

    @property
    def test_data(self) -> str:
        """Return the name of the data set of the report."""
        return data_set_name(self.report['data_set'])

    @property
    def class_iou(self) -> dict[str, float | None]:
        """Return the IoU of each class in percent, where it is known."""
        accuracy = self.report['accuracy']
        keys = {name: f'IoU.{name}' for name in self.classes}
        return {n: accuracy[k] for n, k in keys.items() if k in accuracy}

    def scalar(self, metric: str, number: str) -> float | None:
        """Return a number of the report; ``None`` if not measured."""
        scalars = self.report['metrics'].get(metric, {}).get('scalars', {})
        return scalars.get(number)

    def used_concepts(self) -> list[int]:
        """Return the concepts with a weight other than zero."""
        columns = zip(*self.class_weights)
        return [k for k, column in enumerate(columns) if any(column)]

    def weights_of(self, concept: int) -> list[tuple[str, float]]:
        """Return classes and weights of a concept, heaviest first."""
        weights = [row[concept] for row in self.class_weights]
        named = [pair for pair in zip(self.classes, weights) if pair[1]]
        return sorted(named, key=lambda pair: -abs(pair[1]))


def gather_facts(
    cfg: Config, checkpoint: str | Path, report: str | Path
) -> CardFacts:
    """Gather what goes into a card.

    Args:
        cfg: Config of the training, from a file.
        checkpoint: The model.
        report: JSON of ``mmproto evaluate``.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the checkpoint does not fit the config, or the report
            is not one or is about another checkpoint.
    """
    data = read_report(report)
    facts = ModelFacts.of(load_whole(cfg, checkpoint)[0])
    if facts.classes != data['classes']:
        raise ValueError(
            f'{report} is about another model: its classes are '
            f'{data["classes"]}, those of {checkpoint} are {facts.classes}'
        )
    digest = file_hash(checkpoint)
    if data.get('sha256') not in (None, digest):
        raise ValueError(
            f'{report} is about another checkpoint, of SHA-256 '
            f'{data["sha256"]}; {checkpoint} has {digest}: measure it with '
            'mmproto evaluate'
        )
    return CardFacts(
        name=Path(cfg.filename).stem,
        checkpoint=Path(checkpoint).name,
        sha256=digest,
        training_data=data_sets(cfg.train_dataloader.dataset),
        prototypes_per_concept=facts.head.prototypes_per_concept,
        class_weights=facts.head.class_weights.tolist(),
        names=facts.concept_names,
        disabled=sorted(facts.disabled),
        projection=facts.record,
        report=data,
        surrogate=facts.surrogate,
    )


def read_report(path: str | Path) -> dict:
    """Read the JSON of ``evaluate_explanations.py``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is something else, or of another version.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'there is no report at {path}')
    try:
        data = json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError:
        data = None
    keys = {'version', 'accuracy', 'classes', 'metrics', 'data_set'}
    keys |= {'num_images', 'date'}
    if not isinstance(data, dict) or not keys <= set(data):
        raise ValueError(
            f'{path} is no report; give the JSON that mmproto evaluate writes'
        )
    if data['version'] != REPORT_VERSION:
        raise ValueError(
            f'{path} has version {data["version"]}, expected '
            f'{REPORT_VERSION}; measure again'
        )
    return data


def data_sets(dataset: Any) -> list[str]:
    """Name the data sets of a config, looking into those that wrap others.

    Args:
        dataset: Config of a data set.
    """
    inner = dataset.get('datasets') or [dataset.get('dataset')]
    if inner[0] is None:
        return [data_set_name(dataset['type'])]
    names = [name for part in inner for name in data_sets(part)]
    return list(dict.fromkeys(names))


def data_set_name(kind: str) -> str:
    """Say ``CamVid`` for ``mmproto.CamVidDataset``."""
    name = kind.rpartition('.')[2]
    short = name.removesuffix('Dataset')
    return name if short in ('', 'BaseSeg') else short


def nearest_images(record: dict | None) -> dict[int, str]:
    """Name the image file that shows each concept best.

    Args:
        record: From :func:`mmproto.project_prototypes`, if there is one.
    """
    best: dict[int, tuple[float, str]] = {}
    for prototype in (record or {}).get('prototypes', []):
        for patch in prototype['patches'][:1]:
            found = -patch['similarity'], PurePath(patch['image']).name
            concept = prototype['concept']
            best[concept] = min(best.get(concept, found), found)
    return {concept: name for concept, (_, name) in best.items()}
