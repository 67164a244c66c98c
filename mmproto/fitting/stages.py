"""Which maps of a frozen backbone a concept head is given, and how fine."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .found_maps import FoundMaps

STRIDE = 8  # pixels to a cell: fine enough for borders, as DeepLab has it
CELLS = 16  # fewer on the smaller side are too few to say where things are
OCTAVES = (1, 2, 4, 8)
COARSE = 16  # from this stride on, a cell sees enough for three octaves


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
