"""Light on the sheet metal and the panes of vehicles."""

import numpy as np

from .geometry import Patch


def panel(patch: Patch, light: float, bottom: float, top: float) -> np.ndarray:
    """Sheet metal is lighter towards the top, (h, w)."""
    return light * (0.75 + 0.35 * (patch.v - bottom) / (top - bottom))


def glare(patch: Patch, bottom: float) -> np.ndarray:
    """Panes mirror the sky in slanted bands, (h, w)."""
    band = (patch.u + 0.6 * patch.v) % 1.1 < 0.28
    return np.where(band, 1.45, 1.0) * (0.85 + 0.3 * (patch.v - bottom))
