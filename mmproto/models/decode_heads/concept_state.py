"""What one training step of the head offers to the concept losses."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmproto.models.prototype_layers import (
    CosinePrototypes,
    DistancePrototypes,
    PrototypeLayer,
)

from .view_pairs import ViewPair, pair_views


@dataclass
class ConceptState:
    """Offer the quantities of one step by name.

    Those that are no field are computed when first asked for.

    Args:
        prototype_layer: Prototype layer of the head.
        concept_pooling: Its groups, if it has any.
        prototype_classes: Class (P,) of each prototype.
        class_weights: Classifier weights (C,K) in force.
        latents: Latents (N,S,D,H,W).
        per_scale: Concept activations at every scale (N,S,K,H,W).
        activations: Concept activations (N,K,H,W), pooled over scales.
        data_samples: mmseg's samples, with label maps.
    """

    prototype_layer: PrototypeLayer
    concept_pooling: Any
    prototype_classes: Tensor
    class_weights: Tensor
    latents: Tensor
    per_scale: Tensor
    activations: Tensor
    data_samples: list

    @cached_property
    def labels(self) -> Tensor:
        """Label maps at feature resolution (N,H,W), nearest neighbour."""
        return labels_at_size(self.data_samples, self.activations.shape[-2:])

    @cached_property
    def class_identity(self) -> Tensor:
        """Class of each prototype, (P,C) bool; none for those pruned."""
        own = F.one_hot(self.prototype_classes, len(self.class_weights))
        return own.bool() & self._kept[:, None]

    @cached_property
    def prototype_scales(self) -> Tensor:
        """Scale (P,) that each prototype is bound to, 0 where to none."""
        layer = self.prototype_layer
        if not isinstance(layer, DistancePrototypes):
            return torch.zeros_like(self.prototype_classes)
        return layer.compared(self.latents.shape[1]).int().argmax(dim=0)

    @cached_property
    def group_weights(self) -> list[Tensor]:
        """Weights that make concepts of the prototypes of each class.

        One matrix (G,P_c) for each class, of the prototypes that are left;
        without groups, how each class spreads its weight over concepts,
        (1,K_c) each.
        """
        if self.concept_pooling is not None:
            weights = self.concept_pooling.group_weights
            kept = self._kept.split([own.shape[1] for own in weights])
            pairs = zip(weights, kept)
            return [own[:, left] for own, left in pairs if left.any()]
        used = [row[row > 0] for row in self.class_weights]
        return [(row / row.sum())[None] for row in used if len(row)]

    @property
    def _kept(self) -> Tensor:
        """Prototypes (P,) that were not pruned, bool."""
        everyone = torch.ones_like(self.prototype_classes, dtype=torch.bool)
        return getattr(self.prototype_layer, 'kept', everyone)

    @cached_property
    def distances(self) -> Tensor:
        """Squared distance to each prototype, smallest over scales (N,P,H,W).

        Raises:
            ValueError: If the prototype layer measures no distance.
        """
        layer = self._layer(DistancePrototypes, 'distances')
        return layer.distances(self.latents).amin(dim=1)

    @cached_property
    def nearest(self) -> Tensor:
        """Cosine to the nearest prototype, of the nearest scale (N,H,W).

        Raises:
            ValueError: If the prototype layer measures no cosine.
        """
        layer = self._layer(CosinePrototypes, 'cosines')
        return layer.similarity(self.latents).amax(dim=(1, 2))

    def _layer(self, kind: type[PrototypeLayer], measured: str) -> Any:
        """Return the prototype layer if it is of a kind."""
        if not isinstance(self.prototype_layer, kind):
            raise ValueError(
                f'a concept loss needs {measured}, which only '
                f'mmproto.{kind.__name__} measures; the head has '
                f'{type(self.prototype_layer).__name__}'
            )
        return self.prototype_layer

    @cached_property
    def _views(self) -> ViewPair:
        metas = [sample.metainfo for sample in self.data_samples]
        return pair_views(self.per_scale, metas)

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
    """Resize the label maps of a batch to the nearest neighbour.

    Args:
        data_samples: mmseg's samples, with label maps of one size.
        size: Rows and columns ``H, W``.

    Returns:
        Labels (N,H,W), int64.
    """
    full = torch.stack([sample.gt_sem_seg.data for sample in data_samples])
    return F.interpolate(full.float(), size).squeeze(1).long()
