"""Metrics that compare concepts with labels of parts."""

from typing import Any

from .base import ExplanationMetric
from .functional.part_targets import PartTargets, part_targets
from .parts import PartLoader
from .reading import ImageReading

NO_PARTS = (
    'no part labels: the data set has no part_loader in its meta information '
    'and the metric got none as `parts`'
)


class PartMetric(ExplanationMetric):
    """A metric that knows the parts of objects, where a data set has them.

    Args:
        parts: Config of a part loader. By default the ``part_loader`` in the
            meta information of the data set, if there is one.
        **kwargs: Passed to :class:`ExplanationMetric`.
    """

    def __init__(self, parts: dict | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parts = parts

    @property
    def part_loader(self) -> PartLoader | None:
        """Loader of the part labels; ``None`` if there are none."""
        if self.recorder is None:
            return None
        return self.recorder.part_loader(self.parts)

    def targets(self, reading: ImageReading) -> PartTargets | None:
        """Locate the parts of an image in the cells of the model.

        Returns:
            The parts; ``None`` without a loader, a part file or ground truth.
        """
        loader = self.part_loader
        parts = loader and reading.parts(loader)
        if loader is None or parts is None or reading.label_map is None:
            return None
        return part_targets(
            parts.parts,
            parts.instances,
            reading.label_map,
            loader.part_classes.to(parts.parts.device),
            len(reading.class_weights),
            *reading.cell_grid,
        )
