"""Options and report of an initialisation of prototypes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the flags of a command are read without torch
    from torch import Tensor


@dataclass(frozen=True)
class InitOptions:
    """Options of an initialisation.

    Attributes:
        pixels_per_class: Maximum number of cells drawn per class and image.
        latents_per_class: Maximum number of cells kept per class.
        min_share: Classes with a smaller share of a concept's activation get
            a weight of exactly zero.
        min_cell_purity: Share of a cell's pixels that must have its label for
            the cell to be clustered; 0 for no such condition. A class with
            too few such cells takes the purest of the others.
        class_power: The number of concepts of a class is proportional to its
            pixels to this power; 0 for equal numbers.
        other_sizes: Factors for further sizes at which the network sees each
            image. Cells are then clustered by how they look at all sizes
            together, and a concept has one prototype for each size: one
            thing, near and far.
        image_share: Share of the training images that are looked at.
        seed: Seed of the draw and of the clustering.

    Raises:
        ValueError: If an option is out of range.
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
    """Findings of an initialisation.

    Attributes:
        pixels: Number of labelled training pixels of each class (C,).
        cells: Number of clustered cells of each class (C,).
        concepts: Number of concepts of each class (C,).
        cosine: Cosine of each prototype to its nearest latent (K,M).
        zeros: Share of exact zeros in the class weights.
    """

    pixels: Tensor
    cells: Tensor
    concepts: Tensor
    cosine: Tensor
    zeros: float = math.nan

    def class_cosines(self) -> list[float]:
        """Average the cosines of each class; nan without prototypes."""
        parts = self.cosine.split(self.concepts.tolist())
        return [float(part.mean()) for part in parts]

    def summary(self) -> str:
        """Summarise the report in one line."""
        return (
            f'{self.cosine.numel()} prototypes from {int(self.cells.sum())} '
            'cells: mean cosine to the nearest latent '
            f'{self.cosine.mean():.4f}, exact zeros in the classifier '
            f'{self.zeros:.4f}'
        )

    def table(self, classes: Sequence[str]) -> list[str]:
        """Write a line of titles and one for each of the classes (C,)."""
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
