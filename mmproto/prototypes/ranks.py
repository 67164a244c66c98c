"""Work that all ranks do together, and that fails on all or on none."""

from collections.abc import Callable
from typing import TypeVar

from mmengine.dist import all_gather_object, is_distributed

T = TypeVar('T')


def on_all_ranks(title: str, act: Callable[[], T]) -> list[T]:
    """Act on every rank; an error on one stops all, so that none waits.

    Args:
        title: What is done, for the message on the other ranks.
        act: The share of this rank.

    Returns:
        What it returned on each rank.

    Raises:
        RuntimeError: If it failed on another rank; says on which, and why.
    """
    if not is_distributed():
        return [act()]
    try:
        share = act()
    except Exception as error:
        all_gather_object((f'{type(error).__name__}: {error}', None))
        raise
    shares = all_gather_object(('', share))
    for rank, (failure, _) in enumerate(shares):
        if failure:
            raise RuntimeError(f'{title} failed on rank {rank}: {failure}')
    return [share for _, share in shares]
