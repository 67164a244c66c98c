"""Whether contributions add up to the evidence that decides."""

from dataclasses import dataclass, field
from functools import reduce

import torch
from torch import Tensor

from .states import KEPT, LARGEST, merge_states

# Share of the largest evidence. Sums of a few hundred float32 are this exact;
# what is smaller is rounding, not evidence that the concepts leave out.
ROUNDING = 1e-5
_ROWS = 64  # rows of a map compared at once, which bounds the memory


@dataclass
class Completeness:
    """Errors of the sum of contributions, summed over places.

    Args:
        error: Sum of absolute errors over places and classes, float64.
        worst: Largest absolute error, float64.
        largest: Sum over places of the largest evidence for or against a
            class, float64.
        changed: Places whose arg-max is another one, int64.
        places: Number of places, int64.
        classes: Number of classes.
    """

    error: Tensor
    worst: Tensor = field(metadata=LARGEST)
    largest: Tensor
    changed: Tensor
    places: Tensor
    classes: int = field(metadata=KEPT)


def measure_completeness(evidence: Tensor, explained: Tensor) -> Completeness:
    """Compare evidence with the sum of contributions.

    Args:
        evidence: What decides (C,h,w).
        explained: Sum of the contributions of all concepts (C,h,w).
    """
    rows = zip(evidence.split(_ROWS, dim=1), explained.split(_ROWS, dim=1))
    return reduce(
        merge_states, (_measure_rows(e.float(), s.float()) for e, s in rows)
    )


def completeness_errors(state: Completeness | None) -> dict[str, float | None]:
    """Compute the errors of the sum of contributions.

    Args:
        state: Sums over places; ``None`` without any.

    Returns:
        ``error_mean`` and ``error_max`` over places and classes, in units of
        the mean largest evidence for or against a class (``None`` without any
        evidence), and ``changed``, the share of places that the contributions
        would give to another class.
    """
    if state is None:
        return dict(error_mean=None, error_max=None, changed=None)
    places = int(state.places)
    unit = float(state.largest) / places
    error = float(state.error) / (places * state.classes)
    return dict(
        error_mean=error / unit if unit > 0 else None,
        error_max=float(state.worst) / unit if unit > 0 else None,
        changed=int(state.changed) / places,
    )


def _measure_rows(evidence: Tensor, explained: Tensor) -> Completeness:
    error = (evidence - explained).abs_()
    largest = evidence.amax(dim=0)  # h,w
    # Two classes can swap only where both errors together exceed rounding.
    changed = 2 * error.amax(dim=0) > ROUNDING * largest.abs()
    if changed.any():
        predicted = evidence.max(dim=0, keepdim=True).indices
        behind = explained.amax(0) - explained.gather(0, predicted)[0]
        changed = behind > ROUNDING * largest.abs()
    return Completeness(
        error=error.sum().double().cpu(),
        worst=error.max().double().cpu(),
        largest=evidence.abs().amax(dim=0).sum().double().cpu(),
        changed=changed.sum().cpu(),
        places=torch.tensor(largest.numel()),
        classes=len(evidence),
    )
