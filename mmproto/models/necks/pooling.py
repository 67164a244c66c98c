"""The maps of a backbone, as few cells of them as a neck looks at."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor


class PooledMaps(tuple[Tensor | None, ...]):
    """Maps that a neck has pooled already, and does not pool again.

    They are in the order of the backbone's maps; ``None`` stands for a map
    that the neck does not read. What keeps features on the disk keeps these.
    """


def as_maps(output: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    """Return what a backbone gave as a sequence of maps.

    PIDNet, DDRNet and others give their only map (N,C,H,W) by itself.
    """
    return (output,) if isinstance(output, Tensor) else output


def pool_to(maps: Sequence[Tensor], size: tuple[int, int]) -> list[Tensor]:
    """Average the cells of maps that are finer than a size.

    Args:
        maps: Maps (N,C,H,W), each of its own channels and size.
        size: Rows and columns.

    Returns:
        Maps of at most this size; those that were, unchanged.
    """
    return [pool_map(x, size) for x in maps]


def pool_map(features: Tensor, size: tuple[int, int]) -> Tensor:
    """Average the cells of one map (N,C,H,W); see :func:`pool_to`."""
    rows, columns = features.shape[2:]
    if rows <= size[0] and columns <= size[1]:
        return features
    smaller = min(rows, size[0]), min(columns, size[1])
    return F.interpolate(features, smaller, mode='area')
