"""Metrics that compare concepts with labels of parts."""

from typing import Any

from .base import ExplanationMetric
from .parts import PartLoader

NO_PARTS = (
    'no part labels: the data set has no part_loader in its meta information '
    'and the metric got none as `parts`'
)


class PartMetric(ExplanationMetric):
    """A metric that knows the parts of objects, where a data set has them.

    Args:
        parts: Config of a part loader. By default the ``part_loader`` in the
            meta information of the data set, if there is one.
        **kwargs: Of :class:`ExplanationMetric`.
    """

    def __init__(self, parts: dict | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parts = parts

    @property
    def part_loader(self) -> PartLoader | None:
        """Loads the part labels of an image; ``None`` if there are none."""
        if self.recorder is None:
            return None
        return self.recorder.part_loader(self.parts)
