"""Parts of a picture that sheets and concept pages share."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch as LegendPatch
from matplotlib.patches import Rectangle

from mmproto.patches import Box, Patch
from mmproto.visualization.colors import Color, unit_color
from mmproto.visualization.crops import crop_patch

FIELD_COLOR = '#ffe119'
SMALL = 8


def image_axes(axes: Axes, rgb: np.ndarray, title: str = '') -> None:
    """Show an image without ticks."""
    axes.imshow(rgb)
    axes.set_anchor('NW')
    axes.set_axis_off()
    if title:
        axes.set_title(title, fontsize=SMALL + 2, loc='left')


def mark_point(axes: Axes, point: tuple[int, int], scale: float = 1.0) -> None:
    """Mark the explained point, visible on any colour.

    Args:
        axes: That show the image.
        point: Column and row.
        scale: Of the mark, whose ring is 13 points wide.
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
    axes.text(
        0.5,
        -0.04,
        f'{shorten(label, 16)}\n{rate} · {patch.similarity:.2f}',
        ha='center',
        va='top',
        fontsize=SMALL - 0.5,
        transform=axes.transAxes,
    )


def class_legend(
    axes: Axes,
    present: Sequence[int],
    names: Sequence[str],
    palette: Sequence[Color],
) -> None:
    """List classes with their colours in an axes of its own."""
    axes.set_axis_off()
    handles = [
        LegendPatch(
            facecolor=unit_color(palette[index]),
            edgecolor='black',
            linewidth=0.5,
            label=shorten(names[index], 18),
        )
        for index in present
    ]
    axes.legend(
        handles=handles,
        loc='upper left',
        ncols=3,
        fontsize=SMALL,
        frameon=False,
        borderaxespad=0,
        handlelength=1.2,
        columnspacing=1.0,
    )


def shorten(text: str, length: int) -> str:
    """Cut a text to ``length`` characters, with dots where it was cut."""
    return text if len(text) <= length else text[: length - 1] + '…'


def wrap(text: str, width: int) -> str:
    """Break a text into lines of at most ``width`` characters."""
    return '\n'.join(textwrap.wrap(text, width))


def list_weights(
    weights: Sequence[tuple[str, float]], most: int, width: int
) -> str:
    """List classes with their weights, as in "road 12.29, sidewalk 3.68".

    Args:
        weights: Names and weights, largest first.
        most: Classes to list; dots say that there are more.
        width: Characters a line; a class is not torn from its weight.
    """
    listed = [
        f'{shorten(n, 22)} {w:.2f}'.replace(' ', '\xa0') for n, w in weights
    ]
    return wrap(', '.join(listed[:most] + ['…'] * (len(listed) > most)), width)
