"""The numbers of a sequence, and the file that holds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

MEASUREMENT_VERSION = 1


@dataclass(frozen=True)
class Measurement:
    """What a model says about ``T`` frames.

    Args:
        fps: Frames a second.
        size: Rows and columns of a frame.
        point: Column and row of the explained pixel, ``None`` for all.
        class_shares: Share of a frame's pixels by predicted class (T,C).
        concept_shares: Share of the winning evidence by concept (T,K); a
            frame without any evidence has zeros.
        evidence: Logits at the point (T,C), if there is one.
        probabilities: Class probabilities at the point (T,C).
    """

    fps: Fraction
    size: tuple[int, int]
    point: tuple[int, int] | None
    class_shares: np.ndarray
    concept_shares: np.ndarray
    evidence: np.ndarray | None = None
    probabilities: np.ndarray | None = None

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.class_shares)

    def time(self, index: int) -> float:
        """Second at which a frame begins."""
        return float(index / self.fps)

    def by_share(self) -> list[int]:
        """Concepts with any evidence, the largest share of all first."""
        total = self.concept_shares.sum(axis=0)  # K
        order = np.argsort(-total, kind='stable')
        return [int(concept) for concept in order if total[concept] > 0]

    def ranking(self, index: int) -> list[int]:
        """Winner and runner-up at the point; one class has no runner-up."""
        if self.evidence is None:
            raise ValueError('no point was measured; give point=(x, y)')
        order = np.argsort(-self.evidence[index], kind='stable')
        return [int(number) for number in order[:2]]

    def sentence(self, index: int, classes: Sequence[str]) -> str:
        """Say what the point of a frame is, as in "car 0.83, ..."."""
        if self.probabilities is None:
            return ''
        said = [
            f'{classes[c]} {self.probabilities[index, c]:.2f}'
            for c in self.ranking(index)
        ]
        return ', runner-up '.join(said)

    def to_dict(
        self, video: str, classes: list[str], concepts: list[dict]
    ) -> dict:
        """Plain types, as ``mmproto/schemas/sequence.schema.json`` says.

        Args:
            video: Path of the sequence.
            classes: Names of the ``C`` classes.
            concepts: What to say of each concept of :meth:`by_share`.
        """
        x, y = self.point or (None, None)
        order = self.by_share()
        return dict(
            version=MEASUREMENT_VERSION,
            video=video,
            fps=float(self.fps),
            frame_size=list(self.size),
            point=None if self.point is None else dict(x=x, y=y),
            classes=classes,
            concepts=concepts,
            frames=[
                dict(
                    time=self.time(index),
                    class_shares=self.class_shares[index].tolist(),
                    concept_shares=self.concept_shares[index, order].tolist(),
                    **self._decision(index, classes),
                )
                for index in range(len(self))
            ],
        )

    def _decision(self, index: int, classes: list[str]) -> dict:
        """Winner and runner-up at the point, if there is one."""
        if self.evidence is None or self.probabilities is None:
            return {}
        found: list[dict | None] = [
            {
                'class': c,
                'name': classes[c],
                'evidence': float(self.evidence[index, c]),
                'probability': float(self.probabilities[index, c]),
            }
            for c in self.ranking(index)
        ]
        predicted, runner_up = [*found, None][:2]
        return dict(predicted=predicted, runner_up=runner_up)
