"""Decode head that classifies pixels by the concepts they show."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from torch import Tensor, nn

from mmproto.models.precision import in_full_precision
from mmproto.registry import MODELS

from .class_specific_conv import ClassSpecificConv2d
from .concept_state import ConceptState
from .links import LINKS, SHARPNESS, loss_logits
from .loss_choice import LossChoice
from .non_negative_conv import NonNegativeConv2d
from .simplex_groups import build_groups, count_prototypes

SCALE_POOLINGS = ('max', 'mean')


@MODELS.register_module()
class PrototypeHead(LossChoice, BaseDecodeHead):
    """Classify pixels by concepts, and concepts by their prototypes.

    What ``forward`` returns is evidence: exactly the sum over concepts of
    class weight times activation. The link turns evidence into probabilities
    after resizing, in the loss and in :meth:`probabilities`.

    Args:
        in_channels: Channels of each input map.
        channels: Latent channels ``D``. Where they differ from
            ``in_channels``, a 1x1 convolution maps to them, the same one at
            every scale.
        num_classes: Classes ``C``.
        num_concepts: Concepts ``K``.
        prototypes_per_concept: Prototypes ``M`` of a concept.
        prototype_layer: Config of a prototype layer.
        scale_pooling: ``'max'`` or ``'mean'`` over scales.
        link: ``'share'``, ``'softmax'`` or ``'log1p_square'``.
        sharpness: Exponent of the evidence in the link: ``o^s``, ``exp(o)^s``
            or ``1 + o^s``, normalised over classes; by default 1, 1 and 2.
        classifier: Config of ``conv_seg``, ``mmproto.NonNegativeConv2d`` by
            default; ``mmproto.ClassSpecificConv2d`` has signed weights and
            needs the link ``'softmax'``.
        concept_pooling: Config of what makes concepts of the prototypes, for
            example ``mmproto.SimplexGroups``; by default those of a concept,
            ``M`` in a row, are summed.
        inference_cut: Activation below which a concept counts as absent in
            evaluation; a pixel without any evidence abstains.
        concept_losses: Configs of mmproto's losses.
        in_index: Input maps to use as scales, all by default.
        **kwargs: Passed to mmseg's ``BaseDecodeHead``.

    Raises:
        ValueError: If an option is unknown or a number out of its range.
    """

    # nn.Module would have them typed as any tensor or module
    conv_seg: Any
    concept_pooling: Any

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
        sharpness: float | None = None,
        classifier: dict | None = None,
        concept_pooling: dict | None = None,
        inference_cut: float = 0.0,
        concept_losses: Sequence[dict] = (),
        in_index: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        _check_choice('scale_pooling', scale_pooling, SCALE_POOLINGS)
        _check_choice('link', link, LINKS)
        _check_numbers(num_concepts, prototypes_per_concept)
        _check_ranges(inference_cut, sharpness)
        kwargs.setdefault('dropout_ratio', 0)
        kwargs.setdefault('init_cfg', None)
        super().__init__(
            in_channels, channels, num_classes=num_classes, **kwargs
        )
        self.in_index = (in_index,) if isinstance(in_index, int) else in_index
        self.num_concepts = num_concepts
        self.prototypes_per_concept = prototypes_per_concept
        self.scale_pooling = scale_pooling
        self.link = link
        self._sharpness = sharpness
        self.latent = (
            nn.Identity()
            if in_channels == channels
            else nn.Conv2d(in_channels, channels, 1)
        )
        self.prototype_layer = _build(
            'mmproto.CosinePrototypes',
            prototype_layer,
            num_prototypes=count_prototypes(
                concept_pooling, num_concepts, prototypes_per_concept
            ),
            channels=channels,
        )
        self.conv_seg = _build(
            'mmproto.NonNegativeConv2d',
            classifier,
            in_channels=num_concepts,
            out_channels=num_classes,
        )
        self._check_additive()
        self.concept_pooling = build_groups(
            concept_pooling, num_classes, num_concepts, prototypes_per_concept
        )
        if isinstance(self.conv_seg, ClassSpecificConv2d) and concept_pooling:
            self.concept_pooling.check_classifier(self.conv_seg.owners)
        self.inference_cut = inference_cut
        self.concept_losses = nn.ModuleList(
            MODELS.build(cfg) for cfg in concept_losses
        )
        self.active_losses = None

    @property
    def sharpness(self) -> float:
        """Exponent of the evidence in the link."""
        if self._sharpness is None:
            return SHARPNESS[self.link]
        return self._sharpness

    @property
    def class_weights(self) -> Tensor:
        """Classifier weights (C,K): what a concept counts for each class.

        They are at least 0, except in a signed classifier.
        """
        return self.conv_seg.weight_in_force.flatten(1)

    @property
    def prototype_concepts(self) -> Tensor:
        """Concept (P,) to which each prototype, wholly or mostly, belongs."""
        if self.concept_pooling is not None:
            return self.concept_pooling.owners
        number = self.prototype_layer.num_prototypes
        prototypes = torch.arange(number, device=self.conv_seg.weight.device)
        return prototypes // self.prototypes_per_concept

    @property
    def prototype_classes(self) -> Tensor:
        """Class (P,) of each prototype, which is that of its concept."""
        return self.conv_seg.owners[self.prototype_concepts]

    def stack_scales(self, inputs: Sequence[Tensor]) -> Tensor:
        """Stack ``S`` maps (N,Cin,H,W) as latents (N,S,D,H,W)."""
        if self.in_index is not None:
            inputs = [inputs[index] for index in self.in_index]
        maps = [self.latent(x).permute(0, 2, 3, 1) for x in inputs]
        return torch.stack(maps, dim=1).permute(0, 1, 4, 2, 3)

    def activations(
        self, inputs: Sequence[Tensor], per_scale: bool = False
    ) -> tuple[Tensor, ...]:
        """Compute everything an explanation needs.

        Args:
            inputs: The neck's ``S`` maps.
            per_scale: Whether to return the activations of every scale too.

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
            Activations (N,K,H,W), and those at every scale (N,S,K,H,W); for
            groups, what each scale adds to their exponent.
        """
        prototypes = self.prototype_layer(latents)  # N,S,P,H,W
        if self.concept_pooling is None:
            maps = self._sum_prototypes(prototypes)
            pooled = self._pool_scales(maps)
        else:
            maps = self.concept_pooling.exponents(prototypes)
            pooled = self.concept_pooling(self._pool_scales(prototypes))
        if self.inference_cut and not self.training:
            pooled = pooled.where(pooled >= self.inference_cut, 0)
        return pooled, maps

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return evidence (N,C,H,W) for every class, before resizing."""
        pooled, _ = self.pool_concepts(self.stack_scales(inputs))
        return self.cls_seg(pooled)

    @in_full_precision
    def probabilities(self, evidence: Tensor) -> Tensor:
        """Turn evidence (N,C,H,W) into class probabilities by the link."""
        return LINKS[self.link](evidence, self.sharpness).softmax(dim=1)

    def loss(
        self,
        inputs: Sequence[Tensor],
        batch_data_samples: list,
        train_cfg: dict,
    ) -> dict[str, Tensor]:
        """Compute the losses that count in this phase, by name.

        Args:
            inputs: The neck's ``S`` maps (N,Cin,H,W).
            batch_data_samples: mmseg's samples, with label maps.
            train_cfg: Of mmseg's heads; not used.
        """
        latents = self.stack_scales(inputs)
        pooled, maps = self.pool_concepts(latents)
        losses = {}
        if any(self._counts(loss) for loss in self._decode_losses):
            evidence = self.cls_seg(pooled)
            losses.update(self.loss_by_feat(evidence, batch_data_samples))
            for loss in self._decode_losses:
                if not self._counts(loss):
                    losses.pop(loss.loss_name)
        state = ConceptState(
            prototype_layer=self.prototype_layer,
            concept_pooling=self.concept_pooling,
            prototype_classes=self.prototype_classes,
            class_weights=self.class_weights,
            latents=latents,
            per_scale=maps,
            activations=pooled,
            data_samples=batch_data_samples,
        )
        return losses | self._concept_loss_values(state)

    def loss_by_feat(
        self, seg_logits: Tensor, batch_data_samples: list
    ) -> dict[str, Tensor]:
        """Apply mmseg's losses to the link of resized evidence (N,C,H,W)."""
        size = batch_data_samples[0].gt_sem_seg.data.shape[-2:]
        evidence = resize(
            seg_logits,
            size=size,
            mode='bilinear',
            align_corners=self.align_corners,
        )
        logits = loss_logits(self.link, evidence, self.sharpness)
        return super().loss_by_feat(logits, batch_data_samples)

    def _sum_prototypes(self, prototypes: Tensor) -> Tensor:
        """Sum the prototypes of a concept: (N,S,P,H,W) to (N,S,K,H,W)."""
        if self.prototypes_per_concept == 1:
            return prototypes
        split = (self.num_concepts, self.prototypes_per_concept)
        return prototypes.unflatten(2, split).sum(dim=3)  # N,S,K,M,H,W

    def _pool_scales(self, maps: Tensor) -> Tensor:
        """Pool (N,S,...,H,W) over the scales."""
        pool = maps.amax if self.scale_pooling == 'max' else maps.mean
        return pool(dim=1)

    def _check_additive(self) -> None:
        if self.out_channels != self.num_classes or self.dropout is not None:
            raise ValueError(
                'PrototypeHead gives evidence for every class and no dropout, '
                f'so that contributions add up; got out_channels='
                f'{self.out_channels} for {self.num_classes} classes and '
                f'dropout_ratio={self.dropout_ratio}'
            )
        signed = not isinstance(self.conv_seg, NonNegativeConv2d)
        if signed and self.link != 'softmax':
            raise ValueError(
                f'link {self.link!r} needs evidence of at least 0, but '
                f'{type(self.conv_seg).__name__} may have negative weights; '
                "use link='softmax'"
            )


def _build(default: str, config: dict | None, **sizes: int) -> Any:
    """Build a part of the head, whose sizes follow from those of the head."""
    return MODELS.build(dict(type=default) | (config or {}) | sizes)


def _check_numbers(num_concepts: int, prototypes_per_concept: int) -> None:
    if num_concepts < 1 or prototypes_per_concept < 1:
        raise ValueError(
            f'got num_concepts={num_concepts} and prototypes_per_concept='
            f'{prototypes_per_concept}; both must be at least 1'
        )


def _check_ranges(inference_cut: float, sharpness: float | None) -> None:
    if inference_cut < 0:
        raise ValueError(
            f'inference_cut must be at least 0, got {inference_cut}'
        )
    if sharpness is not None and not 0 < sharpness < math.inf:
        raise ValueError(
            f'sharpness must be a finite number above 0, got {sharpness}'
        )


def _check_choice(name: str, value: str, choices: Iterable[str]) -> None:
    if value not in choices:
        raise ValueError(
            f'{name} must be one of {tuple(choices)}, got {value!r}'
        )
