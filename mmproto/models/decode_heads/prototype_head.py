"""Decode head that classifies pixels by the concepts they show."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from torch import Tensor, nn

from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS

from .concept_state import ConceptState
from .links import LINKS, SHARE_FLOOR, share_logits
from .non_negative_conv import NonNegativeConv2d

SCALE_POOLINGS = ('max', 'mean')


@MODELS.register_module()
class PrototypeHead(BaseDecodeHead):
    """Latents to prototypes, prototypes to concepts, concepts to classes.

    What ``forward`` returns is evidence: exactly the sum over concepts of
    class weight times activation. The link turns evidence into probabilities
    after resizing, in the loss and in :meth:`probabilities`.

    Args:
        in_channels: Channels of each input map.
        channels: Latent channels ``D``; a 1x1 convolution shared by the scales
            maps to them where they differ from ``in_channels``.
        num_classes: Classes ``C``.
        num_concepts: Concepts ``K``.
        prototypes_per_concept: Prototypes ``M`` of a concept.
        prototype_layer: Config of a prototype layer.
        scale_pooling: ``'max'`` or ``'mean'`` over scales.
        link: ``'share'``, ``'softmax'`` or ``'log1p_square'``.
        concept_losses: Configs of mmproto's losses.
        in_index: Input maps that are scales, all by default.
        **kwargs: Of mmseg's ``BaseDecodeHead``.

    Raises:
        ValueError: If an option is unknown or a number below its minimum.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        num_classes: int,
        num_concepts: int,
        prototypes_per_concept: int = 1,
        prototype_layer: dict | None = None,
        scale_pooling: str = 'max',
        link: str = 'share',
        concept_losses: Sequence[dict] = (),
        in_index: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        _check_choice('scale_pooling', scale_pooling, SCALE_POOLINGS)
        _check_choice('link', link, LINKS)
        if num_concepts < 1 or prototypes_per_concept < 1:
            raise ValueError(
                f'got num_concepts={num_concepts} and prototypes_per_concept='
                f'{prototypes_per_concept}; both must be at least 1'
            )
        kwargs.setdefault('dropout_ratio', 0)
        kwargs.setdefault('init_cfg', None)
        super().__init__(
            in_channels, channels, num_classes=num_classes, **kwargs
        )
        if self.out_channels != num_classes or self.dropout is not None:
            raise ValueError(
                'PrototypeHead gives evidence for every class and no dropout, '
                f'so that contributions add up; got out_channels='
                f'{self.out_channels} for {num_classes} classes and '
                f'dropout_ratio={self.dropout_ratio}'
            )
        self.in_index = (in_index,) if isinstance(in_index, int) else in_index
        self.num_concepts = num_concepts
        self.prototypes_per_concept = prototypes_per_concept
        self.scale_pooling = scale_pooling
        self.link = link
        self.latent = (
            nn.Identity()
            if in_channels == channels
            else nn.Conv2d(in_channels, channels, 1)
        )
        self.prototype_layer = MODELS.build(
            dict(type='mmproto.CosinePrototypes')
            | (prototype_layer or {})
            | dict(
                num_prototypes=num_concepts * prototypes_per_concept,
                channels=channels,
            )
        )
        self.conv_seg = NonNegativeConv2d(num_concepts, num_classes)
        self.concept_losses = nn.ModuleList(
            MODELS.build(cfg) for cfg in concept_losses
        )
        self.active_losses: frozenset[str] | None = None

    @property
    def class_weights(self) -> Tensor:
        """What each concept contributes to each class, (C,K), >= 0."""
        return self.conv_seg.non_negative_weight.flatten(1)

    @property
    def loss_names(self) -> tuple[str, ...]:
        """Names of all losses, those of mmseg first."""
        return tuple(
            loss.loss_name
            for loss in [*self._decode_losses, *self.concept_losses]
        )

    def set_active_losses(self, names: Iterable[str] | None) -> None:
        """Choose the losses that are computed.

        Args:
            names: Loss names, or ``None`` for all.

        Raises:
            ValueError: If the head has no loss of a name.
        """
        unknown = set(names or ()) - set(self.loss_names)
        if unknown:
            raise ValueError(
                f'unknown losses {sorted(unknown)}; this head has '
                f'{list(self.loss_names)}'
            )
        self.active_losses = None if names is None else frozenset(names)

    def stack_scales(self, inputs: Sequence[Tensor]) -> Tensor:
        """Stack ``S`` maps (N,Cin,H,W) as latents (N,S,D,H,W)."""
        if self.in_index is not None:
            inputs = [inputs[index] for index in self.in_index]
        maps = [self.latent(x).permute(0, 2, 3, 1) for x in inputs]
        return torch.stack(maps, dim=1).permute(0, 1, 4, 2, 3)

    def activations(
        self, inputs: Sequence[Tensor], per_scale: bool = False
    ) -> tuple[Tensor, ...]:
        """Everything an explanation needs.

        Args:
            inputs: The neck's ``S`` maps.
            per_scale: Whether to give the activations of every scale too.

        Returns:
            Concept activations (N,K,H,W), the scale (N,K,H,W) at which each
            is largest and, on demand, the maps of all scales (N,S,K,H,W).
        """
        pooled, maps = self.pool_concepts(self.stack_scales(inputs))
        scale = maps.max(dim=1).indices  # several times as fast as argmax
        return (pooled, scale, maps) if per_scale else (pooled, scale)

    def pool_concepts(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Activate concepts by latents (N,S,D,H,W).

        Returns:
            Activations (N,K,H,W), and those of every scale (N,S,K,H,W).
        """
        maps = self._concepts_per_scale(latents)
        pool = maps.amax if self.scale_pooling == 'max' else maps.mean
        return pool(dim=1), maps

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Evidence (N,C,H,W) for every class, at feature resolution."""
        pooled, _ = self.pool_concepts(self.stack_scales(inputs))
        return self.cls_seg(pooled)

    @in_full_precision
    def probabilities(self, evidence: Tensor) -> Tensor:
        """Turn evidence (N,C,H,W) into class probabilities by the link."""
        return LINKS[self.link](evidence).softmax(dim=1)

    def loss(
        self,
        inputs: Sequence[Tensor],
        batch_data_samples: list,
        train_cfg: dict,
    ) -> dict[str, Tensor]:
        """Compute the losses that count in this phase, by name."""
        latents = self.stack_scales(inputs)
        pooled, maps = self.pool_concepts(latents)
        losses = {}
        if any(self._counts(loss) for loss in self._decode_losses):
            evidence = self.cls_seg(pooled)
            losses.update(self.loss_by_feat(evidence, batch_data_samples))
            for loss in self._decode_losses:
                if not self._counts(loss):
                    losses.pop(loss.loss_name)
        state = ConceptState(self, latents, maps, pooled, batch_data_samples)
        concept_losses: list[Any] = [*self.concept_losses]
        for loss in filter(self._counts, concept_losses):
            arguments = {name: getattr(state, name) for name in loss.inputs}
            losses[loss.loss_name] = loss(**arguments)
        return losses

    def loss_by_feat(
        self, seg_logits: Tensor, batch_data_samples: list
    ) -> dict[str, Tensor]:
        """Apply mmseg's losses to the link of the resized evidence."""
        size = batch_data_samples[0].gt_sem_seg.data.shape[-2:]
        evidence = resize(
            seg_logits,
            size=size,
            mode='bilinear',
            align_corners=self.align_corners,
        )
        logits = self._loss_logits(evidence)
        return super().loss_by_feat(logits, batch_data_samples)

    @in_full_precision
    def _loss_logits(self, evidence: Tensor) -> Tensor:
        if self.link == 'share':
            return share_logits(evidence, SHARE_FLOOR)
        return LINKS[self.link](evidence)

    def _concepts_per_scale(self, latents: Tensor) -> Tensor:
        """Sum the prototypes of each concept: (N,S,D,H,W) to (N,S,K,H,W)."""
        prototypes = self.prototype_layer(latents)  # N,S,P,H,W
        if self.prototypes_per_concept == 1:
            return prototypes
        split = (self.num_concepts, self.prototypes_per_concept)
        return prototypes.unflatten(2, split).sum(dim=3)  # N,S,K,M,H,W

    @property
    def _decode_losses(self) -> list[Any]:
        if isinstance(self.loss_decode, nn.ModuleList):
            return list(self.loss_decode)
        return [self.loss_decode]

    def _counts(self, loss: Any) -> bool:
        active = self.active_losses
        return bool(
            loss.loss_weight != 0
            and (active is None or loss.loss_name in active)
        )


def _check_choice(name: str, value: str, choices: Iterable[str]) -> None:
    if value not in choices:
        raise ValueError(
            f'{name} must be one of {tuple(choices)}, got {value!r}'
        )
