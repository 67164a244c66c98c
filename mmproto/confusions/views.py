"""Places of confusions cut from their images, beside the concept there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mmproto.explanations.evidence import EvidenceMaps
from mmproto.explanations.points import read_pixels
from mmproto.models.facts import ModelFacts
from mmproto.visualization.colors import overlay_activation
from mmproto.visualization.crops import CONTEXT, cut_window

from .pixels import NO_CONCEPT
from .places import Place

SMALLEST = 0.45  # least height of a view, as a share of the shorter side
ASPECT = 4 / 3  # width of a view over its height, where the image has room
MOST_ROWS = 480  # pixels of a view: twice what is drawn


@dataclass(frozen=True)
class View:
    """A cut-out of an image around a place, at most ``MOST_ROWS`` high.

    Args:
        name: File name of the image.
        pixels: Number of wrong pixels of the place.
        rgb: Pixels (h,w,3).
        heat: The same with the activation of the concept (h,w,3).
        mask: The wrong pixels (h,w), bool.
        mean: Mean activation at them.
        peak: Largest activation in the image, where the colours end.
    """

    name: str
    pixels: int
    rgb: np.ndarray
    heat: np.ndarray
    mask: np.ndarray
    mean: float
    peak: float


def cut_views(
    facts: ModelFacts, wanted: Sequence[tuple[Place, int]]
) -> list[View]:
    """Cut places from their images; the model sees each image once.

    Args:
        facts: The model, set up as it was measured.
        wanted: Places, each with the concept to show there.

    Returns:
        The views, in the same order.
    """
    views: dict[tuple[Place, int], View] = {}
    for image in {place.image for place, _ in wanted}:
        rgb = read_pixels(image)[..., ::-1]
        maps = EvidenceMaps(facts, image)
        for place, concept in wanted:
            if place.image != image:
                continue
            activation = np.zeros(maps.size, np.float32)
            if concept != NO_CONCEPT:
                activation = maps.activations([concept])[0].numpy()
            views[place, concept] = cut_view(place, rgb, activation)
    return [views[key] for key in wanted]


def cut_view(place: Place, rgb: np.ndarray, activation: np.ndarray) -> View:
    """Cut a place with context from an image.

    Args:
        place: A place in the image.
        rgb: Pixels (h,w,3) of the image.
        activation: Activation map of a concept (h,w).
    """
    height, width = activation.shape
    x0, y0, x1, y1 = place.box
    side = CONTEXT * max(y1 - y0, (x1 - x0) / ASPECT)
    side = max(side, SMALLEST * min(height, width))
    left, columns = cut_window((x0 + x1) / 2, round(ASPECT * side), width)
    top, rows = cut_window((y0 + y1) / 2, round(side), height)
    window = np.s_[top : top + rows, left : left + columns]
    mask = np.zeros((height, width), bool)
    mask[y0:y1, x0:x1] = place.mask
    heat = overlay_activation(rgb, activation)
    return View(
        name=Path(place.image).name,
        pixels=place.pixels,
        rgb=_shrink(rgb[window]),
        heat=_shrink(heat[window]),
        mask=_shrink(mask[window].astype(np.float32)) > 0,
        mean=float(activation[mask].mean()),
        peak=float(activation.max()),
    )


def _shrink(picture: np.ndarray) -> np.ndarray:
    """Copy (h,w,...) with at most ``MOST_ROWS`` rows: no view of the image."""
    rows, columns = picture.shape[:2]
    factor = min(1.0, MOST_ROWS / rows)
    size = (max(1, round(columns * factor)), round(rows * factor))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
