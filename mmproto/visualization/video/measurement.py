"""The numbers of a sequence, kept on disk frame by frame."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

LARGEST_DENOMINATOR = 10**6  # of a mean rate


@dataclass(frozen=True)
class FrameNumbers:
    """What a model says about one frame.

    Args:
        time: Seconds since the first frame.
        class_shares: Share of the pixels by predicted class (C,).
        concept_shares: Share of the winning evidence by concept (K,); zeros
            where there is no evidence.
        evidence: Logits at the explained point (C,), if there is one.
        probabilities: Class probabilities at the point (C,).
        agreement: Share of the pixels to which a surrogate and the model
            that it explains give the same class; NaN if this is none.
        black_box: What that model says at the point, if there is one.
    """

    time: float
    class_shares: np.ndarray
    concept_shares: np.ndarray
    evidence: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    agreement: float = field(default=math.nan, kw_only=True)
    black_box: int | None = field(default=None, kw_only=True)

    def ranking(self) -> list[int]:
        """Return winner and runner-up at the point; one class has no second.

        Raises:
            ValueError: If no point was measured.
        """
        if self.evidence is None:
            raise ValueError('no point was measured; give point=(x, y)')
        order = np.argsort(-self.evidence, kind='stable')
        return [int(number) for number in order[:2]]

    def sentence(self, classes: Sequence[str]) -> str:
        """Say what the point is, as in "car 0.83, runner-up road 0.11"."""
        if self.probabilities is None:
            return ''
        said = [
            f'{classes[c]} {self.probabilities[c]:.2f}' for c in self.ranking()
        ]
        text = ', runner-up '.join(said)
        if self.black_box not in (None, self.ranking()[0]):
            text += f'; the model itself says {classes[self.black_box]}'
        return text


class Measurement:
    """What a model says about all frames; memory holds one of them.

    Args:
        path: File for the numbers; an old one is overwritten.
        fps: Frames per second that the sequence announces.
        point: Column and row of the explained pixel, ``None`` for all.

    Attributes:
        size: Rows and columns of a frame.
        class_total: Sum of the class shares over all frames (C,).
        concept_total: Sum of the concept shares (K,).
        even: Whether every frame comes when the announced rate says.
    """

    def __init__(
        self,
        path: str | Path,
        fps: Fraction,
        point: tuple[int, int] | None = None,
    ) -> None:
        self._path = Path(path)
        self._path.write_bytes(b'')
        self._fps = fps
        self.point = point
        self.size = (0, 0)
        self.class_total = self.concept_total = np.zeros(0)
        self.even = True
        self._ends: list[int] = []  # of the parts of a row
        self._last = self._agreement = 0.0
        self._frames = 0

    def append(self, numbers: FrameNumbers) -> None:
        """Add the next frame."""
        said = math.nan if numbers.black_box is None else numbers.black_box
        parts = [np.array([numbers.time, numbers.agreement, said])]
        parts += [numbers.class_shares, numbers.concept_shares]
        if numbers.evidence is not None and numbers.probabilities is not None:
            parts += [numbers.evidence, numbers.probabilities]
        if not self._frames:
            self._ends = np.cumsum([len(part) for part in parts]).tolist()
            self.class_total = np.zeros(len(numbers.class_shares))
            self.concept_total = np.zeros(len(numbers.concept_shares))
        with self._path.open('ab') as file:
            file.write(np.concatenate(parts).astype(np.float64).tobytes())
        self.class_total += numbers.class_shares
        self.concept_total += numbers.concept_shares
        self._agreement += numbers.agreement
        self.even &= numbers.time == float(self._frames / self._fps)
        self._last = numbers.time
        self._frames += 1

    def __len__(self) -> int:
        """Return the number of frames."""
        return self._frames

    def __getitem__(self, index: int) -> FrameNumbers:
        """Return the numbers of a frame.

        Raises:
            IndexError: If there is no frame of that index.
        """
        if not 0 <= index < self._frames:
            raise IndexError(f'there is no frame {index} of {self._frames}')
        length = self._ends[-1]
        offset = 8 * index * length
        row = np.fromfile(self._path, count=length, offset=offset)
        first, *parts = np.split(row, self._ends[:-1])
        time, agreement, said = first.tolist()
        return FrameNumbers(
            time,
            *parts,
            agreement=agreement,
            black_box=None if math.isnan(said) else int(said),
        )

    def __iter__(self) -> Iterator[FrameNumbers]:
        """Iterate over all frames."""
        return (self[index] for index in range(len(self)))

    def end(self, index: int) -> float:
        """Return the second at which a frame ends: the next one begins."""
        last = index + 1 == self._frames
        return self.seconds if last else self[index + 1].time

    @property
    def fps(self) -> Fraction:
        """Frames per second; the mean where frames come unevenly."""
        if self.even or not self._last:
            return self._fps
        mean = Fraction((self._frames - 1) / self._last)
        return mean.limit_denominator(LARGEST_DENOMINATOR)

    @property
    def seconds(self) -> float:
        """Second at which the last frame ends, after a mean duration."""
        if self.even:
            return float(self._frames / self._fps)
        return self._last + float(1 / self.fps)

    @property
    def agreement(self) -> float | None:
        """Share of pixels at which a surrogate and its model agree."""
        mean = self._agreement / self._frames
        return None if math.isnan(mean) else mean

    def by_share(self) -> list[int]:
        """List the concepts with any evidence, largest total share first."""
        return largest_first(self.concept_total)


def largest_first(totals: np.ndarray) -> list[int]:
    """List the indices of totals (n,) above zero, largest total first."""
    order = np.argsort(-totals, kind='stable')
    return [int(index) for index in order if totals[index] > 0]
