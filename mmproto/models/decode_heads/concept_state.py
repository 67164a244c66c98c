"""What one training step of the head offers to the concept losses."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from mmproto.models.prototype_layers import (
    CosinePrototypes,
    DistancePrototypes,
)

from .view_pairs import ViewPair, pair_views

if TYPE_CHECKING:
    from .prototype_head import PrototypeHead


class ConceptState:
    """Quantities of one step by name, each computed when first asked for.

    Args:
        head: The head that took the step.
        latents: Its latents (N,S,D,H,W).
        per_scale: Concept activations of every scale (N,S,K,H,W).
        activations: Concept activations (N,K,H,W), scales pooled.
        data_samples: mmseg's samples, with label maps.
    """

    def __init__(
        self,
        head: 'PrototypeHead',
        latents: Tensor,
        per_scale: Tensor,
        activations: Tensor,
        data_samples: list,
    ) -> None:
        self._head = head
        self._latents = latents
        self._samples = data_samples
        self.per_scale = per_scale
        self.activations = activations

    @cached_property
    def labels(self) -> Tensor:
        """Label maps at feature resolution (N,H,W), nearest neighbour."""
        return labels_at_size(self._samples, self.activations.shape[-2:])

    @cached_property
    def class_weights(self) -> Tensor:
        """Non-negative classifier (C,K) in force."""
        return self._head.class_weights

    @cached_property
    def class_identity(self) -> Tensor:
        """Class of each prototype, (P,C) bool; none for those pruned."""
        classes = self._head.num_classes
        own = F.one_hot(self._head.prototype_classes, classes).bool()  # P,C
        return own & self._kept[:, None]

    @cached_property
    def prototype_scales(self) -> Tensor:
        """Scale (P,) that each prototype is bound to, 0 where to none."""
        layer = self._head.prototype_layer
        if not isinstance(layer, DistancePrototypes):
            return torch.zeros_like(self._head.prototype_classes)
        return layer.compared(self._latents.shape[1]).int().argmax(dim=0)

    @cached_property
    def group_weights(self) -> list[Tensor]:
        """Weights that make concepts of the prototypes of each class.

        (G,P_c) each, of the prototypes that are left; without groups, how
        each class spreads its weight over concepts, (1,K_c) each.
        """
        groups = self._head.concept_pooling
        if groups is not None:
            kept = self._kept.view(self._head.num_classes, -1)  # C,P_c
            weights = zip(groups.group_weights, kept)
            return [own[:, left] for own, left in weights if left.any()]
        used = [row[row > 0] for row in self.class_weights]
        return [(row / row.sum())[None] for row in used if len(row)]

    @property
    def _kept(self) -> Tensor:
        """Prototypes (P,) that were not pruned, bool."""
        classes = self._head.prototype_classes
        layer = self._head.prototype_layer
        everyone = torch.ones_like(classes, dtype=torch.bool)
        return getattr(layer, 'kept', everyone)

    @cached_property
    def distances(self) -> Tensor:
        """Squared distance to each prototype, smallest over scales (N,P,H,W).

        Raises:
            ValueError: If the prototype layer measures no distance.
        """
        layer = self._head.prototype_layer
        if not isinstance(layer, DistancePrototypes):
            raise ValueError(
                'a concept loss needs distances, which only '
                'mmproto.DistancePrototypes measures; the head has '
                f'{type(layer).__name__}'
            )
        return layer.distances(self._latents).amin(dim=1)

    @cached_property
    def nearest(self) -> Tensor:
        """Cosine to the nearest prototype, of the nearest scale (N,H,W).

        Raises:
            ValueError: If the prototype layer measures no cosine.
        """
        layer = self._head.prototype_layer
        if not isinstance(layer, CosinePrototypes):
            raise ValueError(
                'a concept loss needs cosines, which only '
                'mmproto.CosinePrototypes measures; the head has '
                f'{type(layer).__name__}'
            )
        return layer.similarity(self._latents).amax(dim=(1, 2))

    @cached_property
    def _views(self) -> ViewPair:
        return pair_views(self.per_scale, [s.metainfo for s in self._samples])

    @property
    def first_view(self) -> Tensor:
        """Per-scale activations (B,S,K,h,w) of the first view."""
        return self._views.first

    @property
    def second_view(self) -> Tensor:
        """Per-scale activations (B,S,K,h,w) of the second, same places."""
        return self._views.second

    @property
    def in_views(self) -> Tensor:
        """Cells (B,h,w) of the views that are not padding, bool."""
        return self._views.shown


def labels_at_size(data_samples: list, size: Sequence[int]) -> Tensor:
    """Label maps of a batch at another resolution, nearest neighbour.

    Args:
        data_samples: mmseg's samples, with label maps of one size.
        size: Rows and columns ``H, W``.

    Returns:
        Labels (N,H,W), int64.
    """
    full = torch.stack([sample.gt_sem_seg.data for sample in data_samples])
    return F.interpolate(full.float(), size).squeeze(1).long()
