"""The way from cells to pixels, so that a page can go it again.

mmseg resizes the maps of one or several windows, averages them where they
overlap, cuts off padding, flips and resizes to the size of the file. All of it
is linear, so a page that knows the steps can draw the evidence of any class,
also with other class weights, without the network.
"""

from dataclasses import dataclass
from typing import Any

from mmproto.explanations.evidence import EvidenceMaps
from mmproto.models.facts import ModelFacts

Size = tuple[int, int]


@dataclass(frozen=True)
class Geometry:
    """How maps of cells become maps of pixels.

    Args:
        size: Rows and columns of the file.
        input_size: Rows and columns of the network's input.
        windows: Rows and columns ``y0, x0, y1, x1`` of each window in it.
        cells: Rows and columns of cells of each window.
        padding: Left, right, top and bottom.
        flip: ``'horizontal'``, ``'vertical'`` or ``None``.
        align_corners: As in ``torch.nn.functional.interpolate``.
    """

    size: Size
    input_size: Size
    windows: list[tuple[int, int, int, int]]
    cells: list[Size]
    padding: tuple[int, int, int, int]
    flip: str | None
    align_corners: bool

    def pixels_per_input(self) -> tuple[float, float]:
        """Pixels of the file for one of the input, vertical, horizontal."""
        left, right, top, bottom = self.padding
        height, width = self.input_size
        return (
            self.size[0] / (height - top - bottom),
            self.size[1] / (width - left - right),
        )

    def cell_size(self) -> tuple[float, float]:
        """Height and width of a cell in pixels of the file."""
        y0, x0, y1, x1 = self.windows[0]
        rows, columns = self.cells[0]
        down, right = self.pixels_per_input()
        return (y1 - y0) / rows * down, (x1 - x0) / columns * right

    def to_dict(self) -> dict:
        """Plain types for the page."""
        return dict(
            size=list(self.size),
            input=list(self.input_size),
            windows=[list(window) for window in self.windows],
            cells=[list(size) for size in self.cells],
            padding=list(self.padding),
            flip=self.flip,
            align_corners=self.align_corners,
            cell=list(self.cell_size()),
        )


def geometry_of(facts: ModelFacts, maps: EvidenceMaps) -> Geometry:
    """Find out which way the maps of an image took.

    Args:
        facts: Of the model.
        maps: What it said about the image.
    """
    meta = maps.meta
    padding = meta.get('img_padding_size', meta.get('padding_size', [0] * 4))
    left, right, top, bottom = (int(side) for side in padding)
    return Geometry(
        size=maps.size,
        input_size=maps.input_size,
        windows=_windows(facts.segmentor.test_cfg, maps.input_size),
        cells=[(m.shape[1], m.shape[2]) for m in maps.pooled],
        padding=(left, right, top, bottom),
        flip=meta.get('flip_direction') if meta.get('flip') else None,
        align_corners=bool(facts.head.align_corners),
    )


def _windows(test_cfg: Any, size: Size) -> list[tuple[int, int, int, int]]:
    """Windows in mmseg's order: rows of them, the last moved inside."""
    if test_cfg.get('mode', 'whole') == 'whole':
        return [(0, 0, *size)]
    rows, columns = (
        _spans(*sides)
        for sides in zip(size, test_cfg['crop_size'], test_cfg['stride'])
    )
    return [(y0, x0, y1, x1) for y0, y1 in rows for x0, x1 in columns]


def _spans(size: int, crop: int, stride: int) -> list[tuple[int, int]]:
    count = max(size - crop + stride - 1, 0) // stride + 1
    ends = [min(index * stride + crop, size) for index in range(count)]
    return [(max(end - crop, 0), end) for end in ends]
