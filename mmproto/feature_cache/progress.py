"""What the building of a cache says while it runs."""

from mmengine.logging import print_log
from mmengine.utils import ProgressBar

from .cache import FeatureCache
from .options import GIGABYTE, CacheOptions


class Progress:
    """A line before the first image, and a bar with the remaining time.

    Args:
        cache: As it was found.
        options: Options of the cache.
    """

    def __init__(self, cache: FeatureCache, options: CacheOptions) -> None:
        self.cache = cache
        self.options = options
        self._bar: ProgressBar | None = None

    def begin(self, images: int, size: int) -> None:
        """Say once what is to come.

        Args:
            images: Images that are not kept yet.
            size: Bytes of the first of them.
        """
        if self._bar is not None:
            return
        total = images * size
        text = (
            f'Keeping features of {images} images x '
            f'{len(self.options.variants)} variants, {size / 1e6:.2f} MB an '
            f'image, {total / GIGABYTE:.2f} GB in all'
        )
        free = self.options.limit - sum(self.cache.sizes.values())
        if total > free:
            images = max(free // size, 1)
            text += (
                f': more than cache_gb={self.options.cache_gb:g}, so that a '
                f'random sample of about {images} images is taken'
            )
        print_log(f'{text} ({self.cache.folder})', logger='current')
        self._bar = ProgressBar(images)

    def advance(self, images: int) -> None:
        """Count images that were written."""
        if self._bar is not None and images:
            # more than expected, if they are smaller than the first one
            done = self._bar.completed + images
            self._bar.task_num = max(self._bar.task_num, done)
            self._bar.update(images)

    def end(self) -> None:
        """End the line of the bar."""
        if self._bar is not None:
            self._bar.file.write('\n')
