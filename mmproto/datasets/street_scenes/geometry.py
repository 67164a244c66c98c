"""Pinhole camera, upright faces and the ground, in metres.

Every pixel of a face knows its place on the face, so that a shape is a test on
two arrays and textures follow the perspective. Arrays are only combined by
`+ - * /`, which IEEE 754 rounds the same way everywhere.

X points to the right, Z away from the camera, v upwards from the ground.
"""

from typing import NamedTuple

import numpy as np

# Nothing nearer to the camera than this is drawn, in metres.
NEAREST = 1.0


class Camera(NamedTuple):
    """A camera without roll or tilt.

    Args:
        rows: SceneCanvas height in pixels.
        cols: SceneCanvas width in pixels.
        focal: Focal length in pixels.
        horizon: Row of the horizon.
        centre: Column of the vanishing point of the street.
        height: Height above the ground in metres.
    """

    rows: int
    cols: int
    focal: float
    horizon: float
    centre: float
    height: float


class Surface(NamedTuple):
    """The pixels of a face, with their places on it.

    Args:
        rows: Rows of the canvas, h of them.
        cols: Columns of the canvas, w of them.
        u: Metres along the face, (h, w).
        v: Metres above the ground, (h, w); on the ground, metres away.
        depth: Metres away from the camera, (1, w) or (h, 1).
    """

    rows: slice
    cols: slice
    u: np.ndarray
    v: np.ndarray
    depth: np.ndarray


class Face(NamedTuple):
    """An upright rectangle that stands on the ground.

    Args:
        x: X of the end where u = 0.
        z: Z of the end where u = 0.
        along: X and Z of the unit vector in which u grows.
        start: Smallest u.
        stop: Largest u.
        height: Largest v.
    """

    x: float
    z: float
    along: tuple[float, float]
    start: float
    stop: float
    height: float


def patch_of(camera: Camera, face: Face) -> Surface | None:
    """Return the pixels of a face, or None if the camera does not see it."""
    ends = _visible_ends(face)
    if ends is None:
        return None
    cols, rows = [], []
    for end in ends:
        x, z = face.x + face.along[0] * end, face.z + face.along[1] * end
        cols.append(camera.centre + camera.focal * x / z)
        for below in (camera.height, camera.height - face.height):
            rows.append(camera.horizon + camera.focal * below / z)
    col_slice = _span(cols, camera.cols)
    row_slice = _span(rows, camera.rows)
    if col_slice is None or row_slice is None:
        return None
    ray = np.arange(col_slice.start, col_slice.stop) + 0.5 - camera.centre
    ray = ray[None] / camera.focal  # X/Z of every column, (1, w)
    turn = face.along[0] - ray * face.along[1]
    turn = np.where(np.abs(turn) < 1e-6, 1e-6, turn)
    u = (ray * face.z - face.x) / turn
    depth = np.maximum(face.z + face.along[1] * u, 0.1)
    row = np.arange(row_slice.start, row_slice.stop)[:, None] + 0.5
    v = camera.height - (row - camera.horizon) * depth / camera.focal
    u = np.broadcast_to(u, v.shape)
    return Surface(row_slice, col_slice, u, v, depth)


def ground(camera: Camera) -> Surface:
    """Return the pixels below the horizon: u = X and v = depth = Z."""
    first = int(camera.horizon) + 1
    row = np.arange(first, camera.rows)[:, None] + 0.5
    depth: np.ndarray = (camera.focal * camera.height) / (row - camera.horizon)
    col = np.arange(camera.cols)[None] + 0.5
    u = (col - camera.centre) * depth / camera.focal
    v = np.broadcast_to(depth, u.shape)
    return Surface(
        slice(first, camera.rows), slice(0, camera.cols), u, v, depth
    )


def rectangle(
    patch: Surface, left: float, bottom: float, right: float, top: float
) -> np.ndarray:
    """Mark the pixels inside a rectangle of the face, (h, w) bool."""
    across = (patch.u >= left) & (patch.u <= right)
    return across & (patch.v >= bottom) & (patch.v <= top)


def disc(
    patch: Surface, u: float, v: float, radius: float, slack: float = 1.0
) -> np.ndarray:
    """Mark the pixels in an ellipse of half axes radius, radius * slack."""
    du = (patch.u - u) / radius
    dv = (patch.v - v) / (radius * slack)
    return du * du + dv * dv <= 1.0


def polygon(patch: Surface, *corners: tuple[float, float]) -> np.ndarray:
    """Mark the pixels in a convex polygon, given clockwise as (u, v)."""
    inside = np.ones(patch.v.shape, bool)
    for (u0, v0), (u1, v1) in zip(corners, corners[1:] + corners[:1]):
        turn = (u1 - u0) * (patch.v - v0) - (v1 - v0) * (patch.u - u0)
        inside &= turn <= 0.0
    return inside


def stroke(
    patch: Surface,
    start: tuple[float, float],
    stop: tuple[float, float],
    width: float,
) -> np.ndarray:
    """Mark the pixels nearer than half a width to a segment, (h, w) bool."""
    du, dv = stop[0] - start[0], stop[1] - start[1]
    length = du * du + dv * dv
    u, v = patch.u - start[0], patch.v - start[1]
    share = np.minimum(np.maximum((u * du + v * dv) / length, 0.0), 1.0)
    off_u, off_v = u - share * du, v - share * dv
    return off_u * off_u + off_v * off_v <= width * width / 4


def _visible_ends(face: Face) -> tuple[float, float] | None:
    """Return the part of [start, stop] in front of the camera."""
    start, stop, away = face.start, face.stop, face.along[1]
    if away > 0:
        start = max(start, (NEAREST - face.z) / away)
    elif away < 0:
        stop = min(stop, (NEAREST - face.z) / away)
    elif face.z < NEAREST:
        return None
    return (start, stop) if start < stop else None


def _span(places: list[float], size: int) -> slice | None:
    """Return the whole pixels that cover the places, cut to [0, size)."""
    first = max(int(max(min(places), 0.0)), 0)
    last = min(int(min(max(places), float(size))) + 1, size)
    return slice(first, last) if first < last else None
