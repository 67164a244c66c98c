"""Houses along the street, with walls, windows, doors and roofs."""

from typing import NamedTuple

import numpy as np

from .canvas import Colour, SceneCanvas
from .colours import any_colour, dark, scaled, stone
from .geometry import Face, Surface, patch_of, rectangle
from .stream import Stream

# A window with fewer rows than this on the canvas is left out.
SMALLEST_WINDOW = 6.0


class House(NamedTuple):
    """One house; lengths in metres."""

    height: float
    wall: Colour
    roof: Colour
    pane: Colour
    frame: Colour
    door: Colour
    pattern: str
    grain: float
    bay: float
    storey: float
    window_width: float
    window_height: float
    has_windows: bool


def random_house(stream: Stream) -> House:
    """Return a house of random size, colours and pattern."""
    bay = stream.uniform(2.0, 3.6)
    storey = stream.uniform(2.7, 3.5)
    pane = dark(stream) if stream.chance(0.6) else any_colour(stream)
    return House(
        height=storey * stream.integer(1, 3) + stream.uniform(0.6, 1.4),
        wall=stone(stream) if stream.chance(0.5) else any_colour(stream),
        roof=any_colour(stream),
        pane=pane,
        frame=stone(stream),
        door=any_colour(stream),
        pattern=stream.pick(('plain', 'bricks', 'boards')),
        grain=stream.uniform(0.03, 0.13),
        bay=bay,
        storey=storey,
        window_width=bay * stream.uniform(0.4, 0.62),
        window_height=storey * stream.uniform(0.42, 0.6),
        has_windows=stream.chance(0.95),
    )


def draw_house(
    canvas: SceneCanvas, house: House, face: Face, light: float
) -> None:
    """Draw one face of a house.

    Args:
        canvas: What is painted on.
        house: What is painted.
        face: The face, as high as the house.
        light: Brightness factor of this side.
    """
    patch = patch_of(canvas.camera, face)
    if patch is None:
        return
    whole = rectangle(patch, face.start, 0.0, face.stop, face.height)
    texture = _pattern(canvas, patch, house) * light
    canvas.paint(patch, whole, 'wall', house.wall, texture)
    eaves = whole & (patch.v > face.height - 0.55)
    canvas.paint(patch, eaves, 'roof', scaled(house.roof, light))
    if house.has_windows:
        _draw_openings(canvas, patch, house, face, whole & ~eaves, light)


def _pattern(canvas: SceneCanvas, patch: Surface, house: House) -> np.ndarray:
    """Return brightness factors of plaster, bricks or boards, (h, w)."""
    texture = canvas.rough(patch, 0.12, house.grain)
    texture = texture * canvas.rough(patch, 1.3, 0.05)
    if house.pattern == 'bricks':
        course = np.floor(patch.v / 0.34)
        shifted = patch.u + 0.45 * (course % 2)
        joints = (patch.v % 0.34 < 0.07) | (shifted % 0.9 < 0.08)
        texture = np.where(joints, texture * 0.78, texture)
    if house.pattern == 'boards':
        texture = np.where(patch.v % 0.4 < 0.09, texture * 0.72, texture)
    return texture


def _draw_openings(
    canvas: SceneCanvas,
    patch: Surface,
    house: House,
    face: Face,
    allowed: np.ndarray,
    light: float,
) -> None:
    """Draw rows of windows, and a door in every third bay."""
    number = np.floor((patch.u - face.start) / house.bay)
    bays = int((face.stop - face.start) / house.bay)
    across = np.abs((patch.u - face.start) % house.bay - house.bay / 2)
    fits = (number >= 0) & (number < bays)
    scale = canvas.camera.focal / patch.depth
    large = scale * house.window_height >= SMALLEST_WINDOW
    usable = allowed & fits & large
    up = patch.v % house.storey - 0.32 * house.storey
    is_door = (number % 3 == 1) & (patch.v < house.storey)
    half = house.window_width / 2
    high = (up >= 0) & (up <= house.window_height)
    frame = usable & ~is_door & (across < half + 0.12)
    frame &= (up >= -0.12) & (up <= house.window_height + 0.12)
    canvas.paint(patch, frame, 'wall', scaled(house.frame, light))
    panes = usable & ~is_door & (across < half) & high
    shine = 1.0 + 0.35 * (up / house.window_height)
    shine = np.where(across < 0.05, 2.0, shine) * light
    canvas.paint(patch, panes, 'window', house.pane, shine)
    doors = usable & is_door & (across < 0.62) & (patch.v < 2.3)
    gate = canvas.rough(patch, 0.5, 0.1) * light
    canvas.paint(patch, doors, 'door', house.door, gate)
