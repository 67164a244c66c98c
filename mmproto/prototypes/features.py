"""Feature maps of a data set, image by image, and where their cells lie."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor, nn

from mmproto.models.facts import bare_model
from mmproto.models.metainfo import VOID

SECONDS_BETWEEN_LOGS = 10.0


@dataclass(frozen=True)
class ImageFeatures:
    """Neck output for one image, and how its cells lie in the image.

    Args:
        path: Path of the image, as the data set gives it.
        maps: Neck output for this image alone, a tuple of (1,D,H,W).
        label_map: Ground truth (h,w) without padding, or ``None``.
        original: Rows and columns of the image file.
        resized: Rows and columns of the network's input, without padding.
        padded: Rows and columns of the network's input.
        at_sizes: Outputs like ``maps`` for the same image at other sizes.
    """

    path: str
    maps: Any
    label_map: Tensor | None
    original: tuple[int, int]
    resized: tuple[int, int]
    padded: tuple[int, int]
    at_sizes: tuple = ()

    def covered(self) -> tuple[int, int]:
        """Return how many rows and columns of the file the map spans.

        That is the size of the file itself, unless the input was padded.
        """
        sizes = zip(self.original, self.resized, self.padded)
        rows, columns = (round(o * p / r) for o, r, p in sizes)
        return rows, columns

    def inside(self, feature_size: tuple[int, int]) -> tuple[int, int]:
        """Return how many rows and columns of cells lie outside the padding.

        The centre of a cell decides.
        """
        # centre of cell i: (i + 0.5) * padded / cells, has to be < resized
        sizes = zip(feature_size, self.resized, self.padded)
        rows, columns = (
            max(1, (2 * c * r + p - 1) // (2 * p)) for c, r, p in sizes
        )
        return min(rows, feature_size[0]), min(columns, feature_size[1])

    def labels_at(
        self, rows: Tensor, columns: Tensor, feature_size: tuple[int, int]
    ) -> Tensor:
        """Look up the labels at the centres of cells.

        Args:
            rows: Rows of the cells (n,), int64.
            columns: Columns of the cells (n,), int64.
            feature_size: Rows and columns ``H, W`` of the feature map.

        Returns:
            Labels (n,), int64; 255 where void or without ground truth.
        """
        if self.label_map is None:
            return torch.full_like(rows, VOID)
        places = []
        for axis, cell in enumerate((rows, columns)):
            size = self.label_map.shape[axis]
            span = 2 * feature_size[axis] * self.resized[axis]
            place = (2 * cell + 1) * self.padded[axis] * size // span
            places.append(place.clamp(max=size - 1))
        return self.label_map[places[0], places[1]]

    def cell_labels(self, feature_size: tuple[int, int]) -> Tensor:
        """Look up the labels at the centres of all cells.

        Args:
            feature_size: Rows and columns ``H, W`` of the feature map.

        Returns:
            Labels (H,W), int64; 255 where void or without ground truth.
        """
        height, width = feature_size
        grid = torch.cartesian_prod(torch.arange(height), torch.arange(width))
        labels = self.labels_at(grid[:, 0], grid[:, 1], feature_size)
        return labels.view(feature_size)

    def cell_purity(self, feature_size: tuple[int, int]) -> Tensor:
        """Measure the share of a cell's pixels with the label at its centre.

        A pixel of the label map belongs to the cell that contains its centre.

        Args:
            feature_size: Rows and columns ``H, W`` of the feature map.

        Returns:
            Shares (H,W), float32: 1 for a cell smaller than the pixel around
            it, 0 in the padding and without ground truth.
        """
        if self.label_map is None:
            return torch.zeros(feature_size)
        height, width = feature_size
        row_of, column_of = self._cells_of_pixels(self.label_map, feature_size)
        centre = self.cell_labels(feature_size)[row_of][:, column_of]
        same = (self.label_map == centre).float()  # h,w
        rows = torch.zeros(height, len(column_of)).index_add_(0, row_of, same)
        sums = torch.zeros(feature_size).index_add_(1, column_of, rows)
        pixels = torch.outer(
            row_of.bincount(minlength=height),
            column_of.bincount(minlength=width),
        )
        purity = torch.where(pixels > 0, sums / pixels, 1.0)
        inside = self.inside(feature_size)
        purity[inside[0] :] = 0
        purity[:, inside[1] :] = 0
        return purity

    def _cells_of_pixels(
        self, label_map: Tensor, feature_size: tuple[int, int]
    ) -> list[Tensor]:
        """Find the row of cells of each row of pixels (h,), and columns."""
        places = []
        for axis, cells in enumerate(feature_size):
            size = label_map.shape[axis]
            span = 2 * size * self.padded[axis]
            pixel = torch.arange(size)
            places.append((2 * pixel + 1) * self.resized[axis] * cells // span)
        return places


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluate without leaving a trace in training.

    No gradients; every module returns to its own mode afterwards, even after
    an error; random numbers continue as if nothing had happened (a data
    loader draws a seed whenever it starts).
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def iterate_features(
    model: nn.Module,
    loader: Iterable,
    title: str = 'Features',
    sizes: Sequence[float] = (),
    wanted: Callable[[str], bool] | None = None,
) -> Iterator[ImageFeatures]:
    """Run backbone and neck over a data set, as mmseg's ``predict`` does.

    Images go through the network one by one, whatever the loader's batch
    size: rounding in a convolution may depend on the batch, and the images
    of a data set may differ in size. Call this within :func:`evaluating`.

    Args:
        model: A segmentor, or a data-parallel wrapper of one.
        loader: Yields ``dict(inputs=[...], data_samples=[...])``.
        title: Start of the progress lines in the log.
        sizes: Factors for other sizes at which the network also sees each
            image.
        wanted: Whether to look at the image of a path; all by default.

    Yields:
        Images in the loader's order.

    Raises:
        ValueError: If a sample does not say which image it is, or other
            sizes are asked for where the loader gives kept features.
    """
    segmentor = bare_model(model)
    total = len(loader) if isinstance(loader, Sized) else None
    start = last_log = time.monotonic()
    for count, batch in enumerate(loader, 1):
        for image, sample in zip(batch['inputs'], batch['data_samples']):
            path = _path(sample)
            if wanted is None or wanted(path):
                yield _features(segmentor, image, sample, path, sizes)
        now = time.monotonic()
        if now - last_log > SECONDS_BETWEEN_LOGS:
            progress = _progress(count, total, now - start)
            print_log(f'{title}: {progress}', logger='current')
            last_log = now


def _progress(count: int, total: int | None, seconds: float) -> str:
    """Say how far a loop is, and how long the rest takes at this speed."""
    if total is None:
        return f'batch {count}'
    left = timedelta(seconds=round(seconds / count * (total - count)))
    short = str(left).removeprefix('0:').removeprefix('0')
    return f'batch {count} of {total}, {short} left'


def _path(sample: Any) -> str:
    """Return the path of a sample's image."""
    if not sample.metainfo.get('img_path'):
        raise ValueError(
            'a sample has no img_path, so a prototype could not be traced '
            "back to its image; add 'img_path' to the meta_keys of "
            'PackSegInputs'
        )
    return str(sample.metainfo['img_path'])


def _features(
    model: Any,
    image: Tensor,
    sample: Any,
    path: str,
    sizes: Sequence[float],
) -> ImageFeatures:
    """Run one image through backbone and neck."""
    if sizes and not isinstance(image, Tensor):
        raise ValueError(
            f'other_sizes={tuple(sizes)} need images, but the loader gives '
            'features that are kept at fixed sizes: leave other_sizes out, '
            'or initialise the prototypes without mmproto.FrozenFeaturesHook'
        )
    label_map = None
    if 'gt_sem_seg' in sample:
        label_map = sample.gt_sem_seg.data.squeeze(0).cpu()
    resized = map_size(image)
    data = dict(inputs=[image], data_samples=[sample])
    inputs = model.data_preprocessor(data, False)['inputs']  # 1,3,h,w
    original = sample.metainfo.get('ori_shape', resized)
    return ImageFeatures(
        path=path,
        maps=model.extract_feat(inputs),
        label_map=label_map,
        original=(int(original[0]), int(original[1])),
        resized=resized,
        padded=map_size(inputs),
        at_sizes=tuple(
            model.extract_feat(resize_by(inputs, size)) for size in sizes
        ),
    )


def resize_by(image: Tensor, factor: float) -> Tensor:
    """Resize an image (1,3,h,w) by a factor, rounding its size."""
    size = [max(1, round(side * factor)) for side in image.shape[2:]]
    return F.interpolate(image, size, mode='bilinear', antialias=factor < 1)


def map_size(image: Tensor) -> tuple[int, int]:
    """Return the rows and columns of an image or map (...,h,w)."""
    return int(image.shape[-2]), int(image.shape[-1])
