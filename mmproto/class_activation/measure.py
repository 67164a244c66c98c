"""Deletion curves of class activation maps and concepts, on the same pixels.

The segmentor itself is the judge of both. Two orders that know nothing of it
stand beside them: a number that they reach, too, says nothing.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.utils import track_iter_progress

from mmproto.explanations.evidence import EvidenceMaps
from mmproto.models.facts import ModelFacts

from .curves import SHARES, cell_grid, deletion_curve, mean_height
from .grad_cam import seg_grad_cam
from .orders import concept_map, deletion_order, nearness_map
from .segmentor_view import Region, SegmentorView

ORDERS = ('cam', 'concepts', 'nearest', 'random')
REGIONS = ('pixel', 'segment')


@dataclass(frozen=True)
class PixelCurves:
    """Curves about one pixel, and about the segment that it lies in.

    Args:
        image: Path of the image.
        point: Column and row.
        category: Class that the segmentor gives the pixel.
        segment: Number of pixels of the segment.
        curves: Probability (T,) by region and order.
    """

    image: str
    point: tuple[int, int]
    category: int
    segment: int
    curves: dict[str, dict[str, np.ndarray]]

    def area(self, region: str, order: str) -> float:
        """Return the area under a curve."""
        return mean_height(self.curves[region][order])


def compare_orders(
    model: Any,
    facts: ModelFacts,
    images: Sequence[str],
    pixels: int = 2,
    seed: int = 0,
) -> list[PixelCurves]:
    """Measure deletion curves at random pixels of images.

    Args:
        model: The segmentor that is explained, and that judges.
        facts: Of the concept model.
        images: Paths.
        pixels: Number of pixels of each image, drawn from all of it.
        seed: Of the pixels and of the random order.

    Returns:
        Curves of each pixel, image by image.

    Raises:
        ImportError: If pytorch-grad-cam is not installed.
    """
    found: list[PixelCurves] = []
    for number, image in enumerate(track_iter_progress(list(images))):
        rng = np.random.default_rng((seed, number))
        view = SegmentorView.of(model, image)
        maps = EvidenceMaps(facts, image)
        height, width = view.prediction.shape
        points = rng.choice(height * width, pixels, replace=False)
        for y, x in zip(*divmod(points, width)):
            place = int(x), int(y)
            found.append(_measure(view, facts, maps, image, place, rng))
    return found


def mean_and_error(
    values: Iterable[float], images: Iterable[str]
) -> tuple[float, float | None]:
    """Return the mean, and the standard error of the mean over images.

    Args:
        values: Equally many of each image.
        images: Image of each value: values of one are no independent draws.

    Returns:
        The error is ``None`` for a single image.

    Example:
        >>> mean_and_error([1.0, 3.0, 4.0, 4.0], ['a', 'a', 'b', 'b'])
        (3.0, 1.0)
    """
    by_image: dict[str, list[float]] = {}
    for value, image in zip(values, images):
        by_image.setdefault(image, []).append(value)
    means = [float(np.mean(own)) for own in by_image.values()]
    if len(means) < 2:
        return means[0], None
    error = float(np.std(means, ddof=1)) / math.sqrt(len(means))
    return float(np.mean(means)), error


def _measure(
    view: SegmentorView,
    facts: ModelFacts,
    maps: EvidenceMaps,
    image: str,
    point: tuple[int, int],
    rng: np.random.Generator,
) -> PixelCurves:
    pixel, segment = view.pixel(*point), view.segment(*point)
    return PixelCurves(
        image=Path(image).as_posix(),
        point=point,
        category=pixel.category,
        segment=int(segment.mask.sum()),
        curves={
            name: _curves(view, facts, maps, region, rng)
            for name, region in zip(REGIONS, (pixel, segment))
        },
    )


def _curves(
    view: SegmentorView,
    facts: ModelFacts,
    maps: EvidenceMaps,
    region: Region,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    grid = cell_grid(region.mask.shape)
    values = dict(
        cam=seg_grad_cam(view, region),
        concepts=concept_map(facts, maps, region),
        nearest=nearness_map(region),
        random=np.zeros(region.mask.shape),
    )
    orders = {name: deletion_order(values[name], grid, rng) for name in ORDERS}
    # nothing and everything deleted are the same in every order
    ends = SHARES[0], SHARES[-1]
    first, last = deletion_curve(view, region, orders['random'], grid, ends)
    inner = {
        name: deletion_curve(view, region, order, grid, SHARES[1:-1])
        for name, order in orders.items()
    }
    return {
        name: np.array([first, *found, last]) for name, found in inner.items()
    }
