"""Pedestrians and parked bicycles."""

import numpy as np

from .canvas import SceneCanvas
from .colours import any_colour, dark, scaled, tinted
from .geometry import Face, Surface, disc, patch_of, polygon, stroke
from .stream import Stream


def draw_person(
    canvas: SceneCanvas, x: float, z: float, stream: Stream
) -> None:
    """Draw a pedestrian: legs, torso with arms, head with hair."""
    tall = stream.uniform(1.5, 1.9)
    face = Face(x, z, (1.0, 0.0), -0.6, 0.6, tall)
    patch = patch_of(canvas.camera, face)
    if patch is None:
        return
    canvas.begin_object('person')
    patch = patch._replace(u=patch.u / tall, v=patch.v / tall)
    _draw_legs(canvas, patch, stream)
    _draw_torso(canvas, patch, stream)
    head = disc(patch, 0.0, 0.905, 0.075, 1.25)
    skin = stream.uniform(70, 225)
    canvas.paint(patch, head, 'head', (skin, skin * 0.8, skin * 0.68))
    hair = head & (patch.v > stream.uniform(0.89, 0.95))
    colour = any_colour(stream) if stream.chance(0.3) else dark(stream)
    canvas.paint(patch, hair, 'head', colour)


def _draw_legs(canvas: SceneCanvas, patch: Surface, stream: Stream) -> None:
    stride = stream.uniform(0.02, 0.13)
    lean = stream.uniform(-0.03, 0.03)
    colour = any_colour(stream)
    for side, light in ((-1.0, 0.85), (1.0, 1.0)):
        foot = side * stride + lean, 0.02
        leg = stroke(patch, (side * 0.05, 0.48), foot, 0.105)
        leg &= patch.v >= 0.0
        canvas.paint(patch, leg, 'legs', scaled(colour, light))
        shoe = leg & (patch.v < 0.05)
        canvas.paint(patch, shoe, 'legs', dark(stream))


def _draw_torso(canvas: SceneCanvas, patch: Surface, stream: Stream) -> None:
    colour = any_colour(stream)
    swing = stream.uniform(0.0, 0.1)
    light = 1.0 - 1.2 * patch.u + 0.0 * patch.v
    if stream.chance(0.3):
        light = np.where(patch.v % 0.08 < 0.035, light * 0.7, light)
    arms = np.zeros(patch.v.shape, bool)
    for side in (-1.0, 1.0):
        hand = side * (0.15 + swing), 0.45
        arms |= stroke(patch, (side * 0.115, 0.77), hand, 0.065)
    canvas.paint(patch, arms, 'torso', colour, light * 0.8)
    hem = stream.pick((0.46, 0.46, 0.3))
    wide = stream.uniform(0.11, 0.15)
    chest = polygon(
        patch, (-0.1, hem), (-0.135, 0.8), (0.135, 0.8), (0.1, hem)
    )
    skirt = polygon(patch, (-wide, hem), (-0.1, 0.6), (0.1, 0.6), (wide, hem))
    canvas.paint(patch, chest | skirt, 'torso', colour, light)
    neck = stroke(patch, (0.0, 0.8), (0.0, 0.84), 0.07)
    canvas.paint(patch, neck, 'torso', scaled(colour, 0.7))


def draw_bicycle(
    canvas: SceneCanvas,
    x: float,
    z: float,
    along: tuple[float, float],
    stream: Stream,
) -> None:
    """Draw a parked bicycle: two spoked wheels, a frame, a saddle."""
    face = Face(x, z, along, -0.95, 0.95, 1.1)
    patch = patch_of(canvas.camera, face)
    if patch is None:
        return
    canvas.begin_object('bicycle')
    for u in (-0.55, 0.55):
        _draw_bicycle_wheel(canvas, patch, u, stream)
    frame = np.zeros(patch.v.shape, bool)
    saddle, steer, pedal = (-0.2, 0.8), (0.36, 0.8), (-0.05, 0.34)
    hub_rear, hub_front = (-0.55, 0.36), (0.55, 0.36)
    bars = (
        (pedal, saddle), (pedal, steer), (saddle, steer),
        (hub_rear, pedal), (hub_rear, saddle), (hub_front, steer),
    )  # fmt: skip
    for start, stop in bars:
        frame |= stroke(patch, start, stop, 0.095)
    grip = stroke(patch, (0.35, 0.78), (0.3, 1.0), 0.07)
    grip |= stroke(patch, (0.16, 1.0), (0.42, 1.02), 0.08)
    canvas.paint(patch, frame | grip, 'frame', any_colour(stream))
    seat = stroke(patch, (-0.36, 0.93), (-0.08, 0.9), 0.13)
    seat |= stroke(patch, (-0.2, 0.8), (-0.22, 0.9), 0.08)
    canvas.paint(patch, seat, 'saddle', dark(stream))


def _draw_bicycle_wheel(
    canvas: SceneCanvas, patch: Surface, u: float, stream: Stream
) -> None:
    """Draw a tyre around spokes; what shows between them is wheel too."""
    whole = disc(patch, u, 0.36, 0.36)
    inside = tinted(stream, stream.uniform(60, 150), 10.0)
    du, dv = patch.u - u, patch.v - 0.36
    spokes = (np.abs(du) < 0.03) | (np.abs(dv) < 0.03)
    spokes |= (np.abs(du - dv) < 0.04) | (np.abs(du + dv) < 0.04)
    light = np.where(spokes, 1.5, 1.0)
    canvas.paint(patch, whole, 'wheel', inside, light)
    tyre = whole & ~disc(patch, u, 0.36, 0.27)
    canvas.paint(patch, tyre, 'wheel', dark(stream))
