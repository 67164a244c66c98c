"""What an explanation holds, and what it says in a sentence."""

from dataclasses import dataclass, field

import numpy as np

from mmproto.models.facts import named_weights
from mmproto.prototypes.patches import Patch


@dataclass
class ConceptEvidence:
    """One concept of an explanation.

    Args:
        concept: Index of the concept.
        scale: Index of the scale at which it is most active at the point of
            the image that is explained (not in the training patches).
        dilation: Dilation rate of that scale, if known.
        activation_map: Its activation (h,w) in pixels of the image.
        patches: Its nearest training patches.
    """

    concept: int
    scale: int
    dilation: int | None
    activation_map: np.ndarray
    patches: list[Patch] = field(default_factory=list)


@dataclass
class Explanation:
    """Why the model says what it says at one point of an image.

    Args:
        image: Path of the image, ``None`` if pixels were given.
        pixels: BGR image (h,w,3).
        point: Column and row of the pixel that is explained.
        prediction: Predicted class (h,w) of every pixel.
        classes: Names of the ``C`` classes.
        palette: Their RGB colours.
        evidence: Logits (C,) at the point.
        probabilities: Class probabilities (C,) at the point, by the link.
        activations: Concept activations (K,) at the point.
        class_weights: Non-negative classifier (C,K).
        coverage: Share of the winning evidence that ``concepts`` explain.
        concepts: The fewest concepts that do, largest contribution first.
        notes: What a reader has to know, such as missing patches.
        names: That people gave to concepts, by number.
    """

    image: str | None
    pixels: np.ndarray
    point: tuple[int, int]
    prediction: np.ndarray
    classes: list[str]
    palette: list[tuple[int, int, int]]
    evidence: np.ndarray
    probabilities: np.ndarray
    activations: np.ndarray
    class_weights: np.ndarray
    coverage: float
    concepts: list[ConceptEvidence] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)

    @property
    def contributions(self) -> np.ndarray:
        """Class weight times activation (C,K); rows sum to the evidence."""
        return self.class_weights * self.activations

    @property
    def predicted(self) -> int:
        """The class with the most evidence."""
        return int(self.evidence.argmax())

    @property
    def runner_up(self) -> int | None:
        """The class with the second most evidence, if there are two."""
        order = np.argsort(-self.evidence, kind='stable')
        return int(order[1]) if len(order) > 1 else None

    @property
    def completeness_error(self) -> float:
        """Largest gap between contributions and evidence, relative."""
        gap = np.abs(self.contributions.sum(axis=1) - self.evidence).max()
        return float(gap / max(np.abs(self.evidence).max(), 1e-12))

    def needed_concepts(self) -> list[int]:
        """Fewest concepts that reach the coverage, largest first."""
        winning = self.contributions[self.predicted].clip(min=0)  # K
        order = np.argsort(-winning, kind='stable')
        reached = np.cumsum(winning[order])
        if not reached[-1] > 0:
            return []
        count = int(np.searchsorted(reached, self.coverage * reached[-1])) + 1
        return [int(concept) for concept in order[:count]]

    def weights_of(self, concept: int) -> list[tuple[str, float]]:
        """Classes that a concept speaks for, largest weight first."""
        weights = self.class_weights[:, concept].tolist()
        return named_weights(weights, self.classes)

    def sentence(self) -> str:
        """Say the decision and its reasons in one sentence."""
        winner = self.predicted
        text = f'{self.classes[winner]} {self.probabilities[winner]:.2f} here'
        reasons = [
            self._reason(item.concept, self.contributions[winner])
            for item in self.concepts
        ]
        if len(reasons) > 3:
            reasons = [*reasons[:3], f'{len(reasons) - 3} more']
        if reasons:
            *first, last = reasons
            listed = f'{", ".join(first)} and {last}' if first else last
            text += f' because of {listed}'
        if self.runner_up is not None:
            text += (
                f'; runner-up {self.classes[self.runner_up]} '
                f'{self.probabilities[self.runner_up]:.2f}'
            )
        return text

    def _reason(self, concept: int, contributions: np.ndarray) -> str:
        value, name = contributions[concept], self.names.get(concept)
        if name:
            return f'{name} (concept {concept}, {value:.2f})'
        return f'concept {concept} ({value:.2f})'
