"""Whether concept maps end where their objects end."""

from typing import Any

from mmproto.registry import METRICS

from .base import ExplanationMetric, Report, known_values, make_report
from .functional.boundary_sharpness import (
    NEAR_OWN,
    Sharpness,
    SharpnessState,
    boundary_sharpness,
    measure_sharpness,
)
from .reading import ImageReading


@METRICS.register_module()
class BoundarySharpnessMetric(ExplanationMetric):
    """Drop of concepts across label boundaries, relative to that inside.

    The concepts are those that explain most of a class in an image. Distances
    are in cells: with half the output stride, take twice ``near`` and ``far``
    for as many pixels.

    Args:
        near: Largest distance, in cells, that counts as at a boundary.
        far: Smallest distance, in cells, that counts as inside.
        min_contrast: Drop between insides, in units of activation, without
            which a concept is not measured.
        **kwargs: Passed to :class:`ExplanationMetric`.

    Raises:
        ValueError: If the distances do not rise from 1, or if the contrast
            is not positive.
    """

    default_prefix = 'boundary_sharpness'

    def __init__(
        self,
        near: int = 1,
        far: int = 3,
        min_contrast: float = 0.1,
        **kwargs: Any,
    ) -> None:
        if not 1 <= near < far:
            raise ValueError(
                'near must be at least 1 and far above it, got '
                f'near={near} and far={far}'
            )
        if min_contrast <= 0:
            raise ValueError(
                f'min_contrast must be positive, got {min_contrast}: the drop '
                'at a boundary is divided by a larger one'
            )
        super().__init__(**kwargs)
        self.near = near
        self.far = far
        self.min_contrast = min_contrast

    def measure(self, reading: ImageReading) -> SharpnessState:
        """Sum up one image; without ground truth, all is zero."""
        return measure_sharpness(
            reading.activations,
            reading.labels,
            reading.class_weights,
            self.near,
            self.far,
        )

    def summarize(self, state: SharpnessState) -> Report:
        """Turn sums into drops and their ratio."""
        found = boundary_sharpness(state, self.min_contrast)
        near = far = sharpness = None
        if found.measured.any():
            near, far = found.mean_near, found.mean_far
            sharpness = near / far
        return make_report(
            dict(
                sharpness=sharpness,
                near_contrast=near,
                far_contrast=far,
                measured_concepts=float(found.measured.sum()),
            ),
            per_concept=dict(
                sharpness=known_values(found.ratio, ~found.ratio.isnan()),
                near_contrast=known_values(found.near, ~found.near.isnan()),
                far_contrast=known_values(found.far, ~found.far.isnan()),
                near_cells=state.cells[NEAR_OWN].tolist(),
            ),
            notes=self._notes(state, found),
        )

    def _notes(self, state: SharpnessState, found: Sharpness) -> list[str]:
        present = state.cells.any(dim=0)
        if not present.any():
            return [
                'no ground truth, or no class with evidence: no concept '
                'stands for a class'
            ]
        missing = found.near.isnan() | found.far.isnan()
        few = int((present & missing).sum())
        weak = int((~missing & ~found.measured).sum())
        return [
            f'of {int(present.sum())} concepts that explain most of a class '
            f'in an image, not measured: {few} without cells at distance '
            f'{self.near} or {self.far} of a boundary, {weak} that drop by '
            f'no more than {self.min_contrast:g} between insides'
        ]
