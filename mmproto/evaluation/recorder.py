"""Records what a model computes while mmseg tests it."""

from collections.abc import Sequence
from typing import Any

from mmengine.dist import get_dist_info
from torch import Tensor

from mmproto.models.facts import ModelFacts
from mmproto.prototypes.features import map_size

from .batch import Batch, Maps
from .parts import PartLoader, build_part_loader
from .reading import ImageReading


class ConceptRecorder:
    """Watches a model between :meth:`start` and :meth:`stop`.

    Args:
        model: A segmentor with a ``PrototypeHead``, or a data-parallel
            wrapper of one.
        dataset_meta: Meta information of the data set of the test.

    Attributes:
        facts: Facts of the model.

    Raises:
        ValueError: If the model has no prototype head.
    """

    def __init__(self, model: Any, dataset_meta: dict | None = None) -> None:
        self.facts = ModelFacts.of(model, dataset_meta or {})
        self._model, self._head = self.facts.segmentor, self.facts.head
        self._dataset_meta = dataset_meta or {}
        self._batch: Batch | None = None
        self._recording = False
        self._concepts: tuple[Tensor, Tensor, Tensor] | None = None
        self._count = 0
        self._readings: list[ImageReading] = []
        self._loaders: dict[str, PartLoader] = {}

    def start(self) -> None:
        """Record every prediction from now on."""
        model, head = self._model, self._head
        self._originals = model.predict, head.pool_concepts, head.forward
        model.predict = self._predict
        head.pool_concepts = self._pool_concepts  # type: ignore
        head.forward = self._forward  # type: ignore

    def stop(self) -> None:
        """Leave the model as it was, and keep nothing of the last batch."""
        self._batch, self._readings = None, []
        del self._model.predict
        del self._head.pool_concepts, self._head.forward

    def read(
        self, data_batch: dict, data_samples: Sequence[dict]
    ) -> list[ImageReading]:
        """Read the batch that was predicted last.

        All metrics get the same objects, so nothing is computed twice.

        Args:
            data_batch: Batch of the data loader.
            data_samples: mmseg's predictions, as dicts.

        Raises:
            ValueError: If this batch was not recorded.
        """
        if self._batch is None:
            return self._readings
        batch, self._batch = self._batch, None
        if not batch.windows or len(batch.metas) != len(data_samples):
            raise ValueError(
                'what the model computed for this batch was not recorded; '
                "metrics of explanations need mmseg's own prediction by a "
                'PrototypeHead, without test-time augmentation'
            )
        rank, world_size = get_dist_info()
        self._readings = []
        for position, sample in enumerate(data_samples):
            index = rank + self._count * world_size
            resized = map_size(data_batch['inputs'][position])
            self._readings.append(
                ImageReading(batch, position, index, sample, resized)
            )
            self._count += 1
        return self._readings

    def part_loader(self, config: dict | None = None) -> PartLoader | None:
        """Return the loader of part labels that metrics share.

        Args:
            config: Config of the loader; by default the ``part_loader`` in the
                meta information of the data set.

        Returns:
            The loader; ``None`` where there is no config at all.
        """
        config = config or self._dataset_meta.get('part_loader')
        if config is None:
            return None
        key = str(config)
        if key not in self._loaders:
            loader = build_part_loader(config, self.facts.classes)
            self._loaders[key] = loader
        return self._loaders[key]

    def _predict(self, inputs: Tensor, data_samples: list) -> list:
        """Predict, and keep what was computed."""
        self._readings = []  # frees what the last batch took
        metas = [sample.metainfo for sample in data_samples]
        self._batch = Batch(self.facts, inputs, metas)
        self._recording = True
        try:
            return self._originals[0](inputs, data_samples)
        finally:
            self._recording = False

    def _pool_concepts(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Activate concepts, and keep them."""
        pooled, per_scale = self._originals[1](latents)
        if self._recording:
            self._concepts = (latents, pooled, per_scale)
        return pooled, per_scale

    def _forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return evidence, and keep it with its concepts."""
        evidence = self._originals[2](inputs)
        if self._recording and self._batch and self._concepts:
            self._batch.windows.append(Maps(*self._concepts, evidence))
            self._concepts = None
        return evidence
