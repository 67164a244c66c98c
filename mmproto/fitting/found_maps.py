"""The maps of a segmentor's backbone, and which of them its heads read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class FoundMaps:
    """What a segmentor makes of an image: maps, and which of them it uses.

    Args:
        image: Rows and columns of the image.
        shapes: Shape (N,C,H,W) of each map; words for what is no tensor.
        read: Indexes of the maps on which the prediction depends.
    """

    image: tuple[int, int]
    shapes: tuple[Any, ...]
    read: tuple[int, ...]

    def stride(self, index: int) -> int:
        """Return how many pixels of the image a cell of a map spans."""
        shape = self.shapes[index]
        ratio = max(s / c for s, c in zip(self.image, shape[2:]))
        power = 2 ** round(math.log2(ratio))
        # 360 rows are 12 cells at stride 32, but 14 pixels are a patch of 14
        return power if abs(ratio / power - 1) < 0.1 else round(ratio)

    def flaw(self, index: int) -> str | None:
        """Say why a map cannot be used; ``None`` if it can."""
        shape = self.shapes[index]
        if isinstance(shape, str) or len(shape) != 4:
            return 'is not a map (N,C,H,W)'
        if min(shape[2:]) < 2:
            return 'has a single row or column of cells'
        rows, columns = shape[2:]
        expected = rows * self.image[1] / self.image[0]
        if abs(columns - expected) > 2 + 0.1 * expected:
            return 'has other proportions than the image'
        return None

    def describe(self) -> str:
        """List all shapes, as the backbone gives them."""
        return ', '.join(
            shape if isinstance(shape, str) else str(tuple(shape))
            for shape in self.shapes
        )


def find_maps(segmentor: Any, image: Tensor) -> FoundMaps:
    """Run a segmentor once, and observe what its heads look at.

    A map counts as read if the prediction depends on it, by autograd: that
    holds for all kinds of heads, in cascades and with skips. Auxiliary heads
    do not predict, and do not count.

    Args:
        segmentor: Of mmseg, in evaluation mode. Its neck counts as a part of
            the backbone.
        image: Input of the network (1,3,h,w), normalised.

    Raises:
        ValueError: If the backbone gives neither a map nor a list of them.
    """
    source = segmentor.neck if segmentor.with_neck else segmentor.backbone
    found: list[Any] = []

    def watch(_: Any, __: Any, output: Any) -> Any:
        """Hand on copies, of which gradients can be taken."""
        if isinstance(output, Mapping):
            raise ValueError(
                f'{type(source).__name__} gives a dict with '
                f'{", ".join(map(str, output))}; expected a list of maps '
                '(N,C,H,W)'
            )
        single = isinstance(output, Tensor)
        maps = [_leaf(each) for each in ([output] if single else output)]
        found[:] = maps
        torch.set_grad_enabled(True)  # from here on, until the run ends
        # heads may change their input in place, which a leaf does not allow
        copies = [x.clone() if isinstance(x, Tensor) else x for x in maps]
        return copies[0] if single else type(output)(copies)

    size = torch.Size(image.shape[2:])
    meta = dict(ori_shape=size, img_shape=size, pad_shape=size)
    handle = source.register_forward_hook(watch)
    try:
        with torch.no_grad():
            logits = segmentor.encode_decode(
                image, [meta | dict(padding_size=[0, 0, 0, 0])]
            )
    finally:
        handle.remove()
    return FoundMaps(
        image=(size[0], size[1]),
        shapes=tuple(map(_shape, found)),
        read=_read(logits, found),
    )


def _leaf(output: Any) -> Any:
    if isinstance(output, Tensor) and output.is_floating_point():
        return output.detach().requires_grad_()
    return output


def _shape(output: Any) -> tuple[int, ...] | str:
    if isinstance(output, Tensor):
        return tuple(output.shape)
    if isinstance(output, (list, tuple)):
        inner = ', '.join(str(_shape(each)) for each in output)
        return f'[{inner}]'
    return type(output).__name__


def _read(logits: Tensor, maps: Sequence[Any]) -> tuple[int, ...]:
    """Return the indexes of the maps on which the logits depend."""
    leaves = {
        index: each
        for index, each in enumerate(maps)
        if isinstance(each, Tensor) and each.requires_grad
    }
    if not leaves or not logits.requires_grad:
        return tuple(range(len(maps)))  # not to be observed: all of them
    gradients = torch.autograd.grad(
        logits.sum(), list(leaves.values()), allow_unused=True
    )
    return tuple(
        index
        for index, gradient in zip(leaves, gradients)
        if gradient is not None
    )
