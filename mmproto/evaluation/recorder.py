"""Records what a model computes while mmseg tests it."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import torch
from mmengine.dist import get_dist_info
from mmengine.model import is_model_wrapper
from torch import Tensor

from mmproto.evidence import replay
from mmproto.features import map_size
from mmproto.models.decode_heads import PrototypeHead
from mmproto.models.utils import get_prototype_head
from mmproto.visualization.colors import class_names

from .parts import PartLoader, build_part_loader
from .reading import ImageReading


class Batch:
    """What the model computed for a batch.

    With sliding windows, metrics read the concepts of the whole image from a
    pass of its own: windows overlap, so their cells would count twice.

    Args:
        model: The segmentor.
        inputs: Preprocessed images (N,3,h,w).
        metas: Meta information of each image.
        dataset_meta: Of the data set.
    """

    def __init__(
        self,
        model: Any,
        inputs: Tensor,
        metas: Sequence[dict],
        dataset_meta: dict,
    ) -> None:
        self.model = model
        self.head: PrototypeHead = get_prototype_head(model)
        self.inputs = inputs
        self.input_size = map_size(inputs)
        self.metas = [dict(meta) for meta in metas]  # mmseg changes them
        self.dataset_meta = dataset_meta
        self.class_weights = self.head.class_weights  # C,K
        # latents, activations, their scales and evidence of every window
        self.windows: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []

    @cached_property
    def _whole(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        if self.model.test_cfg.get('mode', 'whole') == 'whole':
            return self.windows[0]
        maps = self.model.extract_feat(self.inputs)
        latents = self.head.stack_scales(maps)
        return latents, *self.head.pool_concepts(latents), self.head(maps)

    @property
    def latents(self) -> Tensor:
        """Raw latents (N,S,D,H,W)."""
        return self._whole[0]

    @property
    def pooled(self) -> Tensor:
        """Concept activations (N,K,H,W)."""
        return self._whole[1]

    @property
    def per_scale(self) -> Tensor:
        """Concept activations of every scale (N,S,K,H,W)."""
        return self._whole[2]

    @property
    def evidence(self) -> Tensor:
        """What the head returned (N,C,H,W)."""
        return self._whole[3]

    @cached_property
    def replayed(self) -> list[Tensor]:
        """Sums of contributions (C,h,w) at the size of each file."""
        maps = [
            torch.einsum('ck,nkhw->nchw', self.class_weights, pooled)
            for _, pooled, _, _ in self.windows
        ]
        return replay(self.model, self.inputs, self.metas, maps)


class ConceptRecorder:
    """Watches a model between :meth:`start` and :meth:`stop`.

    Args:
        model: A segmentor with a ``PrototypeHead``, or a data-parallel
            wrapper of one.
        dataset_meta: Of the data set that the model is tested on.

    Raises:
        ValueError: If the model has no prototype head.
    """

    def __init__(self, model: Any, dataset_meta: dict | None = None) -> None:
        self._model = model.module if is_model_wrapper(model) else model
        self._head = get_prototype_head(self._model)
        self._dataset_meta = dataset_meta or {}
        self._batch: Batch | None = None
        self._recording = False
        self._concepts: tuple[Tensor, Tensor, Tensor] | None = None
        self._count = 0
        self._readings: list[ImageReading] = []
        self._loaders: list[tuple[dict, PartLoader]] = []

    def start(self) -> None:
        """Record every prediction from now on."""
        self._model.predict = self._record_prediction(self._model.predict)
        self._head.pool_concepts = self._record_concepts(  # type: ignore
            self._head.pool_concepts
        )
        self._head.forward = self._record_evidence(  # type: ignore
            self._head.forward
        )

    def stop(self) -> None:
        """Leave the model as it was, and keep nothing of the last batch."""
        self._batch, self._readings = None, []
        del self._model.predict
        del self._head.pool_concepts, self._head.forward

    def read(
        self, data_batch: dict, data_samples: Sequence[dict]
    ) -> list[ImageReading]:
        """Read the batch that was predicted last.

        All metrics get the same objects: what one has computed, the next
        need not.

        Args:
            data_batch: Of the data loader.
            data_samples: mmseg's predictions, as dicts.

        Raises:
            ValueError: If nothing was recorded of this batch.
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
        """Give the loader of part labels that metrics share.

        Args:
            config: Of the loader; by default the ``part_loader`` in the meta
                information of the data set.

        Returns:
            The loader; ``None`` where there is no config at all.
        """
        config = config or self._dataset_meta.get('part_loader')
        if config is None:
            return None
        for known, loader in self._loaders:
            if known == config:
                return loader
        names = class_names(self._dataset_meta, self._head.num_classes)
        loader = build_part_loader(config, names)
        self._loaders.append((config, loader))
        return loader

    def _record_prediction(self, predict: Callable) -> Callable:
        def record(inputs: Tensor, data_samples: list) -> list:
            """Predict, and keep what was computed."""
            self._readings = []  # frees what the last batch took
            metas = [sample.metainfo for sample in data_samples]
            self._batch = Batch(self._model, inputs, metas, self._dataset_meta)
            self._recording = True
            try:
                return predict(inputs, data_samples)
            finally:
                self._recording = False

        return record

    def _record_concepts(self, pool_concepts: Callable) -> Callable:
        def record(latents: Tensor) -> tuple[Tensor, Tensor]:
            """Activate concepts, and keep them."""
            pooled, per_scale = pool_concepts(latents)
            if self._recording:
                self._concepts = (latents, pooled, per_scale)
            return pooled, per_scale

        return record

    def _record_evidence(self, forward: Callable) -> Callable:
        def record(inputs: Sequence[Tensor]) -> Tensor:
            """Give evidence, and keep it with its concepts."""
            evidence = forward(inputs)
            if self._recording and self._batch and self._concepts:
                self._batch.windows.append((*self._concepts, evidence))
                self._concepts = None
            return evidence

        return record
