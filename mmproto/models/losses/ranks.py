"""Sums and means over all ranks that keep the gradient of one big batch.

DistributedDataParallel averages gradients over the ranks. A loss that is not
a plain mean over images therefore differs from the loss of one process with
the whole batch, unless it is written with one of these.
"""

from mmengine.dist import all_reduce, get_world_size
from torch import Tensor


def sum_over_ranks(value: Tensor) -> Tensor:
    """Sum a tensor over the ranks.

    Args:
        value: Part of this rank, any shape.

    Returns:
        The sum, the same on every rank. Its gradient with respect to the
        part of this rank is multiplied by the number of ranks, which is what
        the averaging of gradients divides by.
    """
    world = get_world_size()
    if world == 1:
        return value
    total = value.detach().clone()
    all_reduce(total)
    return total + world * (value - value.detach())


def mean_over_ranks(total: Tensor, count: Tensor) -> Tensor:
    """Mean of terms that are spread unevenly over the ranks.

    Args:
        total: Sum of the terms of this rank, scalar.
        count: Number of terms of this rank, scalar.

    Returns:
        A scalar whose average over the ranks is the mean of all terms, and
        0 if there is no term anywhere.
    """
    everywhere = count.clone()
    all_reduce(everywhere)
    return total * get_world_size() / everywhere.clamp(min=1)
