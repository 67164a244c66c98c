"""States that are sums over images."""

from dataclasses import fields
from typing import Any, TypeVar

State = TypeVar('State')


def add_fields(first: State, second: State) -> State:
    """Add two states of different images, field by field.

    Args:
        first: A dataclass of tensors or numbers.
        second: Another of the same kind.
    """
    kind: Any = type(first)
    names = [item.name for item in fields(kind)]
    return kind(*(getattr(first, n) + getattr(second, n) for n in names))
