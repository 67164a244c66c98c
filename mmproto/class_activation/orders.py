"""Orders in which the cells of an image are deleted."""

import numpy as np
import torch
from scipy import ndimage

from mmproto.explanations.concepts import COVERAGE
from mmproto.explanations.evidence import CHANNELS_AT_ONCE, EvidenceMaps
from mmproto.explanations.explanation import fewest
from mmproto.models.facts import ModelFacts

from .segmentor_view import Region


def concept_map(
    facts: ModelFacts, maps: EvidenceMaps, region: Region
) -> np.ndarray:
    """Return the evidence of the concepts that decide about some pixels.

    These are the fewest that reach most of the evidence for the class there,
    as in :func:`mmproto.explain`.

    Args:
        facts: Of the concept model.
        maps: Of the same image.
        region: Pixels and their class.

    Returns:
        Sum (h,w) of what these concepts contribute to the class at every
        place.
    """
    weights = facts.head.class_weights[region.category].detach().cpu()  # K
    mask = torch.from_numpy(region.mask)
    means = [
        maps.activations(part.tolist())[:, mask].mean(dim=1)
        for part in torch.arange(len(weights)).split(CHANNELS_AT_ONCE)
    ]
    contributions = weights * torch.cat(means)  # K
    total = torch.zeros(region.mask.shape)
    for concept in fewest(contributions.numpy(), COVERAGE):
        total += weights[concept] * maps.activations([concept])[0]
    return total.numpy()


def nearness_map(region: Region) -> np.ndarray:
    """Return the distance (h,w) to the pixels, in pixels and negative."""
    return -ndimage.distance_transform_edt(~region.mask)


def cell_index(size: tuple[int, int], grid: tuple[int, int]) -> np.ndarray:
    """Return the number of the cell (h,w) that each pixel lies in.

    Args:
        size: Rows and columns of the image.
        grid: Rows and columns of cells.

    Example:
        >>> cell_index((2, 6), (1, 3))
        array([[0, 0, 1, 1, 2, 2],
               [0, 0, 1, 1, 2, 2]])
    """
    rows, columns = (np.arange(n) * g // n for n, g in zip(size, grid))
    return rows[:, None] * grid[1] + columns


def deletion_order(
    values: np.ndarray, grid: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """List cells, the one with the largest mean first.

    Args:
        values: Map (h,w).
        grid: Rows and columns of cells, no more than the map has.
        rng: Orders cells with the same mean.

    Returns:
        Numbers of the cells (n,).
    """
    cells = cell_index(values.shape, grid).ravel()
    means = np.bincount(cells, values.ravel()) / np.bincount(cells)
    return np.lexsort((rng.random(len(means)), -means))
