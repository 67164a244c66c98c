"""Options of fitting concepts to a trained segmentor."""

import math
from dataclasses import dataclass

TARGETS = ('labels', 'model')
DEFAULT_ITERS = 600
SHORTEST = 20  # iterations that keep all moments of the recipe apart


@dataclass(frozen=True)
class FitOptions:
    """What to fit, to what, and how long.

    Args:
        layers: Stages of the backbone to use; chosen from what the model's
            own heads read by default.
        concepts: Number ``K`` of concepts.
        max_iters: Iterations of the fit, ``DEFAULT_ITERS`` by default.
        minutes: Instead of ``max_iters``: as many as fit into this time on
            this machine, with clustering and projection.
        target: ``'labels'``, or ``'model'`` for the model's own predictions.
        min_agreement: Share of pixels, from 0 to 1, below which a warning
            says that explanations may not be the model's reasons.
        sizes: Factors of the image's size at which features are kept.
        batch_size: Places (images, or sliding windows) in a step.
        cache_gb: Limit of the features on disk, in 10^9 bytes.
        seed: Of everything that is drawn.

    Raises:
        ValueError: If a number is out of its range or both lengths are given.
    """

    layers: tuple[int, ...] | None = None
    concepts: int = 32
    max_iters: int | None = None
    minutes: float | None = None
    target: str = 'labels'
    min_agreement: float = 0.9
    sizes: tuple[float, ...] = (1.0,)
    batch_size: int = 8
    cache_gb: float = 20.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.target not in TARGETS:
            raise ValueError(
                f'target must be one of {TARGETS}, got {self.target!r}'
            )
        if self.max_iters is not None and self.minutes is not None:
            raise ValueError(
                f'got max_iters={self.max_iters} and minutes={self.minutes}; '
                'give one of them'
            )
        if self.max_iters is not None and self.max_iters < SHORTEST:
            raise ValueError(
                f'a fit needs at least {SHORTEST} iterations, got '
                f'max_iters={self.max_iters}'
            )
        for name in ('concepts', 'batch_size'):
            if getattr(self, name) < 1:
                raise ValueError(
                    f'{name} must be at least 1, got {getattr(self, name)}'
                )
        for name in ('minutes', 'cache_gb'):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f'{name} must be above 0, got {value}')
        if not 0 <= self.min_agreement <= 1:
            raise ValueError(
                'min_agreement is a share of pixels between 0 and 1, got '
                f'{self.min_agreement}'
            )
