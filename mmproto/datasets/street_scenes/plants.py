"""Trees and hedges, and the poles that stand between them."""

import numpy as np

from .canvas import Colour, SceneCanvas
from .colours import any_colour, tinted
from .geometry import Face, Surface, disc, patch_of, rectangle, stroke
from .stream import Stream


def leaf_colour(stream: Stream) -> Colour:
    """Draw the colour of leaves: mostly green, else autumnal or dull."""
    value = stream.uniform(40, 120)
    kind = stream.pick(('green', 'green', 'green', 'autumn', 'dull'))
    pull = {
        'green': (-10, 26, -22),
        'autumn': (32, 5, -22),
        'dull': (4, 6, -6),
    }
    red, green, blue = (value + step for step in pull[kind])
    return red, green, blue


def draw_tree(canvas: SceneCanvas, x: float, z: float, stream: Stream) -> None:
    """Draw a trunk with a crown of several round masses of leaves."""
    radius = stream.uniform(1.1, 2.1)
    stem = stream.uniform(1.7, 2.8)
    face = Face(x, z, (1.0, 0.0), -2 * radius, 2 * radius, stem + 3 * radius)
    patch = patch_of(canvas.camera, face)
    if patch is None:
        return
    canvas.begin_object('vegetation')
    width = stream.uniform(0.15, 0.26)
    trunk = rectangle(patch, -width, 0.0, width, stem + radius)
    bark = 1 - 0.35 * (patch.u / width)
    bark = bark * canvas.rough(patch, 0.15, 0.2)
    colour = tinted(stream, stream.uniform(40, 110), 18.0)
    canvas.paint(patch, trunk, 'trunk', colour, bark)
    middle = stem + 1.2 * radius
    masses = [(0.0, middle, radius * 1.1)]
    for _ in range(5):
        u = stream.uniform(-0.8, 0.8) * radius
        v = middle + stream.uniform(-0.7, 0.9) * radius
        masses.append((u, v, radius * stream.uniform(0.5, 0.8)))
    _draw_leaves(canvas, patch, masses, stream)


def draw_bush(
    canvas: SceneCanvas, face: Face, stream: Stream, height: float
) -> None:
    """Draw a hedge along a face, with a ragged upper edge."""
    patch = patch_of(canvas.camera, face)
    if patch is None:
        return
    canvas.begin_object('vegetation')
    inside = rectangle(patch, face.start, 0.0, face.stop, face.height)
    wave = canvas.rough(patch._replace(v=np.zeros_like(patch.v)), 0.5, 0.25)
    inside &= patch.v < height * 0.78 * wave
    colour, light = leaf_colour(stream), _leaves(canvas, patch)
    canvas.paint(patch, inside, 'crown', colour, light)


def draw_pole(canvas: SceneCanvas, x: float, z: float, stream: Stream) -> None:
    """Draw a lamp post with one or two arms or a globe, or a bollard."""
    inward = -1.0 if x > 0 else 1.0
    lamp_kind = stream.pick(('arm', 'arm', 'double', 'globe', 'bollard'))
    tall = 1.1 if lamp_kind == 'bollard' else stream.uniform(3.2, 6.0)
    face = Face(x, z, (1.0, 0.0), -2.2, 2.2, tall + 0.8)
    patch = patch_of(canvas.camera, face)
    if patch is None:
        return
    canvas.begin_object('pole')
    width = stream.uniform(0.12, 0.18)
    post = rectangle(patch, -width, 0.0, width, tall)
    arms = {'arm': (inward,), 'double': (-1.0, 1.0)}.get(lamp_kind, ())
    for side in arms:
        post |= stroke(patch, (0, tall - 0.1), (side * 1.4, tall), width)
    light = 1.1 - 0.5 * (patch.u / width)
    light = np.minimum(np.maximum(light, 0.7), 1.4) + 0 * patch.v
    colour = any_colour(stream)
    canvas.paint(patch, post, 'post', colour, light)
    lamp = np.zeros(patch.v.shape, bool)
    for side in arms:
        ends = sorted((side * 1.1, side * 2.0))
        lamp |= rectangle(patch, ends[0], tall - 0.15, ends[1], tall + 0.22)
    if lamp_kind == 'globe':
        lamp = disc(patch, 0.0, tall, 0.38)
    colour = tinted(stream, stream.uniform(90, 235), 15.0)
    canvas.paint(patch, lamp, 'lamp', colour)


def _draw_leaves(
    canvas: SceneCanvas,
    patch: Surface,
    masses: list[tuple[float, float, float]],
    stream: Stream,
) -> None:
    """Draw round, ragged masses (u, v, radius) of leaves, lit from above."""
    colour = leaf_colour(stream)
    ragged = canvas.rough(patch, 0.22, 0.16)
    light = _leaves(canvas, patch)
    for u, v, radius in masses:
        du, dv = (patch.u - u) / radius, (patch.v - v) / radius
        inside = (du * du + dv * dv) * ragged <= 1.0
        canvas.paint(patch, inside, 'crown', colour, light * (1 + 0.22 * dv))


def _leaves(canvas: SceneCanvas, patch: Surface) -> np.ndarray:
    """Return brightness factors of foliage, (h, w)."""
    clumps = canvas.rough(patch, 0.35, 0.25)
    return clumps * canvas.rough(patch, 0.09, 0.3)
