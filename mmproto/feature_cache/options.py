"""What to keep of a frozen backbone's features."""

import math
from dataclasses import dataclass

TARGETS = ('labels', 'model')
DTYPES = ('float16', 'float32')
GIGABYTE = 10**9


@dataclass(frozen=True)
class CacheOptions:
    """Options of a cache.

    Attributes:
        stages: Indexes of the backbone's maps to keep, as they are. ``None``
            for what the neck reads: pooled, where it has a method ``pooled``;
            all maps if it does not say.
        sizes: Factors at which the network sees each image, 1 among them.
        flip: Whether it also sees each image mirrored.
        cache_gb: Most gigabytes (1e9 bytes) that features and labels may
            fill; of a larger data set a random sample is kept.
        target: ``'labels'`` keeps the ground truth, ``'model'`` what
            ``segmentor.black_box`` predicts, for which no labels are needed.
        dtype: ``'float16'`` or ``'float32'``.
        seed: Decides which images are in a sample.

    Raises:
        ValueError: If an option is out of range.
    """

    stages: tuple[int, ...] | None = None
    sizes: tuple[float, ...] = (1.0,)
    flip: bool = True
    cache_gb: float = 20.0
    target: str = 'labels'
    dtype: str = 'float16'
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges; configs have lists."""
        object.__setattr__(self, 'sizes', tuple(map(float, self.sizes)))
        if self.stages is not None:
            object.__setattr__(self, 'stages', tuple(self.stages))
            if not self.stages:
                raise ValueError('stages names no map of the backbone')
        if any(not 0 < size < math.inf for size in self.sizes):
            raise ValueError(f'sizes are positive factors, got {self.sizes}')
        if 1.0 not in self.sizes or len(set(self.sizes)) < len(self.sizes):
            raise ValueError(
                'sizes must name 1.0, the size at which prototypes are '
                f'projected, and no factor twice, got {self.sizes}'
            )
        if not self.cache_gb > 0:
            raise ValueError(f'cache_gb must be above 0, got {self.cache_gb}')
        for name, known in (('target', TARGETS), ('dtype', DTYPES)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f'{name} must be one of {known}, got '
                    f'{getattr(self, name)!r}'
                )

    @property
    def variants(self) -> list[tuple[float, bool]]:
        """Size factor and flip of each way to see an image, plain first."""
        sizes = sorted(self.sizes, key=lambda size: size != 1)
        flips = (False, True) if self.flip else (False,)
        return [(size, flip) for size in sizes for flip in flips]

    @property
    def limit(self) -> int:
        """Most bytes of features and labels."""
        return int(self.cache_gb * GIGABYTE)
