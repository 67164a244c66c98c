"""Where the street of a scene runs."""

from typing import NamedTuple

from .geometry import Camera
from .stream import Stream

# SceneCanvas pixels along each side of a pixel of the picture: averaging their
# colours smooths the edges.
OVERSAMPLING = 2


class Layout(NamedTuple):
    """X of the edges of the road and of the houses, in metres."""

    left: float
    right: float
    wall_left: float
    wall_right: float


def random_camera(stream: Stream, height: int, width: int) -> Camera:
    """Return a random camera for a picture of height x width pixels."""
    rows, cols = height * OVERSAMPLING, width * OVERSAMPLING
    return Camera(
        rows=rows,
        cols=cols,
        focal=cols * stream.uniform(0.7, 1.2),
        horizon=rows * stream.uniform(0.42, 0.54),
        centre=cols * stream.uniform(0.3, 0.7),
        height=stream.uniform(1.15, 1.45),
    )


def random_layout(stream: Stream) -> Layout:
    """Return a road around the camera, with pavements and lines of houses."""
    half = stream.uniform(2.5, 4.0)
    shift = stream.uniform(-2.4, 2.4)
    left, right = shift - half, shift + half
    return Layout(
        left=left,
        right=right,
        wall_left=left - stream.uniform(2.2, 5.0),
        wall_right=right + stream.uniform(2.2, 5.0),
    )
