"""What a model card says, before it is put into words."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmproto.checkpoints.derived import load_whole
from mmproto.evaluation.report import REPORT_VERSION
from mmproto.models.facts import get_prototype_head
from mmproto.models.metainfo import concept_names, disabled_concepts
from mmproto.utils.files import file_hash


@dataclass(frozen=True)
class CardFacts:
    """All that a card is made of.

    Args:
        name: Of the model: that of its config.
        checkpoint: Name of the file.
        sha256: Of the file.
        training_data: Names of the data sets.
        prototypes_per_concept: Prototypes of a concept.
        class_weights: What concepts contribute to classes (C,K).
        names: Of concepts, by number; not all have one.
        disabled: Numbers of disabled concepts.
        projection: Record of the projection; ``None`` if there was none.
        report: The JSON of ``evaluate_explanations.py``.
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

    @property
    def classes(self) -> list[str]:
        """Names of the classes."""
        return self.report['classes']

    @property
    def num_concepts(self) -> int:
        """Number of concepts, used or not."""
        return len(self.class_weights[0])

    @property
    def class_iou(self) -> dict[str, float | None]:
        """IoU of each class in percent, as far as the report has it."""
        accuracy = self.report['accuracy']
        keys = {name: f'IoU.{name}' for name in self.classes}
        return {n: accuracy[k] for n, k in keys.items() if k in accuracy}

    def scalar(self, metric: str, number: str) -> float | None:
        """A number of the report; ``None`` if it was not measured."""
        scalars = self.report['metrics'].get(metric, {}).get('scalars', {})
        return scalars.get(number)

    def used_concepts(self) -> list[int]:
        """Concepts with a weight other than zero."""
        columns = list(zip(*self.class_weights))
        return [k for k, column in enumerate(columns) if any(column)]


def gather_facts(
    cfg: Config, checkpoint: str | Path, report: str | Path
) -> CardFacts:
    """Gather what a card says.

    Args:
        cfg: Config of the training, from a file.
        checkpoint: The model.
        report: JSON of ``tools/analysis_tools/evaluate_explanations.py``.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If the checkpoint does not fit the config, or the report
            is none or is about another one.
    """
    data = read_report(report)
    model, meta = load_whole(cfg, checkpoint)
    meta = meta['dataset_meta']
    if list(meta['classes']) != data['classes']:
        raise ValueError(
            f'{report} is about another model: its classes are '
            f'{data["classes"]}, those of {checkpoint} are '
            f'{list(meta["classes"])}'
        )
    digest = file_hash(checkpoint)
    if data.get('sha256') not in (None, digest):
        raise ValueError(
            f'{report} is about another checkpoint, of SHA-256 '
            f'{data["sha256"]}; {checkpoint} has {digest}: measure it with '
            'tools/analysis_tools/evaluate_explanations.py'
        )
    head = get_prototype_head(model)
    return CardFacts(
        name=Path(cfg.filename).stem,
        checkpoint=Path(checkpoint).name,
        sha256=digest,
        training_data=data_sets(cfg.train_dataloader.dataset),
        prototypes_per_concept=head.prototypes_per_concept,
        class_weights=head.class_weights.tolist(),
        names=concept_names(meta),
        disabled=sorted(disabled_concepts(meta)),
        projection=meta.get('projection'),
        report=data,
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
            f'{path} is no report; give the JSON that '
            'tools/analysis_tools/evaluate_explanations.py writes'
        )
    if data['version'] != REPORT_VERSION:
        raise ValueError(
            f'{path} has version {data["version"]}, expected '
            f'{REPORT_VERSION}; measure again'
        )
    return data


def data_sets(dataset: Any) -> list[str]:
    """Types of data sets, looking into those that wrap others.

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
