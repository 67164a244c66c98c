"""How prototypes are initialised, and what an initialisation found."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class InitOptions:
    """How prototypes are initialised.

    Attributes:
        pixels_per_class: Cells drawn of each class of each image, at most.
        latents_per_class: Cells kept of each class, at most.
        min_share: Classes with a smaller share of what lies under a concept
            get exactly nothing from it.
        min_cell_purity: Share of a cell's pixels that its label must have for
            the cell to be clustered; 0 for no such condition. The purest of
            the others are taken where a class has too few.
        class_power: Concepts of a class are proportional to its pixels to
            this power; 0 for equally many.
        other_sizes: Sizes, beside its own, at which the network sees each
            image, as factors. Cells are then clustered by how they look at
            all sizes together, and the prototypes of a concept are its looks
            at each size in turn: one thing, near and far.
        image_share: Share of the training images that are looked at.
        seed: Of the draw and of the clustering.

    Raises:
        ValueError: If one of them is out of range.
    """

    pixels_per_class: int = 20
    latents_per_class: int = 8000
    min_share: float = 0.05
    min_cell_purity: float = 0.0
    class_power: float = 0.0
    other_sizes: tuple[float, ...] = ()
    image_share: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        sizes = tuple(self.other_sizes)  # configs have lists
        object.__setattr__(self, 'other_sizes', sizes)
        for name in ('pixels_per_class', 'latents_per_class'):
            if getattr(self, name) < 1:
                raise ValueError(
                    f'{name} must be at least 1, got {getattr(self, name)}'
                )
        for name in ('min_share', 'min_cell_purity'):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f'{name} must lie in [0, 1], got {getattr(self, name)}'
                )
        if self.class_power < 0:
            raise ValueError(
                f'class_power must not be negative, got {self.class_power}'
            )
        if not 0 < self.image_share <= 1:
            raise ValueError(
                f'image_share must lie in (0, 1], got {self.image_share}'
            )
        if any(not 0 < size < math.inf or size == 1 for size in sizes):
            raise ValueError(
                'other_sizes are positive factors other than 1, such as '
                f'(0.5, 2.0), got {self.other_sizes}'
            )


@dataclass(frozen=True)
class InitReport:
    """What an initialisation found.

    Attributes:
        pixels: Labelled pixels of each class in the training set (C,).
        cells: Cells of each class that were clustered (C,).
        concepts: Concepts of each class (C,).
        cosine: Cosine of each prototype to its nearest latent (K,M).
        zeros: Share of exact zeros in the classifier.
    """

    pixels: Tensor
    cells: Tensor
    concepts: Tensor
    cosine: Tensor
    zeros: float = math.nan

    def class_cosines(self) -> list[float]:
        """Mean cosine of each class's prototypes; nan for a class without."""
        parts = self.cosine.split(self.concepts.tolist())
        return [float(part.mean()) for part in parts]

    def summary(self) -> str:
        """Say it in one line."""
        return (
            f'{self.cosine.numel()} prototypes from {int(self.cells.sum())} '
            'cells: mean cosine to the nearest latent '
            f'{self.cosine.mean():.4f}, exact zeros in the classifier '
            f'{self.zeros:.4f}'
        )

    def table(self, classes: Sequence[str]) -> list[str]:
        """A line for each of the classes (C,), and one of titles."""
        width = max(5, *(len(name) for name in classes))
        lines = [f'{"class":{width}}  concepts   cells      pixels  cosine']
        rows = zip(
            classes,
            self.concepts,
            self.cells,
            self.pixels,
            self.class_cosines(),
        )
        for name, concepts, cells, pixels, cosine in rows:
            lines.append(
                f'{name:{width}}  {concepts:8d}  {cells:6d}  {pixels:10d}  '
                + (f'{cosine:6.4f}' if concepts else '     -')
            )
        return lines
