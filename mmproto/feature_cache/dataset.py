"""Kept features as a data set."""

from pathlib import Path
from typing import Any

import numpy as np
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.utils.data import Dataset

from mmproto.registry import DATASETS

from .cache import FeatureCache
from .maps import FeatureMaps
from .options import GIGABYTE
from .parts import Item


@DATASETS.register_module()
class CachedFeatures(Dataset):
    """The places of a cache: images, or windows of images.

    Drawing a place picks one of its sizes and flips, by NumPy's random
    numbers, which mmengine seeds in every worker.

    Args:
        folder: Folder of the cache.
        cache_gb: Most gigabytes (1e9 bytes) to use; all by default.
        plain: Whether every place comes in its own size, not mirrored.

    Raises:
        FileNotFoundError: If there is no cache.
        ValueError: If it is not what its folder says, or empty.
    """

    def __init__(
        self,
        folder: str | Path,
        cache_gb: float | None = None,
        plain: bool = False,
    ) -> None:
        limit = None if cache_gb is None else int(cache_gb * GIGABYTE)
        self.cache = FeatureCache(folder, limit)
        self.plain = plain
        items = self.cache.items
        self.places = [
            (image, place)
            for image in self.cache.images
            for place in range(items[image, 0, 0].places)
        ]
        if not self.places:
            raise ValueError(
                f'{folder} holds no complete image: build the cache first'
            )

    @property
    def metainfo(self) -> dict:
        """What the data set of the images says about itself."""
        known = dict(self.cache.record['metainfo'])
        return known | dict(classes=tuple(known.get('classes') or ()))

    def __len__(self) -> int:
        """Count the places."""
        return len(self.places)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Draw a place; ``dict(inputs=FeatureMaps, data_samples=...)``."""
        variant = 0
        if not self.plain:
            variant = int(np.random.randint(len(self.cache.variants)))
        item = self.cache.items[self.places[index] + (variant,)]
        maps, labels = self.cache.read(item)
        rows, columns = item.content
        sample = SegDataSample(metainfo=self._metainfo(item))
        sample.gt_sem_seg = PixelData(data=labels[None, :rows, :columns])
        inputs = FeatureMaps(maps, item.content, item.padded)
        return dict(inputs=inputs, data_samples=sample)

    def _metainfo(self, item: Item) -> dict[str, Any]:
        size, flip = self.cache.variants[item.variant]
        rows, columns = (
            content / original
            for content, original in zip(item.content, item.original)
        )
        return dict(
            img_path=item.path,
            ori_shape=item.original,
            img_shape=item.content,
            pad_shape=item.padded,
            scale_factor=(columns, rows),
            flip=flip,
            flip_direction='horizontal' if flip else None,
            size=size,
            box=item.box,
        )
