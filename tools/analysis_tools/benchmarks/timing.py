"""Interleaved timing, so that all candidates see the same load."""

import statistics
import time
from collections.abc import Callable, Mapping

import torch


def interleaved_medians(
    candidates: Mapping[str, Callable[[], object]],
    repeats: int,
    warm_up: int = 2,
) -> dict[str, float]:
    """Median seconds of each candidate, called in turn.

    Args:
        candidates: Functions by name.
        repeats: Calls of each that count.
        warm_up: Calls of each before, which do not.
    """
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(warm_up + repeats):
        for name, call in candidates.items():
            elapsed = _seconds(call)
            if turn >= warm_up:
                seconds[name].append(elapsed)
    return {name: statistics.median(s) for name, s in seconds.items()}


def _seconds(call: Callable[[], object]) -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start
