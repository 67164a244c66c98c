"""The places of public prototypes, pruned or not, among mmproto's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

ScaleRanges = Mapping[int, Sequence[int]]


@dataclass(frozen=True)
class Places:
    """Places of ``P'`` public prototypes among ``P = C*S*M``.

    mmproto sorts by class, then by scale, and keeps the places of pruned
    prototypes; the public code sorts by scale, then by class, and drops them.

    Args:
        classes: Class of each public prototype (P').
        places: Its place (P').
        number: ``P``.
    """

    classes: Tensor
    places: Tensor
    number: int

    @property
    def kept(self) -> Tensor:
        """Which places have a prototype, (P,) bool."""
        return self.spread(torch.ones_like(self.places, dtype=torch.bool))

    def spread(self, values: Tensor, dim: int = 0) -> Tensor:
        """Move ``P'`` entries along ``dim`` to their places, else 0."""
        shape = list(values.shape)
        shape[dim] = self.number
        return values.new_zeros(shape).index_copy(dim, self.places, values)


def prototype_places(
    classes: Tensor, scales: Tensor, sizes: tuple[int, int, int]
) -> Places:
    """Find the place of every prototype.

    Prototypes of one class and scale take the first of their places, whichever
    of them were pruned: the public files do not say.

    Args:
        classes: Class of each prototype (P').
        scales: Its scale (P').
        sizes: ``(C, S, M)``.

    Raises:
        ValueError: If a class has more than ``M`` at a scale.
    """
    num_classes, num_scales, size = sizes
    run = classes * num_scales + scales  # P'
    most = int(run.bincount().max())
    if most > size:
        raise ValueError(
            f'a class has {most} prototypes at a scale, more than {size}; '
            'give the number that the model was made with as '
            '--prototypes-per-class'
        )
    earlier = (run[:, None] == run).tril(-1).sum(dim=1)  # P', of the same run
    return Places(
        classes, run * size + earlier, num_classes * num_scales * size
    )


def find_classes(
    identity: Tensor | None, number: int, sizes: tuple[int, int, int]
) -> Tensor:
    """Find the class of every prototype (P').

    Args:
        identity: One-hot rows (P',C), or ``None`` where nothing was pruned.
        number: Prototypes ``P'``.
        sizes: ``(C, S, M)``.

    Raises:
        ValueError: If the rows are not one-hot, or if there are none although
            the number of prototypes shows that some were pruned.
    """
    num_classes, num_scales, size = sizes
    if identity is None:
        classes = torch.arange(num_classes).repeat_interleave(size)
        if number != num_scales * len(classes):
            raise ValueError(
                f'there are {number} prototypes, not {num_scales} scales x '
                f'{num_classes} classes x {size}: some were pruned, and '
                'prototype_class_identity has to be exported with the state '
                'dict; or --prototypes-per-class is another number'
            )
        return classes.repeat(num_scales)
    identity = torch.as_tensor(identity).float()
    rows = (number, num_classes)
    if tuple(identity.shape) != rows or not _one_hot(identity):
        raise ValueError(
            f'prototype_class_identity must have one-hot rows of shape {rows}'
            f', got shape {tuple(identity.shape)}'
        )
    return identity.argmax(dim=1)


def find_scales(
    classes: Tensor, num_scales: int, ranges: ScaleRanges | None
) -> Tensor:
    """Find the scale of every prototype (P').

    Args:
        classes: Class of each prototype (P'), ascending within a scale.
        num_scales: Scales ``S``.
        ranges: First prototype of every scale, and the one after its last.
            Without them, a scale ends where the class descends.

    Raises:
        ValueError: If the ranges do not cover the prototypes, or the classes
            do not show where scales end.
    """
    if ranges is not None:
        return _scales_of_ranges(ranges, num_scales, len(classes))
    descents = (classes.diff() < 0).cumsum(0)
    scales = torch.cat([descents.new_zeros(1), descents])
    if int(scales[-1]) != num_scales - 1:
        raise ValueError(
            f'prototypes of {num_scales} scales descend in class '
            f'{num_scales - 1} times, these {int(scales[-1])} times: this is '
            'a model of another kind, or pruning hid a border between scales,'
            ' and scale_num_prototypes has to be exported'
        )
    return scales


def _scales_of_ranges(
    ranges: ScaleRanges, num_scales: int, number: int
) -> Tensor:
    pairs = [tuple(ranges.get(s, (-1, -1))) for s in range(num_scales)]
    borders = [0, *(int(end) for _, end in pairs)]
    starts = [int(start) for start, _ in pairs]
    if starts != borders[:-1] or borders[-1] != number:
        raise ValueError(
            f'scale_num_prototypes must share {number} prototypes out among '
            f'scales 0 to {num_scales - 1}, got {dict(ranges)}'
        )
    lengths = torch.tensor(borders).diff()
    return torch.arange(num_scales).repeat_interleave(lengths)


def _one_hot(identity: Tensor) -> bool:
    ones, zeros = identity == 1, identity == 0
    return bool((ones | zeros).all() and (ones.sum(dim=1) == 1).all())
