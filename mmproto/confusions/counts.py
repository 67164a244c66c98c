"""Counts of confusions by class, class and concept."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from .pixels import (
    NO_CONCEPT,
    decisions_without,
    leading_concepts,
    margin_parts,
)
from .places import MOST_PLACES, Place, find_places, keep_largest

BLOCK = 1 << 18  # pixels that are predicted again at once, for memory's sake
Size = tuple[int, int]
Key = tuple[int, int, int]


@dataclass
class Confusion:
    """One class taken for another, and the work of one concept in it.

    Args:
        pixels: Wrong pixels that the concept leads.
        images: Images that have any.
        part: Sum over them of the concept's part in the margin.
        margin: Sum over them of the margin.
        mended: Pixels of the two classes, led by whichever concept, that
            would be right without this one.
        places: The largest ones of those it leads.
    """

    pixels: int = 0
    images: int = 0
    part: float = 0.0
    margin: float = 0.0
    mended: int = 0
    places: list[Place] = field(default_factory=list)


class Confusions:
    """Confusions of a data set, in a size that does not grow with it.

    Args:
        class_weights: What concepts contribute to each class (C,K).

    Attributes:
        class_weights: The same, float64.
        concepts: Those with a weight other than zero, the concepts in use.
        matrix: Pixels (C,C) by true and predicted class.
        table: Confusions by true class, predicted class and concept;
            ``NO_CONCEPT`` where none leads.
        broken: By concept, right pixels that would be wrong without it.
        images: Images that were counted.
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
        """Wrong pixels of the data set."""
        return int(self.matrix.sum() - self.matrix.trace())

    def add(
        self,
        image: str,
        size: Size,
        known: np.ndarray,
        truth: np.ndarray,
        logits: np.ndarray,
        activations: np.ndarray,
    ) -> None:
        """Count an image.

        Args:
            image: Its path.
            size: Its rows and columns.
            known: Positions (n,) of the pixels that have a class, row by row.
            truth: Their classes (n,).
            logits: Evidence (C,n) at them.
            activations: Of the concepts in use (U,n) at them.
        """
        predicted = logits.argmax(axis=0)
        pairs = truth * len(logits) + predicted  # n
        counts = np.bincount(pairs, minlength=self.matrix.size)
        self.matrix += counts.reshape(self.matrix.shape)
        self.images += 1
        wrong = np.flatnonzero(truth != predicted)
        self._add_leads(
            image, size, known[wrong], pairs[wrong], activations[:, wrong]
        )
        for start in range(0, len(pairs), BLOCK):
            part = np.s_[..., start : start + BLOCK]
            self._add_changes(pairs[part], logits[part], activations[part])

    def _add_leads(
        self,
        image: str,
        size: Size,
        known: np.ndarray,
        pairs: np.ndarray,
        activations: np.ndarray,
    ) -> None:
        """Find out which concept leads each wrong pixel."""
        weights = self.class_weights[:, self.concepts]  # C,U
        parts = margin_parts(
            activations, weights, *divmod(pairs, len(weights))
        )
        leading = leading_concepts(parts)
        margins = parts.sum(axis=0)
        largest = parts.max(axis=0, initial=0)
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
                found = find_places(known[own], size, image)
                row.places = keep_largest(row.places, found)

    def _add_changes(
        self, pairs: np.ndarray, logits: np.ndarray, activations: np.ndarray
    ) -> None:
        """Find out which pixels each concept alone makes wrong or right."""
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
        """Row of a pair of classes and a concept in use, by its index."""
        concept = NO_CONCEPT if index == NO_CONCEPT else self.concepts[index]
        key = (*divmod(pair, len(self.class_weights)), concept)
        return self.table.setdefault(key, Confusion())
