"""Which maps of a frozen backbone a concept head is given, and how fine."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

STRIDE = 8  # pixels to a cell: fine enough for borders, as DeepLab has it
CELLS = 16  # fewer on the smaller side are too few to say where things are
OCTAVES = (1, 2, 4, 8)
COARSE = 16  # from this stride on, a cell sees enough for three octaves


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


@dataclass(frozen=True)
class StageChoice:
    """Maps of a backbone that a concept head is given.

    Args:
        stages: Their indexes, rising.
        channels: Channels of each.
        strides: Pixels to a cell of each.
        size_index: The stage whose size is worked at.
        pool: How many times coarser than that stage to work.
        stride: Pixels to a cell in the end.
        dilations: Rates of the shared kernel.
        reasons: Why, in a sentence each.
    """

    stages: tuple[int, ...]
    channels: tuple[int, ...]
    strides: tuple[int, ...]
    size_index: int
    pool: int
    stride: int
    dilations: tuple[int, ...]
    reasons: tuple[str, ...]


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


def choose_stages(
    found: FoundMaps, layers: Sequence[int] | None = None
) -> StageChoice:
    """Choose maps, the size to work at, and dilation rates.

    * Maps: those that the segmentor's own prediction depends on, so that
      concepts are made of what it sees.
    * Size: that of the finest of them at stride 8 or more; finer ones are
      pooled to it, coarser ones grow. If all are finer, they are pooled to
      stride 8. In images of less than 128 rows or columns, 4 stands for 8.
    * Rates: octaves, so that a thing twice as large finds its scale again;
      three from stride 16 on, else four, none above half of the smaller side.

    Args:
        found: Maps for an image of the size that the segmentor is used at.
        layers: Indexes of maps to use instead of those that are read.

    Raises:
        ValueError: If a map that was asked for, or all that are read, cannot
            be used.
    """
    stages, reasons = _pick(found, layers)
    strides = tuple(found.stride(index) for index in stages)
    size_index, pool, stride, why = _working_size(found, stages, strides)
    rows, columns = found.shapes[size_index][2:]
    cells = math.ceil(int(rows) / pool), math.ceil(int(columns) / pool)
    octaves = OCTAVES[:3] if stride >= COARSE else OCTAVES
    dilations = tuple(r for r in octaves if r == 1 or 2 * r <= min(cells))
    reasons += [
        why,
        f'Dilation rates {_listed(dilations)}: octaves, for a map of '
        f'{cells[0]} x {cells[1]} cells at stride {stride}.',
    ]
    return StageChoice(
        stages=stages,
        channels=tuple(int(found.shapes[i][1]) for i in stages),
        strides=strides,
        size_index=size_index,
        pool=pool,
        stride=stride,
        dilations=dilations,
        reasons=tuple(reasons),
    )


def _pick(
    found: FoundMaps, layers: Sequence[int] | None
) -> tuple[tuple[int, ...], list[str]]:
    """Return the indexes of usable maps, rising, and why these."""
    number = len(found.shapes)
    if layers is not None:
        if not layers or any(not 0 <= i < number for i in layers):
            raise ValueError(
                f'layers {list(layers)} are not all among the {number} maps '
                f'of the backbone, which are counted from 0: '
                f'{found.describe()}'
            )
        wanted, reason = tuple(sorted(set(layers))), 'asked for'
    else:
        wanted = found.read
        reason = "what the model's own prediction depends on"
    flaws = {i: found.flaw(i) for i in wanted}
    usable = tuple(i for i in wanted if flaws[i] is None)
    if not usable or (layers is not None and len(usable) < len(wanted)):
        said = '; '.join(f'map {i} {w}' for i, w in flaws.items() if w)
        raise ValueError(
            f'cannot use the maps of the backbone for an image of '
            f'{found.image[0]} x {found.image[1]} pixels: '
            f'{said or "the prediction depends on none"}. '
            f'Found {found.describe()}; expected maps (N,C,H,W) of the whole '
            'image: try other layers'
        )
    reasons = [f'{_named(usable)}: {reason}.']
    reasons += [f'Map {i} left out: it {w}.' for i, w in flaws.items() if w]
    return usable, reasons


def _working_size(
    found: FoundMaps, stages: Sequence[int], strides: Sequence[int]
) -> tuple[int, int, int, str]:
    """Return size_index, pool, stride, and why."""
    small = min(found.image) < STRIDE * CELLS
    least = STRIDE // 2 if small else STRIDE
    words = f'stride {least}' + ' (a small image)' * small
    coarse = [(s, i) for s, i in zip(strides, stages) if s >= least]
    if coarse:
        stride, index = min(coarse)
        return index, 1, stride, (
            f'Working stride {stride}, that of map {index}: the finest at '
            f'{words} or more.'
        )  # fmt: skip
    finer, index = max(zip(strides, stages))
    pool = max(1, round(least / finer))
    return index, pool, finer * pool, (
        f'Working stride {finer * pool}: map {index}, at stride {finer}, '
        f'pooled, since none is at {words} or more.'
    )  # fmt: skip


def _named(stages: Sequence[int]) -> str:
    return f'{"Maps" if len(stages) > 1 else "Map"} {_listed(stages)}'


def _listed(numbers: Sequence[int]) -> str:
    return ', '.join(map(str, numbers))
