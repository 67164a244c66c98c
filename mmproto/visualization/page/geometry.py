"""The way from cells to pixels, so that a page can follow it.

mmseg resizes the maps of one or several windows, averages them where they
overlap, cuts off padding, flips and resizes to the size of the file. All of
this is linear, so a page that knows the steps can draw the evidence of any
class without the network, also with other class weights.
"""

from typing import Any

from mmproto.explanations.evidence import EvidenceMaps
from mmproto.models.facts import ModelFacts

Size = tuple[int, int]


def geometry_of(facts: ModelFacts, maps: EvidenceMaps) -> dict:
    """Describe how maps of cells become maps of pixels, in plain types.

    Args:
        facts: The model.
        maps: Its maps of the image.

    Returns:
        ``size`` of the file and of the network's ``input`` (rows and
        columns), ``windows`` in the input (``y0, x0, y1, x1``) and the
        ``cells`` of each (rows and columns), ``padding`` (left, right, top,
        bottom), ``flip`` (``'horizontal'``, ``'vertical'`` or ``None``),
        ``align_corners``, and the size of a ``cell`` (height and width) in
        pixels of the file.
    """
    meta = maps.meta
    padding = meta.get('img_padding_size', meta.get('padding_size', [0] * 4))
    geometry: dict = dict(
        size=list(maps.size),
        input=list(maps.input_size),
        windows=_windows(facts.segmentor.test_cfg, maps.input_size),
        cells=[list(pooled.shape[1:]) for pooled in maps.pooled],
        padding=[int(side) for side in padding],
        flip=meta.get('flip_direction') if meta.get('flip') else None,
        align_corners=bool(facts.head.align_corners),
    )
    y0, x0, y1, x1 = geometry['windows'][0]
    rows, columns = geometry['cells'][0]
    down, right = pixels_per_input(geometry)
    cell = [(y1 - y0) / rows * down, (x1 - x0) / columns * right]
    return geometry | dict(cell=cell)


def pixels_per_input(geometry: dict) -> tuple[float, float]:
    """Return pixels of the file per pixel of the input, down and right."""
    left, right, top, bottom = geometry['padding']
    height, width = geometry['input']
    return (
        geometry['size'][0] / (height - top - bottom),
        geometry['size'][1] / (width - left - right),
    )


def _windows(test_cfg: Any, size: Size) -> list[list[int]]:
    """List windows in mmseg's order: row by row, the last moved inside."""
    if test_cfg.get('mode', 'whole') == 'whole':
        return [[0, 0, *size]]
    rows, columns = (
        _spans(*sides)
        for sides in zip(size, test_cfg['crop_size'], test_cfg['stride'])
    )
    return [[y0, x0, y1, x1] for y0, y1 in rows for x0, x1 in columns]


def _spans(size: int, crop: int, stride: int) -> list[Size]:
    count = max(size - crop + stride - 1, 0) // stride + 1
    ends = [min(index * stride + crop, size) for index in range(count)]
    return [(max(end - crop, 0), end) for end in ends]
