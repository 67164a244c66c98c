"""Colours, and colours over an image."""

from collections.abc import Sequence

import matplotlib
import numpy as np

from mmproto.models.metainfo import Color


def unit_color(color: Color) -> tuple[float, float, float]:
    """Return a colour with parts from 0 to 1, as matplotlib takes it."""
    red, green, blue = color
    return red / 255, green / 255, blue / 255


def overlay_classes(
    rgb: np.ndarray, prediction: np.ndarray, palette: Sequence[Color]
) -> np.ndarray:
    """Lay the colours of a prediction (h,w) over an image (h,w,3)."""
    colors = np.array(palette, dtype=np.float32)[prediction]  # h,w,3
    return (0.4 * rgb + 0.6 * colors).astype(np.uint8)


def overlay_activation(rgb: np.ndarray, activation: np.ndarray) -> np.ndarray:
    """Lay an activation map (h,w) over an image (h,w,3) in dark grey.

    The colour scale ends at the maximum of the map.
    """
    grey = 0.6 * rgb.mean(axis=2, keepdims=True)  # h,w,1
    share = np.clip(activation / max(float(activation.max()), 1e-12), 0, 1)
    heat = 255 * matplotlib.colormaps['inferno'](share)[..., :3]  # h,w,3
    alpha = np.sqrt(share)[..., None]
    return ((1 - alpha) * grey + alpha * heat).astype(np.uint8)
