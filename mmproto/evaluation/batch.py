"""What a model computed for a batch that mmseg tests."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from mmproto.explanations.evidence import replay
from mmproto.models.facts import ModelFacts
from mmproto.prototypes.features import map_size


class Maps(NamedTuple):
    """What the head computed in one pass.

    Args:
        latents: Raw latents (N,S,D,H,W).
        pooled: Concept activations (N,K,H,W).
        per_scale: Concept activations of every scale (N,S,K,H,W).
        evidence: Output of the head (N,C,H,W).
    """

    latents: Tensor
    pooled: Tensor
    per_scale: Tensor
    evidence: Tensor


class Batch:
    """What the model computed for a batch.

    With sliding windows, metrics read the concepts of the whole image from an
    extra pass: windows overlap, so some cells would count twice.

    Args:
        facts: Facts of the model, by the meta information of the data set.
        inputs: Preprocessed images (N,3,h,w).
        metas: Meta information of each image.
    """

    def __init__(
        self, facts: ModelFacts, inputs: Tensor, metas: Sequence[dict]
    ) -> None:
        self.facts = facts
        self.model, self.head = facts.segmentor, facts.head
        self.inputs = inputs
        self.input_size = map_size(inputs)
        self.metas = [dict(meta) for meta in metas]  # mmseg changes them
        self.class_weights = self.head.class_weights  # C,K
        self.windows: list[Maps] = []

    @cached_property
    def whole(self) -> Maps:
        """Maps of the whole images."""
        if self.model.test_cfg.get('mode', 'whole') == 'whole':
            return self.windows[0]
        maps = self.model.extract_feat(self.inputs)
        latents = self.head.stack_scales(maps)
        return Maps(
            latents, *self.head.pool_concepts(latents), self.head(maps)
        )

    @cached_property
    def replayed(self) -> list[Tensor]:
        """Sums of contributions (C,h,w) at the size of each file."""
        maps = [
            torch.einsum('ck,nkhw->nchw', self.class_weights, window.pooled)
            for window in self.windows
        ]
        return replay(self.facts, self.inputs, self.metas, maps)
