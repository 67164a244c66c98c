"""What lies under square patches of an image: parts and their points."""

import torch
import torch.nn.functional as F
from torch import Tensor


def cell_centres(cells: Tensor, number: int) -> Tensor:
    """Find the pixel in the middle of each cell along one axis.

    Args:
        cells: Cell of every pixel (n,), int64, ascending.
        number: Number of cells.

    Returns:
        Pixels (number,), int64.
    """
    index = torch.arange(number, device=cells.device)
    first = torch.searchsorted(cells, index)
    end = torch.searchsorted(cells, index, right=True)
    return ((first + end) // 2).clamp(max=len(cells) - 1)


def part_points(
    parts: Tensor, instances: Tensor, num_parts: int
) -> tuple[Tensor, Tensor]:
    """Find the centroid of each part of each object.

    Args:
        parts: Part of each pixel (h,w), int64, 0 is none.
        instances: Object of each pixel (h,w), int64; 0 counts as one object.
        num_parts: Parts ``L``.

    Returns:
        Row and column of each centroid (m,2), float64, and its part (m,).
    """
    rows, columns = parts.nonzero(as_tuple=True)
    owner = instances[rows, columns]
    # 0, 1, 2, ... instead of any numbers, so that few bins are needed
    number = (owner.bincount() > 0).cumsum(dim=0) - 1
    keys = number[owner] * (num_parts + 1) + parts[rows, columns]
    counts = keys.bincount()
    found = counts.nonzero()[:, 0]
    sums = [keys.bincount(axis.double())[found] for axis in (rows, columns)]
    points = torch.stack(sums, dim=1) / counts[found, None]
    return points, found % (num_parts + 1)


def parts_hit(
    points: Tensor, kinds: Tensor, low: Tensor, high: Tensor, num_parts: int
) -> Tensor:
    """Find the parts with a point in each box, whose border belongs to it.

    Source: M-Nauta/PIPNet, util/eval_cub_csv.py
    ``eval_prototypes_cub_parts_csv``, commit 12c4da7.

    Args:
        points: Row and column of each point (m,2).
        kinds: Part of each point (m,), int64.
        low: First row and column of each box (n,2).
        high: Last row and column of each box (n,2).
        num_parts: Parts ``L``.

    Returns:
        Whether box n holds a point of part l (n,L+1).
    """
    inside = torch.ones(len(low), len(points), dtype=torch.bool)
    inside = inside.to(points.device)  # n,m
    for axis in range(2):
        place = points[:, axis]
        inside &= place >= low[:, axis, None]
        inside &= place <= high[:, axis, None]
    counts = torch.zeros(
        len(low), num_parts + 1, dtype=torch.int64, device=low.device
    )
    counts.index_add_(1, kinds, inside.long())
    return counts > 0


def largest_part(
    parts: Tensor, rows: Tensor, columns: Tensor, size: int, num_parts: int
) -> Tensor:
    """Find the part that most labelled pixels of each patch belong to.

    Args:
        parts: Part of each pixel (h,w), int64, 0 is none.
        rows: Pixel in the middle of each patch (n,), int64.
        columns: Likewise (n,).
        size: Side of the patches in pixels; what is outside of the image does
            not count.
        num_parts: Parts ``L``.

    Returns:
        Parts (n,); the lowest number on ties, 0 where no pixel has a part.
    """
    height, width = parts.shape
    offsets = torch.arange(size, device=parts.device) - size // 2
    down, across = rows[:, None] + offsets, columns[:, None] + offsets
    # outside of the image lies no part
    down = torch.where((down >= 0) & (down < height), down, height)
    across = torch.where((across >= 0) & (across < width), across, width)
    framed = F.pad(parts, (0, 1, 0, 1)).flatten()
    place = down[:, :, None] * (width + 1) + across[:, None]
    pixels = framed[place.flatten(1)]  # n,size*size
    patch = torch.arange(len(rows), device=parts.device)[:, None]
    keys = patch * (num_parts + 1) + pixels
    total = len(rows) * (num_parts + 1)
    counts = keys.flatten().bincount(minlength=total).view(len(rows), -1)
    counts[:, 0] = 0
    return counts.argmax(dim=1)
