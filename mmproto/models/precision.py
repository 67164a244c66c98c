"""Full precision for delicate terms under autocast."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor


def full_precision(tensor: Tensor) -> Tensor:
    """Half precision to float32; float32 and float64 stay what they are."""
    if tensor.dtype in (torch.float16, torch.bfloat16):
        return tensor.float()
    return tensor


def without_autocast(method: Callable[..., Any]) -> Callable[..., Any]:
    """Run a module's method on its first tensor outside autocast."""

    @wraps(method)
    def run(self: Any, tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
        with torch.autocast(tensor.device.type, enabled=False):
            return method(self, full_precision(tensor), *args, **kwargs)

    return run
