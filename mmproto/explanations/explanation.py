"""An explanation: its numbers, and its sentence."""

from dataclasses import dataclass, field

import numpy as np

from mmproto.models.facts import named_weights
from mmproto.models.surrogate_record import Surrogate
from mmproto.prototypes.patches import Patch


@dataclass
class ConceptEvidence:
    """One concept of an explanation.

    Args:
        concept: Its number.
        scale: Index of the scale at which it is most active at the explained
            point (not in the training patches).
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
    """Why the model predicts what it does at one point of an image.

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
        class_weights: Class weights (C,K) of the classifier.
        coverage: Share of the winning evidence that ``concepts`` reach.
        concepts: The fewest concepts that do, largest contribution first.
        notes: Remarks for the reader, such as on missing patches.
        names: Names that people gave to concepts, by number.
        surrogate: How far this model is like the one that it explains, if it
            is another.
        black_box: Class (h,w) of every pixel by the model that it explains,
            if it is here to be asked.

    Example:
        >>> explanation = Explanation(
        ...     image='street.png',
        ...     pixels=np.zeros((2, 3, 3), np.uint8),
        ...     point=(1, 0),
        ...     prediction=np.zeros((2, 3), int),
        ...     classes=['road', 'car'],
        ...     palette=[(128, 64, 128), (0, 0, 142)],
        ...     evidence=np.array([2.25, 0.5]),
        ...     probabilities=np.array([0.75, 0.25]),
        ...     activations=np.array([0.5, 0.25]),
        ...     class_weights=np.array([[4.0, 1.0], [0.0, 2.0]]),
        ...     coverage=0.95,
        ... )
        >>> explanation.contributions  # of two concepts to two classes
        array([[2.  , 0.25],
               [0.  , 0.5 ]])
        >>> explanation.completeness_error
        0.0
        >>> explanation.weights_of(1)
        [('car', 2.0), ('road', 1.0)]
        >>> explanation.sentence()
        'road 0.75 here; runner-up car 0.25'
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
    surrogate: Surrogate | None = None
    black_box: np.ndarray | None = None

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
        """The class with the second most evidence, if there is one."""
        order = np.argsort(-self.evidence, kind='stable')
        return int(order[1]) if len(order) > 1 else None

    @property
    def black_box_class(self) -> int | None:
        """What the model that a surrogate explains says at the point."""
        if self.black_box is None:
            return None
        x, y = self.point
        return int(self.black_box[y, x])

    @property
    def completeness_error(self) -> float:
        """Largest gap between sum of contributions and evidence, relative."""
        gap = np.abs(self.contributions.sum(axis=1) - self.evidence).max()
        return float(gap / max(np.abs(self.evidence).max(), 1e-12))

    def needed_concepts(self) -> list[int]:
        """List the fewest concepts that reach the coverage, largest first."""
        return fewest(self.contributions[self.predicted], self.coverage)

    def weights_of(self, concept: int) -> list[tuple[str, float]]:
        """List a concept's class weights but zeros, largest first."""
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
        said = self.black_box_class
        if said is not None and said != winner:
            text += f'; the model itself says {self.classes[said]} here'
        return text

    def _reason(self, concept: int, contributions: np.ndarray) -> str:
        value, name = contributions[concept], self.names.get(concept)
        if name:
            return f'{name} (concept {concept}, {value:.2f})'
        return f'concept {concept} ({value:.2f})'


def fewest(contributions: np.ndarray, coverage: float) -> list[int]:
    """List the fewest concepts that reach a share of the evidence.

    Args:
        contributions: Of each concept (K,); negative ones count as zero.
        coverage: Share of the sum that is to be reached.

    Returns:
        Their numbers, largest contribution first; none without evidence.

    Example:
        >>> fewest(np.array([0.1, 0.6, -0.2, 0.3]), 0.8)
        [1, 3]
    """
    positive = contributions.clip(min=0)
    order = np.argsort(-positive, kind='stable')
    reached = np.cumsum(positive[order])
    # numbers that are not finite go on, and are refused when written
    if reached[-1] == 0:
        return []
    count = int(np.searchsorted(reached, coverage * reached[-1])) + 1
    return [int(concept) for concept in order[:count]]
