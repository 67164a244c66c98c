"""Sizes, colours, poses and the gloss of cars, trucks and buses."""

from typing import NamedTuple

import numpy as np

from .canvas import Colour
from .colours import any_colour, dark, tinted
from .geometry import Surface
from .stream import Stream

# Length of the cab of a truck in metres.
CAB = 1.9


class Vehicle(NamedTuple):
    """Size in metres, colours, and where the wheels sit on the side."""

    kind: str
    length: float
    width: float
    height: float
    paint: Colour
    load: Colour
    glass: Colour
    tyre: Colour
    rim: Colour
    axles: tuple[float, ...]
    wheel: float


class Pose(NamedTuple):
    """Where a vehicle stands.

    Args:
        x: X of its corner that is nearest to the camera.
        z: Z of that corner.
        along: Unit vector along the side, away from the corner.
        across: Unit vector along the end, away from the corner.
        nose_near: Whether the front is at that corner.
    """

    x: float
    z: float
    along: tuple[float, float]
    across: tuple[float, float]
    nose_near: bool


def random_vehicle(kind: str, stream: Stream) -> Vehicle:
    """Return a car, truck or bus of random size and colours."""
    low, high = {
        'car': ((3.7, 1.65, 1.42), (4.5, 1.8, 1.6)),
        'truck': ((6.0, 2.1, 2.6), (7.5, 2.35, 3.2)),
        'bus': ((7.5, 2.3, 2.7), (9.5, 2.5, 3.1)),
    }[kind]
    length, width, height = (stream.uniform(*ends) for ends in zip(low, high))
    wheel = stream.uniform(0.31, 0.36) if kind == 'car' else 0.46
    axles = {
        'car': (0.78, length - 0.78),
        'truck': (1.0, length - 2.3, length - 1.2),
        'bus': (1.9, length - 2.2),
    }[kind]
    return Vehicle(
        kind=kind,
        length=length,
        width=width,
        height=height,
        paint=any_colour(stream),
        load=any_colour(stream),
        glass=tinted(stream, stream.uniform(25, 130), 15.0),
        tyre=dark(stream),
        rim=tinted(stream, stream.uniform(100, 200), 8.0),
        axles=axles,
        wheel=wheel,
    )


def panel(
    patch: Surface, light: float, bottom: float, top: float
) -> np.ndarray:
    """Return brightness factors of metal, lighter at the top, (h, w)."""
    return light * (0.75 + 0.35 * (patch.v - bottom) / (top - bottom))


def glare(patch: Surface, bottom: float) -> np.ndarray:
    """Return brightness factors of panes that mirror the sky, (h, w)."""
    band = (patch.u + 0.6 * patch.v) % 1.1 < 0.28
    return np.where(band, 1.45, 1.0) * (0.85 + 0.3 * (patch.v - bottom))
