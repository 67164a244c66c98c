"""Colours that do not tell the class: every class draws from shared ranges."""

from .canvas import Colour
from .stream import Stream


def any_colour(stream: Stream) -> Colour:
    """Paint of a thing: car, wall, clothes, crown of a tree, post."""
    value = stream.uniform(35, 225)
    chroma = stream.uniform(0, 75) if stream.chance(0.7) else 8.0
    return tinted(stream, value, chroma)


def stone(stream: Stream, low: float = 60, high: float = 205) -> Colour:
    """Grey of a road, a pavement or a wall."""
    return tinted(stream, stream.uniform(low, high), 14.0)


def dark(stream: Stream) -> Colour:
    """Tyres, window panes, shadows."""
    return tinted(stream, stream.uniform(18, 75), 12.0)


def tinted(stream: Stream, value: float, chroma: float) -> Colour:
    """A random colour about a grey `value`, `chroma` away at most."""
    red, green, blue = (
        value + stream.uniform(-chroma, chroma) for _ in range(3)
    )
    return red, green, blue


def scaled(colour: Colour, factor: float) -> Colour:
    """The colour under more or less light."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor
