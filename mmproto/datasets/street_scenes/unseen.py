"""Deer: what the models have never seen in training."""

import numpy as np

from .canvas import Colour, SceneCanvas
from .colours import any_colour, dark, scaled
from .geometry import Face, Surface, disc, patch_of, polygon, stroke
from .stream import Stream


def draw_deer(
    canvas: SceneCanvas,
    x: float,
    z: float,
    along: tuple[float, float],
    stream: Stream,
) -> None:
    """Draw a deer in any of the colours that known things have.

    Args:
        canvas: What is painted on.
        x: X of its middle in metres.
        z: Z of its middle in metres.
        along: X and Z of the unit vector from its tail to its head.
        stream: Source of the numbers.
    """
    size = stream.uniform(0.85, 1.1)
    face = Face(x, z, along, -1.5 * size, 1.5 * size, 2.3 * size)
    patch = patch_of(canvas.camera, face)
    if patch is None:
        return
    canvas.begin_object('unseen')
    patch = patch._replace(u=patch.u / size, v=patch.v / size)
    colour = any_colour(stream)
    if stream.chance(0.5):
        _draw_antlers(canvas, patch, stream)
    _draw_legs(canvas, patch, colour, stream)
    _draw_body(canvas, patch, colour)
    _draw_head(canvas, patch, colour, stream)


def _draw_body(canvas: SceneCanvas, patch: Surface, colour: Colour) -> None:
    """Draw trunk and tail, lit from above."""
    body = disc(patch, 0.0, 1.02, 0.72, 0.42)
    body |= disc(patch, -0.5, 1.02, 0.27, 1.1)
    body |= disc(patch, 0.45, 1.0, 0.28, 1.1)
    tail = stroke(patch, (-0.72, 1.12), (-0.82, 0.92), 0.1)
    light = _coat(canvas, patch) * (0.7 + 0.35 * (patch.v - 0.7) / 0.6)
    canvas.paint(patch, body | tail, 'deer', colour, light)


def _coat(canvas: SceneCanvas, patch: Surface) -> np.ndarray:
    """Return brightness factors of the hair, (h, w)."""
    return canvas.rough(patch, 0.05, 0.07)


def _draw_legs(
    canvas: SceneCanvas, patch: Surface, colour: Colour, stream: Stream
) -> None:
    """Draw four legs with hoofs; those of the far side are darker."""
    hoofs = dark(stream)
    for light, side in ((0.6, 0.12), (0.85, -0.05)):
        for hip in (-0.52, 0.46):
            foot = hip + side + stream.uniform(-0.12, 0.12)
            knee = (hip + foot) / 2 + 0.04, 0.42
            leg = stroke(patch, (hip + side / 2, 0.9), knee, 0.15)
            leg |= stroke(patch, knee, (foot, 0.04), 0.1)
            leg &= patch.v >= 0.0
            canvas.paint(patch, leg, 'deer', scaled(colour, light))
            canvas.paint(patch, leg & (patch.v < 0.1), 'deer', hoofs)


def _draw_head(
    canvas: SceneCanvas, patch: Surface, colour: Colour, stream: Stream
) -> None:
    """Draw neck, head with muzzle and eye, and ears."""
    neck = polygon(
        patch, (0.4, 1.28), (0.72, 1.66), (0.94, 1.56), (0.68, 0.95)
    )
    head = disc(patch, 0.86, 1.63, 0.16, 0.85)
    head |= stroke(patch, (0.86, 1.62), (1.12, 1.5), 0.17)
    ears = stroke(patch, (0.76, 1.7), (0.6, 1.82), 0.1)
    ears |= stroke(patch, (0.86, 1.72), (0.8, 1.9), 0.09)
    canvas.paint(patch, ears, 'deer', scaled(colour, 0.75))
    canvas.paint(patch, neck | head, 'deer', colour, _coat(canvas, patch))
    spots = disc(patch, 0.92, 1.67, 0.035) | disc(patch, 1.17, 1.48, 0.06)
    canvas.paint(patch, spots, 'deer', dark(stream))


def _draw_antlers(canvas: SceneCanvas, patch: Surface, stream: Stream) -> None:
    """Draw two antlers with two points each."""
    antlers = np.zeros(patch.v.shape, bool)
    for lean in (0.0, 0.14):
        top = 0.62 + lean, 2.2
        antlers |= stroke(patch, (0.82, 1.75), (0.66 + lean, 1.98), 0.06)
        antlers |= stroke(patch, (0.66 + lean, 1.98), top, 0.05)
        antlers |= stroke(patch, (0.68 + lean, 1.95), (0.9 + lean, 2.1), 0.05)
    canvas.paint(patch, antlers, 'deer', scaled(any_colour(stream), 0.9))
