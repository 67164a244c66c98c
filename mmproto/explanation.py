"""What an explanation holds, as numbers, JSON and picture."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmproto.files import atomic_path, write_json
from mmproto.patches import Patch

EXPLANATION_VERSION = 1


@dataclass
class ConceptEvidence:
    """One concept of an explanation.

    Args:
        concept: Index of the concept.
        scale: Index of the scale at which it is most active at the point.
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
        weights = self.class_weights[:, concept]
        order = np.argsort(-weights, kind='stable')
        return [
            (self.classes[c], float(weights[c])) for c in order if weights[c]
        ]

    def sentence(self) -> str:
        """Say the decision and its reasons in one sentence."""
        winner = self.predicted
        text = f'{self.classes[winner]} {self.probabilities[winner]:.2f} here'
        reasons = [
            f'concept {item.concept} '
            f'({self.contributions[winner, item.concept]:.2f})'
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

    def to_dict(self) -> dict:
        """Plain types, as ``mmproto/schemas/explanation.schema.json`` says."""
        x, y = self.point
        return dict(
            version=EXPLANATION_VERSION,
            image=self.image,
            image_size=[int(side) for side in self.pixels.shape[:2]],
            point=dict(x=x, y=y),
            sentence=self.sentence(),
            predicted=self._class(self.predicted),
            runner_up=None
            if self.runner_up is None
            else self._class(self.runner_up),
            classes=[self._class(c) for c in range(len(self.classes))],
            completeness_error=self.completeness_error,
            contributions=self._contributions(),
            coverage=self.coverage,
            concepts=[self._concept(item) for item in self.concepts],
            notes=self.notes,
        )

    def save(self, folder: str | Path) -> Path:
        """Write ``explanation.json`` and ``explanation.png``.

        Args:
            folder: Made when it is missing.

        Returns:
            Path of the picture.
        """
        from mmproto.visualization.sheet import draw_sheet

        picture = Path(folder) / 'explanation.png'
        with atomic_path(picture) as temporary:
            draw_sheet(self).savefig(temporary)
        write_json(self.to_dict(), picture.with_suffix('.json'))
        return picture

    def _class(self, index: int) -> dict:
        return {
            'class': index,
            'name': self.classes[index],
            'evidence': float(self.evidence[index]),
            'probability': float(self.probabilities[index]),
        }

    def _contribution(self, concept: int) -> dict:
        runner_up = self.runner_up
        both = self.contributions[:, concept]
        return dict(
            concept=concept,
            activation=float(self.activations[concept]),
            predicted=float(both[self.predicted]),
            runner_up=None if runner_up is None else float(both[runner_up]),
        )

    def _contributions(self) -> list[dict]:
        """Concepts that speak for the winner or the runner-up."""
        found = [self._contribution(k) for k in range(len(self.activations))]
        found = [c for c in found if c['predicted'] or c['runner_up']]
        return sorted(found, key=lambda c: -c['predicted'])

    def _concept(self, item: ConceptEvidence) -> dict:
        weights = self.weights_of(item.concept)
        return dict(
            **self._contribution(item.concept),
            scale=item.scale,
            dilation=item.dilation,
            class_weights=[dict(name=n, weight=w) for n, w in weights],
            patches=[patch.to_dict() for patch in item.patches],
        )
