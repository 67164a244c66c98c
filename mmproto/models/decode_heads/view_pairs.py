"""Two views of the same images, laid over each other.

The second view shows a window of the first, enlarged to its size.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mmproto.models.precision import in_full_precision


@dataclass
class ViewPair:
    """Hold the maps of two views; a cell shows the same place in both.

    Args:
        first: Maps of the first view (B,S,K,h,w).
        second: Maps of the second view (B,S,K,h,w).
        shown: Cells that are not padding (B,h,w), bool.
    """

    first: Tensor
    second: Tensor
    shown: Tensor


@in_full_precision
def pair_views(maps: Tensor, metas: Sequence[dict]) -> ViewPair:
    """Split a batch into two views and bring them to one grid.

    The grid covers the second view, as coarsely as the first view sees the
    window: cells of the second view are averaged, those of the first are
    sampled bilinearly. What sums to one over concepts still does. Where the
    zoom does not divide the number of cells, places agree to half a cell.

    Args:
        maps: Maps (N,S,K,H,W) of all first views, then of the second views of
            the first B images.
        metas: Meta information of the samples: ``view`` and ``window`` of
            ``TwoViews``, ``img_shape`` and ``pad_shape`` of mmseg.

    Raises:
        ValueError: If the samples are not pairs of views.
    """
    number = _first_views(metas)
    pairs = len(metas) - number
    first, second = maps[:pairs], maps[number:]
    sizes, windows, padded = (
        torch.tensor(
            [meta[key] for meta in metas[number:]], device=maps.device
        )
        for key in ('img_shape', 'window', 'pad_shape')
    )
    zoom = float((sizes / windows[:, 2:]).mean())
    height, width = (max(1, round(side / zoom)) for side in maps.shape[-2:])
    grid = (height, width)
    centres = _cell_centres(grid, maps.device) * padded[:, None]  # B,hw,2
    shown = (centres < sizes[:, None]).all(dim=2).unflatten(1, grid)
    if bool((sizes == windows[:, 2:]).all()):
        return ViewPair(first, second, shown)
    places = windows[:, None, :2] + centres * (windows[:, 2:] / sizes)[:, None]
    places = (2 * places / padded[:, None] - 1).flip(2)  # x before y
    return ViewPair(
        _sample(first, places.unflatten(1, grid).to(maps)),
        _average(second, grid),
        shown,
    )


def _first_views(metas: Sequence[dict]) -> int:
    """Count the first views, which second views have to follow."""
    views = [meta.get('view') for meta in metas]
    number = views.count(0)
    pairs = len(views) - number
    if not 0 < pairs <= number or views != [0] * number + [1] * pairs:
        raise ValueError(
            'a concept loss compares two views of each image, but the '
            f'samples are views {views}; end the train pipeline with '
            'mmproto.TwoViews and set the loader to '
            "collate_fn=dict(type='mmproto.two_view_collate')"
        )
    return number


def _cell_centres(grid: tuple[int, int], device: torch.device) -> Tensor:
    """Place each cell's centre (hw,2) at a row and column, 0 to 1."""
    rows, columns = (
        (torch.arange(side, device=device) + 0.5) / side for side in grid
    )
    return torch.cartesian_prod(rows, columns)


def _sample(maps: Tensor, places: Tensor) -> Tensor:
    """Sample maps (B,S,K,H,W) bilinearly at places (B,h,w,2) in [-1,1]."""
    found = F.grid_sample(
        maps.flatten(1, 2),  # B,SK,H,W
        places,
        padding_mode='border',
        align_corners=False,
    )
    return found.unflatten(1, maps.shape[1:3])


def _average(maps: Tensor, grid: tuple[int, int]) -> Tensor:
    """Average maps (B,S,K,H,W) over the cells of a coarser grid."""
    pooled = F.adaptive_avg_pool2d(maps.flatten(1, 2), grid)
    return pooled.unflatten(1, maps.shape[1:3])
