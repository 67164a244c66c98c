"""Colours that do not reveal the class: all classes share their ranges."""

from .canvas import Colour
from .stream import Stream


def any_colour(stream: Stream) -> Colour:
    """Draw the paint of a thing: car, wall, clothes, crown of a tree, post."""
    value = stream.uniform(35, 225)
    chroma = stream.uniform(0, 75) if stream.chance(0.7) else 8.0
    return tinted(stream, value, chroma)


def stone(stream: Stream, low: float = 60, high: float = 205) -> Colour:
    """Draw the grey of a road, a pavement or a wall."""
    return tinted(stream, stream.uniform(low, high), 14.0)


def dark(stream: Stream) -> Colour:
    """Draw a dark colour: tyres, window panes, shadows."""
    return tinted(stream, stream.uniform(18, 75), 12.0)


def tinted(stream: Stream, value: float, chroma: float) -> Colour:
    """Draw a colour within `chroma` of a grey `value`."""
    red, green, blue = (
        value + stream.uniform(-chroma, chroma) for _ in range(3)
    )
    return red, green, blue


def scaled(colour: Colour, factor: float) -> Colour:
    """Return the colour under more or less light."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor
