"""How the states of metrics are joined."""

from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch import Tensor

# metadata of fields that are not added up
KEPT = dict(merge=lambda first, second: first)  # the same in every state
LARGEST = dict(merge=torch.maximum)
ZERO = torch.tensor(0)  # an empty sum of any shape; never change it


def merge_states(first: Any, second: Any) -> Any:
    """Join the states of different images.

    Tensors and numbers are added, lists concatenated, and dataclasses merged
    field by field, unless the metadata of a field is ``KEPT`` or ``LARGEST``;
    ``None`` is an empty state.

    Args:
        first: A dataclass, tensor, number or list.
        second: Another of the same kind; neither is changed.
    """
    if first is None or second is None:
        return second if first is None else first
    if not is_dataclass(first):
        return first + second
    joined = {
        item.name: item.metadata.get('merge', merge_states)(
            getattr(first, item.name), getattr(second, item.name)
        )
        for item in fields(first)
    }
    kind: Any = type(first)
    return kind(**joined)


def share(count: Tensor, total: Tensor) -> Tensor:
    """Divide in float64; a share of nothing is 0."""
    divisor = torch.where(total > 0, total, 1).double()
    return torch.where(total > 0, count.double() / divisor, 0.0)
