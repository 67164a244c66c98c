"""Build a cache of features, or continue a half-written one."""

import errno
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.dist import (
    broadcast_object_list,
    get_dist_info,
    is_main_process,
)
from mmengine.logging import print_log
from mmengine.registry import DATASETS
from torch import Tensor
from torch.utils.data import DataLoader

from mmproto.datasets.config_checks import leaf_configs
from mmproto.datasets.plain_loader import (
    projection_dataloader,
    without_labels,
)
from mmproto.models.facts import bare_model
from mmproto.prototypes.features import evaluating
from mmproto.prototypes.ranks import on_all_ranks

from .cache import FeatureCache, Taken, locked, start_cache
from .maps import Size
from .options import GIGABYTE, CacheOptions
from .places import ImageView
from .progress import Progress
from .record import cache_record
from .views import FrozenNetwork, ImageViews, to_numpy

TITLE = 'the feature cache'


def build_cache(
    model: Any, cfg: Config, options: CacheOptions, root: str | Path
) -> FeatureCache:
    """Keep the features of the training images, or find them kept.

    Each image goes through the model's own preprocessing and its backbone,
    in evaluation mode, once for each size and flip; a model with sliding
    windows sees these instead of the image. What an interrupted run has kept
    is not computed again. All ranks must come here together.

    Args:
        model: A segmentor, or a data-parallel wrapper of one; it is left as
            it was.
        cfg: The complete config: images as in
            :func:`~mmproto.datasets.plain_loader.projection_dataloader`.
        options: What to keep.
        root: Folder of caches. Each is a folder of its own in it.

    Returns:
        The cache, of as many images as fit below the limit.

    Raises:
        OSError: If the disk is full.
        ValueError: If the features or labels cannot be kept, or one image
            needs more than the limit.
    """
    segmentor = bare_model(model)
    network = FrozenNetwork(segmentor, options)
    loader = projection_dataloader(cfg)
    if options.target == 'model':
        drop_labels(loader)
    dataset = DATASETS.build(loader['dataset'])
    record = cache_record(segmentor, cfg, loader, dataset, options)
    shared = [record]
    broadcast_object_list(shared)
    with ExitStack() as stack:
        # The first rank waits for other runs, and the others for it.
        folders = on_all_ranks(TITLE, lambda: _start(root, shared[0], stack))
        cache = FeatureCache(folders[0], options.limit)
        if not cache.is_complete(options.limit):
            with evaluating(segmentor):
                workers = loader.get('num_workers', 0)
                _Build(network, dataset, cache, options).run(workers)
            cache = FeatureCache(folders[0], options.limit)
    if is_main_process():
        print_log(_summary(cache), logger='current')
    return cache


def _start(root: str | Path, record: dict, stack: ExitStack) -> Path:
    """Lock the folder on the first rank, and open this rank's part."""
    folder = Path(root)
    if is_main_process():
        folder = start_cache(root, record)
        stack.enter_context(locked(folder))
    return folder


def drop_labels(loader: dict) -> None:
    """Take the loading of labels out of the config of a loader."""
    for leaf in leaf_configs(loader['dataset']):
        leaf['pipeline'] = without_labels(leaf['pipeline'])


def _summary(cache: FeatureCache) -> str:
    return (
        f'Features of {cache.taken.count} of {len(cache.taken.order)} images '
        f'({cache.taken.bytes / GIGABYTE:.2f} GB) are in {cache.folder}'
    )


class _Build:
    """One run of all ranks that fills a cache.

    Ranks go through the images side by side. Before anything of an image is
    written, all know its bytes, which follow from the sizes of its views: so
    the images taken do not depend on the number of ranks.
    """

    def __init__(
        self,
        network: FrozenNetwork,
        dataset: Any,
        cache: FeatureCache,
        options: CacheOptions,
    ) -> None:
        self.network = network
        self.dataset = dataset
        self.cache = cache
        self.options = options
        self.rank, self.world_size = get_dist_info()
        self.part = cache.part(f'part_{self.rank}')
        self.sizes = dict(cache.sizes)
        self.taken = Taken(cache.taken.order, options.limit)
        # Bytes of a view follow from its rows and columns.
        self.bytes_of: dict[Size, int] = {
            item.padded: self.part.bytes_of(item)
            for item in cache.items.values()
        }
        self.views: ImageViews | None = None
        self.held: dict[tuple[int, int, int], tuple] = {}

    def run(self, workers: int) -> None:
        """Go through the images that are not complete, in their order."""
        todo = [n for n in self.taken.order if n not in self.sizes]
        place = {n: index for index, n in enumerate(self.taken.order)}
        batches = self._batches(todo[self.rank :: self.world_size], workers)
        on_all_ranks(TITLE, self.part.open)
        progress = Progress(self.cache, self.options)
        self.taken.advance(self.sizes)
        for start in range(0, len(todo), self.world_size):
            if self.taken.full:
                break
            group = todo[start : start + self.world_size]
            own = group[self.rank] if self.rank < len(group) else None
            found = on_all_ranks(TITLE, partial(self._measure, batches, own))
            self.sizes.update(zip(group, found))
            if self.rank == 0:
                progress.begin(len(todo), found[0])
            self.taken.advance(self.sizes)
            fits = own is not None and place[own] < self.taken.count
            on_all_ranks(TITLE, partial(self._write, fits))
            progress.advance(sum(place[n] < self.taken.count for n in group))
        progress.end()
        on_all_ranks(TITLE, self._finish)

    def _batches(self, numbers: list[int], workers: int) -> Iterator[dict]:
        return iter(
            DataLoader(
                self.dataset,
                batch_size=1,
                sampler=numbers,
                num_workers=min(workers, len(numbers)),
                collate_fn=pseudo_collate,
            )
        )

    def _measure(self, batches: Iterator[dict], number: int | None) -> int:
        """Return the bytes of the next image; 0 where this rank has none."""
        self.held.clear()
        self.views = None
        if number is None:
            return 0
        self.views = ImageViews(
            self.network.segmentor,
            next(batches),
            number,
            self.options,
            self.dataset.metainfo.get('flip_pairs'),
        )
        total = 0
        for key, view in self.views:
            padded = view.sizes()[1]
            if padded not in self.bytes_of:
                maps, labels = self.network.run(self.views, view)
                self.held[key] = (maps, labels)
                item = self.views.item(key, view, maps)
                self.bytes_of[padded] = self.part.bytes_of(item)
            total += self.bytes_of[padded]
        if total > self.options.limit:
            raise ValueError(
                f'the features of {self.views.path} alone need '
                f'{total / GIGABYTE:.3g} GB, but cache_gb='
                f'{self.options.cache_gb}: allow more, or keep fewer stages '
                'or sizes'
            )
        return total

    def _write(self, fits: bool) -> None:
        """Write what is not yet kept of the image."""
        if not fits or self.views is None:
            return
        for key, view in self.views:
            if key in self.cache.items:
                continue
            maps, labels = self.held.pop(key, (None, None))
            if maps is None:
                maps, labels = self.network.run(self.views, view)
            self._append(key, view, maps, labels)

    def _append(
        self,
        key: tuple[int, int, int],
        view: ImageView,
        maps: list[Tensor | None],
        labels: Tensor,
    ) -> None:
        item = self.views.item(key, view, maps)  # type: ignore[union-attr]
        try:
            self.part.append(item, to_numpy(maps, labels))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise OSError(
                errno.ENOSPC,
                f'the disk is full after {self.taken.count - 1} images; free '
                'space and run again, which goes on from there, or give a '
                'smaller cache_gb',
                str(self.cache.folder),
            ) from error

    def _finish(self) -> None:
        self.part.close()
        if self.rank == 0:
            self.cache.mark_complete(self.taken)
