"""Full precision for delicate terms under automatic mixed precision."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor

Params = ParamSpec('Params')
Result = TypeVar('Result')


def full_precision(tensor: Tensor) -> Tensor:
    """Turn half precision into float32; leave float32 and float64 alone."""
    if tensor.dtype in (torch.float16, torch.bfloat16):
        return tensor.float()
    return tensor


def in_full_precision(
    function: Callable[Params, Result],
) -> Callable[Params, Result]:
    """Run a function or method outside autocast, in float32 or better.

    Half-precision tensors, also in lists, become float32; float64 stays.
    Logarithms, sums over pixels and normalisations lose too much otherwise.

    Args:
        function: Any function of tensors or lists of tensors.

    Returns:
        The same function in full precision.
    """

    @wraps(function)
    def run(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        """Run without autocast."""
        tensors = list(_tensors([*args, *kwargs.values()]))
        device = tensors[0].device.type if tensors else 'cpu'
        with torch.autocast(device, enabled=False):
            return function(
                *[_promote(value) for value in args],  # type: ignore[arg-type]
                **{name: _promote(value) for name, value in kwargs.items()},
            )

    return run


def _promote(value: Any) -> Any:
    if isinstance(value, Tensor):
        return full_precision(value)
    if isinstance(value, list | tuple):
        return type(value)(_promote(item) for item in value)
    return value


def _tensors(values: list | tuple) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)
