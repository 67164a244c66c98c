"""Sky and ground of a scene."""

import numpy as np

from .canvas import SceneCanvas
from .colours import stone, tinted
from .geometry import NEAREST, Surface
from .layout import Layout
from .stream import Stream


def draw_sky(canvas: SceneCanvas, stream: Stream) -> None:
    """Cover the canvas with sky: blue, overcast or dusk, with clouds."""
    rows, cols = canvas.part.shape
    canvas.begin_object('sky')
    down = np.arange(rows, dtype=np.float64)[:, None] / rows
    whole = Surface(
        slice(0, rows),
        slice(0, cols),
        np.zeros((1, cols)),
        np.broadcast_to(down, (rows, cols)),
        np.full((1, cols), 100.0),
    )
    base = stream.uniform(140, 230)
    mood = stream.pick(('blue', 'blue', 'grey', 'grey', 'dusk'))
    pull = {'blue': (-35, 0, 40), 'grey': (0, 0, 0), 'dusk': (40, 0, -25)}
    share = stream.uniform(0.2, 1.0)
    red, green, blue = (base + share * step for step in pull[mood])
    slope = stream.uniform(0.0, 0.5)
    light = 1 - slope / 2 + slope * whole.v
    all_of_it = np.ones((rows, cols), bool)
    colour = red, green, blue
    canvas.paint(whole, all_of_it, 'air', colour, light)
    cover = stream.uniform(-0.3, 0.9)
    soft = stream.clouds(rows, cols, rows // 4)
    soft = soft + stream.clouds(rows, cols, rows // 10) * np.float32(0.5)
    cloud = tinted(stream, stream.uniform(150, 240), 8.0)
    canvas.paint(
        whole,
        soft > 1 - cover,
        'cloud',
        cloud,
        1 + soft * np.float32(0.08),
    )


def draw_ground(canvas: SceneCanvas, layout: Layout, stream: Stream) -> None:
    """Draw the road with its markings, and pavements on both sides."""
    patch = canvas.ground
    canvas.begin_object('sidewalk')
    _draw_pavement(canvas, stream)
    canvas.begin_object('road')
    asphalt = stone(stream, 50, 150)
    on_road = (patch.u >= layout.left) & (patch.u <= layout.right)
    texture = canvas.rough(patch, 0.06, stream.uniform(0.05, 0.16))
    texture = texture * canvas.rough(patch, 1.7, 0.06)
    canvas.paint(patch, on_road, 'surface', asphalt, texture)
    if stream.chance(0.85):
        _draw_markings(canvas, layout, on_road, stream)
    if stream.chance(0.4):
        _draw_crossing(canvas, layout, on_road, stream)
    canvas.begin_object('sidewalk')
    curb = (patch.u > layout.left - 0.25) & (patch.u < layout.left)
    curb |= (patch.u > layout.right) & (patch.u < layout.right + 0.25)
    canvas.paint(patch, curb, 'curb', stone(stream), texture)


def _draw_pavement(canvas: SceneCanvas, stream: Stream) -> None:
    """Draw slabs with joints over the whole ground."""
    patch = canvas.ground
    slab = stream.uniform(0.5, 1.3)
    joint = stream.uniform(0.04, 0.08)
    seams = (patch.u % slab < joint) | (patch.v % slab < joint)
    texture = canvas.rough(patch, slab, stream.uniform(0.05, 0.18))
    texture = np.where(seams, stream.uniform(0.55, 0.8), texture)
    everywhere = np.ones(patch.v.shape, bool)
    canvas.paint(patch, everywhere, 'surface', stone(stream, 90), texture)


def _draw_markings(
    canvas: SceneCanvas, layout: Layout, on_road: np.ndarray, stream: Stream
) -> None:
    """Draw a dashed or solid middle line, and lines at the edges."""
    patch = canvas.ground
    middle = (layout.left + layout.right) / 2
    width = stream.uniform(0.07, 0.13)
    line = np.abs(patch.u - middle) < width
    if stream.chance(0.75):
        period = stream.uniform(3.0, 6.0)
        line &= patch.v % period < period / 2
    if stream.chance(0.5):
        for edge in (layout.left + 0.4, layout.right - 0.4):
            line |= np.abs(patch.u - edge) < width
    paint = tinted(stream, stream.uniform(170, 235), 12.0)
    if stream.chance(0.2):
        paint = 225.0, 185.0, 60.0
    texture = canvas.rough(patch, 0.1, 0.12)
    canvas.paint(patch, line & on_road, 'marking', paint, texture)


def _draw_crossing(
    canvas: SceneCanvas, layout: Layout, on_road: np.ndarray, stream: Stream
) -> None:
    """Draw zebra stripes across the road."""
    patch = canvas.ground
    start = stream.uniform(NEAREST + 3, 16)
    stripes = (patch.v > start) & (patch.v < start + 2.6)
    stripes &= (patch.u - layout.left) % 1.0 < 0.5
    paint = tinted(stream, stream.uniform(165, 230), 6.0)
    texture = canvas.rough(patch, 0.1, 0.15)
    canvas.paint(patch, stripes & on_road, 'marking', paint, texture)
