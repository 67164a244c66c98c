"""What every metric of explanations shares."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, TypedDict

from mmengine.evaluator import BaseMetric
from torch import Tensor

from .functional.states import merge_states
from .reading import ImageReading


class Report(TypedDict):
    """Findings of a metric, in plain types.

    Every curve is ``dict(x, y, x_label, y_label)``, where ``y`` is a list or
    a dict of named lists; every histogram is ``dict(edges or labels, counts,
    x_label)``. A scalar that could not be measured is ``None``; the notes
    say why.
    """

    scalars: dict[str, float | None]
    per_concept: dict[str, list]
    curves: dict[str, dict]
    histograms: dict[str, dict]
    notes: list[str]


def make_report(
    scalars: Mapping[str, float | None],
    per_concept: Mapping[str, list] | None = None,
    curves: Mapping[str, dict] | None = None,
    histograms: Mapping[str, dict] | None = None,
    notes: Sequence[str] = (),
) -> Report:
    """Make a report whose missing sections are empty."""
    return Report(
        scalars=dict(scalars),
        per_concept=dict(per_concept or {}),
        curves=dict(curves or {}),
        histograms=dict(histograms or {}),
        notes=list(notes),
    )


def lines_of(entry: Mapping, key: str) -> dict[str, list]:
    """Return the lines of a curve or histogram by name, if they have any."""
    values = entry[key]
    return dict(values) if isinstance(values, Mapping) else {'': values}


def known_values(values: Tensor | Sequence, known: Tensor) -> list:
    """List values for a report, with ``None`` where they are not known.

    Args:
        values: One per concept (K,).
        known: Whether each is known (K,), bool.
    """
    if isinstance(values, Tensor):
        values = values.tolist()
    return [v if k else None for v, k in zip(values, known.tolist())]


def check_interval(interval: int) -> int:
    """Return an interval of images; refuse one below 1.

    Raises:
        ValueError: If it is.
    """
    if interval < 1:
        raise ValueError(f'interval must be at least 1, got {interval}')
    return interval


class ExplanationMetric(BaseMetric):
    """Measures the concepts behind predictions, image by image.

    A subclass says what one image contributes (:meth:`measure`) and what all
    images together mean (:meth:`summarize`). Memory does not depend on the
    number of images. Images that a sampler repeats to give every rank as many
    count once.

    Args:
        **kwargs: Passed to mmengine's ``BaseMetric``.

    Attributes:
        report: Report of the last evaluation, on the main rank.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.recorder: Any = None  # a ConceptRecorder, from the hook
        self.report: Report | None = None
        self._state: Any = None
        self._last: tuple[int, Any] | None = None

    @abstractmethod
    def measure(self, reading: ImageReading) -> Any:
        """Measure one image alone.

        Returns:
            A state as :func:`merge_states` joins them; ``None`` for an image
            that adds nothing.
        """

    def merge(self, first: Any, second: Any) -> Any:
        """Join the states of different images."""
        return merge_states(first, second)

    @abstractmethod
    def summarize(self, state: Any) -> Report:
        """Turn the joined state of all images into numbers."""

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Take in a batch that the model has just predicted.

        Raises:
            ValueError: If no hook has recorded what the model computed.
        """
        if self.recorder is None:
            raise ValueError(
                f'{type(self).__name__} has to see what the model computes: '
                "add dict(type='mmproto.ExplanationMetricsHook') to "
                'custom_hooks'
            )
        for reading in self.recorder.read(data_batch, data_samples):
            self._keep_last()
            self._last = (reading.index, self.measure(reading))

    def evaluate(self, size: int) -> dict:
        """Join the ranks and compute the numbers.

        Args:
            size: Images of the data set. What a sampler added to give every
                rank as many is the last image of a rank, and is dropped.
        """
        if self._last is not None:
            if self._last[0] < size:
                self._keep_last()
            self.results.append(self._state)
        self._state = self._last = None
        return super().evaluate(size)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Return the numbers of all ranks, and keep the whole report.

        Args:
            results: The state of each rank; ``None`` where it saw no image
                of its own.
        """
        states = [state for state in results if state is not None]
        if not states:
            return {}
        self.report = self.summarize(reduce(self.merge, states))
        scalars = self.report['scalars']
        return {name: v for name, v in scalars.items() if v is not None}

    def _keep_last(self) -> None:
        if self._last is None:
            return
        _, state = self._last
        if self._state is not None:
            state = self.merge(self._state, state)
        self._state, self._last = state, None
