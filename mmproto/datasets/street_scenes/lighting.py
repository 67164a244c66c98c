"""From the painted canvas to the finished picture."""

import numpy as np

from .canvas import SceneCanvas
from .colours import tinted
from .layout import OVERSAMPLING
from .stream import Stream


def develop(canvas: SceneCanvas, stream: Stream) -> np.ndarray:
    """Add haze, light and noise, and average the pixels of the canvas.

    Returns:
        RGB, (h, w, 3) uint8, smaller than the canvas by `OVERSAMPLING`.
    """
    if stream.chance(0.5):
        _cast_shadow(canvas, stream)
    haze = tinted(stream, stream.uniform(130, 215), 12.0)
    reach = stream.uniform(70.0, 400.0)
    near = np.float32(reach) / (np.float32(reach) + canvas.depth)
    gain, slope = stream.uniform(0.65, 1.05), stream.uniform(-0.3, 0.3)
    lift, noise = stream.uniform(0.0, 18.0), stream.uniform(1.0, 7.0)
    planes = []
    for plane, far in zip(canvas.colour, haze):
        tint = gain * stream.uniform(0.93, 1.07)
        plane = _average(plane * near + (1 - near) * np.float32(far))
        rows, cols = plane.shape
        right = np.arange(cols, dtype=np.float32) / np.float32(cols)
        light = np.float32(tint) * (1 + np.float32(slope) * (right - 0.5))
        grain = stream.grain(rows, cols) * np.float32(noise)
        plane = plane * light + grain + np.float32(lift + 0.5)
        planes.append(np.clip(plane, 0, 255).astype(np.uint8))
    return np.stack(planes, axis=-1)


def _cast_shadow(canvas: SceneCanvas, stream: Stream) -> None:
    """Let the shadow of a line of houses fall across the ground."""
    patch = canvas.ground
    edge, lean = stream.uniform(-3.5, 3.5), stream.uniform(-0.15, 0.15)
    beyond = patch.u > edge + lean * patch.v
    if stream.chance(0.5):
        beyond = ~beyond
    canvas.shade(beyond, stream.uniform(0.45, 0.75))


def _average(plane: np.ndarray) -> np.ndarray:
    """Return the mean of every block of the canvas, summed in fixed order."""
    step = OVERSAMPLING
    total = np.zeros_like(plane[::step, ::step])
    for row in range(step):
        for col in range(step):
            total += plane[row::step, col::step]
    return total / (step * step)
