"""Where the parts of an image are, in pixels and in cells."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from .patch_parts import cell_centres


@dataclass(frozen=True)
class Instance:
    """One object, read at the centres of cells.

    Args:
        class_index: Its class.
        cells: Cells whose centre it covers (n,), int64.
        parts: Part at the centre of each (n,), 0 where there is none of its
            class.
    """

    class_index: int
    cells: Tensor
    parts: Tensor


@dataclass(frozen=True)
class PartTargets:
    """The parts of one image.

    ``L`` parts, numbered from 1; cells are numbered row by row.

    Args:
        size: Rows and columns ``h, w`` of the image.
        part_classes: Class of each part (L+1,), -1 where there is none.
        points: Row and column of the centroid of each part (L+1,2), int64.
        part_pixels: Pixels of each part in each cell (L+1,HW), int64.
        class_pixels: Pixels of each class in each cell (C,HW), int64.
        masked: Parts that the image shows inside their own class (L+1,).
        component_cells: Cells under the centroids of connected components
            of parts (m,). Only those that lie in the part's class.
        component_parts: Part of each (m,).
        instances: Objects that show more than one part, or a part and a
            place without one, so that there is something to tell apart.
    """

    size: tuple[int, int]
    part_classes: Tensor
    points: Tensor
    part_pixels: Tensor
    class_pixels: Tensor
    masked: Tensor
    component_cells: Tensor
    component_parts: Tensor
    instances: list[Instance]

    @property
    def visible(self) -> Tensor:
        """Parts that the image shows (L+1,), bool."""
        shown = self.part_pixels.sum(dim=1) > 0
        shown[0] = False
        return shown

    @property
    def shown(self) -> Tensor:
        """Classes that the image shows (C,), bool."""
        return self.class_pixels.sum(dim=1) > 0


def part_targets(
    parts: Tensor,
    instances: Tensor,
    labels: Tensor,
    part_classes: Tensor,
    num_classes: int,
    cell_rows: Tensor,
    cell_columns: Tensor,
) -> PartTargets:
    """Locate the parts of an image.

    Args:
        parts: Part of each pixel (h,w), int64, 0 is none.
        instances: Object of each pixel (h,w), int64, 0 is none. Pixels that
            have a part but no object make up one object per class.
        labels: Class of each pixel (h,w), int64, 255 is void.
        part_classes: Class of each part (L+1,), -1 where there is none.
        num_classes: Classes ``C``.
        cell_rows: Row of the cell under each row of pixels (h,), ascending.
        cell_columns: Its column for each column of pixels (w,).
    """
    parts = parts * (part_classes[parts] >= 0)
    rows, columns = int(cell_rows[-1]) + 1, int(cell_columns[-1]) + 1
    cells = cell_rows[:, None] * columns + cell_columns  # h,w
    in_class = parts * (part_classes[parts] == labels)
    masked = in_class.flatten().bincount(minlength=len(part_classes)) > 0
    masked[0] = False
    places, kinds = component_centroids(in_class)
    # outside the class of its part, a masked map is zero
    seen = labels[places[:, 0], places[:, 1]] == part_classes[kinds]
    places, kinds = places[seen], kinds[seen]
    centres = torch.meshgrid(
        cell_centres(cell_rows, rows),
        cell_centres(cell_columns, columns),
        indexing='ij',
    )
    return PartTargets(
        size=(parts.shape[0], parts.shape[1]),
        part_classes=part_classes,
        points=_centroids(parts, len(part_classes)),
        part_pixels=_count(parts, cells, len(part_classes), rows * columns),
        class_pixels=_count(labels, cells, num_classes, rows * columns),
        masked=masked,
        component_cells=cells[places[:, 0], places[:, 1]],
        component_parts=kinds,
        instances=_objects(parts[centres], instances[centres], part_classes),
    )


def component_centroids(parts: Tensor) -> tuple[Tensor, Tensor]:
    """Find what ScaleProtoSeg takes for the components of each part.

    Those are the connected components (eight neighbours) and everything that
    is not the part, which OpenCV lists first.

    Args:
        parts: Part of each pixel (h,w), 0 is none.

    Returns:
        Row and column of each centroid (m,2), rounded, and its part (m,).
    """
    pixels = parts.cpu().numpy().astype(np.int16)
    places: list[Any] = [np.zeros((0, 2), np.int64)]
    kinds: list[int] = []
    for part in np.flatnonzero(np.bincount(pixels[pixels > 0])).tolist():
        found = _mask_centroids((pixels == part).view(np.uint8))
        places.append(np.round(found).astype(np.int64))
        kinds += [part] * len(found)
    device = parts.device
    return (
        torch.from_numpy(np.concatenate(places)).to(device),
        torch.tensor(kinds, dtype=torch.int64, device=device),
    )


def _mask_centroids(mask: np.ndarray) -> np.ndarray:
    """Find the centroids (m,2) of a mask's complement and components."""
    left, top, width, height = cv2.boundingRect(mask)
    frame = mask[top : top + height, left : left + width]
    _, _, stats, centroids = cv2.connectedComponentsWithStats(frame)
    area = stats[1:, cv2.CC_STAT_AREA]
    inside = centroids[1:, ::-1] + (top, left)
    rest = mask.size - area.sum()
    if not rest:
        return inside
    middle = (np.array(mask.shape) - 1) / 2
    total = mask.size * middle - (inside * area[:, None]).sum(axis=0)
    return np.vstack([total / rest, inside])


def _count(values: Tensor, cells: Tensor, kinds: int, total: int) -> Tensor:
    """Count the pixels of each value in each cell (kinds,total)."""
    keys = values.clamp(max=kinds) * total + cells  # the last kind is void
    counts = keys.flatten().bincount(minlength=(kinds + 1) * total)
    return counts[: kinds * total].view(kinds, total)


def _centroids(parts: Tensor, num_parts: int) -> Tensor:
    """Find the centroid of each part, truncated to whole pixels."""
    found = []
    for axis, length in enumerate(parts.shape):
        place = torch.arange(length, device=parts.device)
        along = place[:, None] if axis == 0 else place
        counts = _count(parts, along.expand_as(parts), num_parts, length)
        total = (counts * place).sum(dim=1)
        found.append(total // counts.sum(dim=1).clamp(min=1))
    return torch.stack(found, dim=1)


def _objects(
    parts: Tensor, instances: Tensor, part_classes: Tensor
) -> list[Instance]:
    """List the objects at the centres of cells (H,W)."""
    parts, instances = parts.flatten(), instances.flatten()
    classes = part_classes[parts]
    alone = (instances == 0) & (parts > 0)
    instances = torch.where(alone, -1 - classes, instances)
    objects = []
    for instance in instances[instances != 0].unique().tolist():
        cells = (instances == instance).nonzero()[:, 0]
        known = classes[cells][parts[cells] > 0]
        if len(known) == 0:
            continue
        owner = int(known.mode().values)
        own = parts[cells] * (classes[cells] == owner)
        if len(own.unique()) > 1:
            objects.append(Instance(owner, cells, own))
    return objects
