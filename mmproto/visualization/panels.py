"""Parts of a picture that cards, sheets and concept pages share."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch as LegendPatch
from matplotlib.patches import Rectangle

from mmproto.models.metainfo import Color
from mmproto.prototypes.patches import Box, Patch
from mmproto.visualization.colors import unit_color
from mmproto.visualization.crops import crop_patch
from mmproto.visualization.text import fit, text_width, wrap_words

FIELD_COLOR = '#ffe119'
SMALL, PATCH_TEXT = 8, 7.5  # points
LEGEND_COLUMNS = 3
# inches that a class of the legend takes beside its name
LEGEND_BOX, LEGEND_GAP = 1.2 * SMALL / 72, 1.8 * SMALL / 72


def image_axes(axes: Axes, rgb: np.ndarray, title: str = '') -> None:
    """Show an image (h,w,3) without ticks."""
    axes.imshow(rgb)
    axes.set_anchor('NW')
    axes.set_axis_off()
    if title:
        axes.set_title(title, fontsize=SMALL + 2, loc='left')


def mark_point(axes: Axes, point: tuple[int, int], scale: float = 1.0) -> None:
    """Mark the explained point, visible on any colour.

    Args:
        axes: Axes of the image.
        point: Column and row.
        scale: Size of the mark; at 1 its ring is 13 points wide.
    """
    for color, size, width in (('black', 13, 4), ('white', 11, 1.8)):
        axes.plot(
            *point,
            marker='o',
            markersize=scale * size,
            markerfacecolor='none',
            markeredgecolor=color,
            markeredgewidth=scale * width,
        )


def outline(axes: Axes, box: Box, width: float, style: str = '-') -> None:
    """Draw a box in pixel coordinates, where pixel 0 spans -0.5 to 0.5."""
    x0, y0, x1, y1 = box
    for color, extra in (('black', 1.5), (FIELD_COLOR, 0.0)):
        axes.add_patch(
            Rectangle(
                (x0 - 0.5, y0 - 0.5),
                x1 - x0,
                y1 - y0,
                fill=False,
                edgecolor=color,
                linewidth=width + extra,
                linestyle=style,
                clip_on=True,
            )
        )


def patch_axes(axes: Axes, patch: Patch, names: Sequence[str]) -> None:
    """Show a training patch: field outlined, cell dotted, facts below."""
    crop = crop_patch(patch)
    if crop is None:
        axes.set(xticks=[], yticks=[])
        axes.text(
            0.5, 0.5, 'image\nnot found', ha='center', va='center',
            fontsize=SMALL, transform=axes.transAxes,
        )  # fmt: skip
    else:
        image_axes(axes, crop.rgb)
        outline(axes, crop.field, 1.6)
        outline(axes, crop.cell, 0.8, ':')
    label = names[patch.label] if patch.label < len(names) else 'void'
    rate = (
        f'scale {patch.scale}'
        if patch.dilation is None
        else (f'dilation {patch.dilation}')
    )
    below = f'{rate} · {patch.similarity:.2f}'
    width = max(_width(axes), text_width(below, PATCH_TEXT))
    axes.text(
        0.5,
        -0.04,
        f'{fit(label, PATCH_TEXT, width)}\n{below}',
        ha='center',
        va='top',
        fontsize=PATCH_TEXT,
        transform=axes.transAxes,
    )


def class_legend(
    axes: Axes,
    present: Sequence[int],
    names: Sequence[str],
    palette: Sequence[Color],
) -> None:
    """List classes with their colours in axes of their own."""
    axes.set_axis_off()
    width = _width(axes) / LEGEND_COLUMNS - LEGEND_BOX - LEGEND_GAP
    handles = [
        LegendPatch(
            facecolor=unit_color(palette[index]),
            edgecolor='black',
            linewidth=0.5,
            label=fit(names[index], SMALL, width),
        )
        for index in present
    ]
    axes.legend(
        handles=handles,
        loc='upper left',
        ncols=LEGEND_COLUMNS,
        fontsize=SMALL,
        frameon=False,
        borderaxespad=0,
        handlelength=1.2,
        columnspacing=1.0,
    )


def _width(axes: Axes) -> float:
    """Return the width of axes, or of their image, in inches."""
    axes.apply_aspect()
    return axes.bbox.width / axes.figure.dpi


def list_weights(
    weights: Sequence[tuple[str, float]],
    most: int,
    width: float,
    size: float = SMALL,
    name_width: float = 1.5,
    start: str = '',
) -> str:
    """List classes with their weights, as in "road 12.29, sidewalk 3.68".

    Args:
        weights: Names and weights, largest first.
        most: Number of classes to list; dots stand for more.
        width: Of a line, in inches; a class stays with its weight.
        size: Of the font, in points.
        name_width: Largest width of a name, in inches.
        start: Words to begin with.
    """
    listed = [f'{fit(n, size, name_width)} {w:.2f}' for n, w in weights[:most]]
    listed += ['…'] * (len(weights) > most)
    words = [f'{word},' for word in listed[:-1]] + listed[-1:]
    return wrap_words([start, *words] if start else words, size, width)
