"""Counts of confusions by class, class and concept."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from .pixels import (
    NO_CONCEPT,
    decisions_without,
    leading_concepts,
    margin_parts,
)
from .places import MOST_PLACES, Place, find_places, largest_places

# Concepts times pixels whose activations are held at once: 0.5 GB. Smaller
# bands cost time, since maps are resized again for each.
BAND = 1 << 27
BLOCK = 1 << 22  # concepts and classes times pixels counted at once
Activations = Callable[[np.ndarray], np.ndarray]
Size = tuple[int, int]
Key = tuple[int, int, int]


@dataclass
class Confusion:
    """One class taken for another, and the share of one concept in it.

    Args:
        pixels: Number of wrong pixels that the concept leads.
        images: Number of images with such pixels.
        part: The concept's part in the margin, summed over these pixels.
        margin: The margin, summed over them.
        mended: Number of pixels of this pair of classes, led by any concept,
            that would be right without this one.
        places: The largest places of the pixels that it leads.
    """

    pixels: int = 0
    images: int = 0
    part: float = 0.0
    margin: float = 0.0
    mended: int = 0
    places: list[Place] = field(default_factory=list)


class Confusions:
    """Confusions of a data set, in memory that does not grow with it.

    Args:
        class_weights: Weights of the classifier (C,K).

    Attributes:
        class_weights: The same, float64.
        concepts: The concepts in use: with any weight other than zero.
        matrix: Number of pixels (C,C) by true and predicted class.
        table: Confusions by true class, predicted class and concept;
            ``NO_CONCEPT`` where none leads.
        broken: By concept, the number of right pixels that would be wrong
            without it.
        images: Number of images counted.
    """

    def __init__(self, class_weights: np.ndarray) -> None:
        self.class_weights = class_weights.astype(np.float64)
        self.concepts: list[int] = np.flatnonzero(
            class_weights.any(axis=0)
        ).tolist()
        self.matrix = np.zeros((len(class_weights),) * 2, np.int64)
        self.table: dict[Key, Confusion] = {}
        self.broken: Counter[int] = Counter()
        self.images = 0

    @property
    def wrong(self) -> int:
        """Number of wrong pixels."""
        return int(self.matrix.sum() - self.matrix.trace())

    def add(
        self,
        image: str,
        size: Size,
        known: np.ndarray,
        truth: np.ndarray,
        logits: np.ndarray,
        activations: Activations,
    ) -> None:
        """Count the pixels of an image.

        Args:
            image: Its path.
            size: Its rows and columns.
            known: Positions (n,) of the labelled pixels, row by row.
            truth: Their classes (n,).
            logits: Evidence (C,h*w) at all pixels.
            activations: Takes positions (m,) and returns the activations
                (U,m) of the ``U`` concepts in use.
        """
        self.images += 1
        leads = []
        for part, active in self._blocks(known, activations):
            evidence = logits[:, known[part]]  # C,m
            pairs = truth[part] * len(evidence) + evidence.argmax(axis=0)
            counts = np.bincount(pairs, minlength=self.matrix.size)
            self.matrix += counts.reshape(self.matrix.shape)
            leads.append(self._find_leads(known[part], pairs, active))
            self._add_changes(pairs, evidence, active)
        if leads:
            self._add_leads(image, size, *map(np.concatenate, zip(*leads)))

    def _blocks(
        self, known: np.ndarray, activations: Activations
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield slices of pixels with their activations (U,m)."""
        classes, concepts = len(self.class_weights), len(self.concepts)
        band = max(1, BAND // max(1, concepts))
        block = max(1, BLOCK // (classes + concepts))
        for start in range(0, len(known), band):
            active = activations(known[start : start + band])
            for first in range(0, active.shape[1], block):
                part = active[:, first : first + block]
                begin = start + first
                yield slice(begin, begin + part.shape[1]), part

    def _find_leads(
        self, pixels: np.ndarray, pairs: np.ndarray, activations: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        """Find the concept that leads each wrong pixel.

        Returns:
            Of the wrong pixels: position, pair of classes, index of the
            leading concept, its part, and the margin, all (w,).
        """
        truth, predicted = divmod(pairs, len(self.class_weights))
        wrong = np.flatnonzero(truth != predicted)
        parts = margin_parts(
            activations[:, wrong],
            self.class_weights[:, self.concepts],
            truth[wrong],
            predicted[wrong],
        )
        return (
            pixels[wrong],
            pairs[wrong],
            leading_concepts(parts),
            parts.max(axis=0, initial=0),
            parts.sum(axis=0),
        )

    def _add_leads(
        self,
        image: str,
        size: Size,
        pixels: np.ndarray,
        pairs: np.ndarray,
        leading: np.ndarray,
        largest: np.ndarray,
        margins: np.ndarray,
    ) -> None:
        """Count the wrong pixels of an image from :meth:`_find_leads`."""
        codes = pairs * (len(self.concepts) + 1) + leading - NO_CONCEPT
        order = np.argsort(codes, kind='stable')
        ends = np.flatnonzero(np.diff(codes[order])) + 1
        for own in np.split(order, ends) if len(order) else ():
            row = self._row(int(pairs[own[0]]), int(leading[own[0]]))
            row.pixels += len(own)
            row.images += 1
            row.part += float(largest[own].sum())
            row.margin += float(margins[own].sum())
            full = len(row.places) == MOST_PLACES
            if not full or len(own) > row.places[-1].pixels:
                found = find_places(pixels[own], size, image)
                row.places = largest_places(row.places, found)

    def _add_changes(
        self, pairs: np.ndarray, logits: np.ndarray, activations: np.ndarray
    ) -> None:
        """Count the pixels that would change without each concept."""
        weights = self.class_weights[:, self.concepts]  # C,U
        truth, before = divmod(pairs, len(weights))
        for index, pixels, now in decisions_without(
            logits, activations, weights
        ):
            right = truth[pixels]
            was_right = before[pixels] == right
            broken = was_right & (now != right)
            self.broken[self.concepts[index]] += int(broken.sum())
            mended = pairs[pixels[~was_right & (now == right)]]
            codes, numbers = np.unique(mended, return_counts=True)
            for pair, number in zip(codes, numbers):
                self._row(int(pair), index).mended += int(number)

    def _row(self, pair: int, index: int) -> Confusion:
        """Return the row of a pair of classes and the index of a concept."""
        concept = NO_CONCEPT if index == NO_CONCEPT else self.concepts[index]
        key = (*divmod(pair, len(self.class_weights)), concept)
        return self.table.setdefault(key, Confusion())
