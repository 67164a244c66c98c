"""What stands beside the street: houses, gardens, the far end."""

from collections.abc import Callable
from functools import partial

from .canvas import SceneCanvas
from .geometry import Face
from .houses import House, draw_house, random_house
from .layout import Layout
from .plants import draw_bush, draw_tree
from .stream import Stream

# Depth in metres, and the function that draws what stands there.
Placed = tuple[float, Callable[[SceneCanvas], None]]


def place_roadside(layout: Layout, stream: Stream) -> list[Placed]:
    """Place two lines of houses with gaps, and the end of the street."""
    placed = [_place_end(stream)]
    for side, wall in ((-1.0, layout.wall_left), (1.0, layout.wall_right)):
        z = stream.uniform(-4.0, 2.0)
        while z < 55:
            length = stream.uniform(7, 16)
            if stream.chance(0.33):
                placed += _place_garden(side, wall, z, length, stream)
            else:
                placed.append(_place_house(side, wall, z, length, stream))
            z += length
    return placed


def _place_house(
    side: float, wall: float, z: float, length: float, stream: Stream
) -> Placed:
    """Place a house; its front and the end towards the camera show."""
    house = random_house(stream)
    lights = stream.uniform(0.65, 1.0), stream.uniform(0.8, 1.1)

    def draw(canvas: SceneCanvas) -> None:
        """Draw the end, then the front."""
        canvas.begin_object('building')
        end = Face(wall, z, (side, 0.0), 0.0, 14.0, house.height)
        draw_house(canvas, house, end, lights[0])
        front = Face(wall, z, (0.0, 1.0), 0.0, length, house.height)
        draw_house(canvas, house, front, lights[1])

    return z, draw


def _place_garden(
    side: float, wall: float, z: float, length: float, stream: Stream
) -> list[Placed]:
    """Place a hedge between two houses, and perhaps trees behind it."""
    height = stream.uniform(1.2, 2.6)
    face = Face(wall, z, (0.0, 1.0), 0.0, length, height)
    hedge = partial(draw_bush, face=face, stream=stream, height=height)
    placed: list[Placed] = [(z, hedge)]
    for _ in range(stream.integer(0, 2)):
        x = wall + side * stream.uniform(1.0, 3.5)
        depth = z + stream.uniform(0.3, 0.9) * length
        if depth > 3:
            tree = partial(draw_tree, x=x, z=depth, stream=stream)
            placed.append((depth, tree))
    return placed


def _place_end(stream: Stream) -> Placed:
    """Place what closes the street: a house or a hedge."""
    z = stream.uniform(48, 75)
    if stream.chance(0.3):
        house = random_house(stream)
        face = Face(-60.0, z, (1.0, 0.0), 0.0, 120.0, house.height)
        return z, partial(_draw_end_house, house=house, face=face)
    height = stream.uniform(2, 6)
    face = Face(-60.0, z, (1.0, 0.0), 0.0, 120.0, height)
    return z, partial(draw_bush, face=face, stream=stream, height=height)


def _draw_end_house(canvas: SceneCanvas, house: House, face: Face) -> None:
    canvas.begin_object('building')
    draw_house(canvas, house, face, 0.9)
