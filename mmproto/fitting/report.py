"""What a fit found, in words and in JSON."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mmproto.checkpoints.comparison import ModelComparison
from mmproto.models.surrogate_record import percent
from mmproto.utils.markdown import number, table

FIT_REPORT_VERSION = 1
MODELS = ('black_box', 'concepts')  # in the order of a comparison
MOST = 5  # pairs of classes, and images, that a report names
WORDS = dict(labels='the labels', model="the model's own predictions")


@dataclass(frozen=True)
class FitReport:
    """Findings of a fit.

    Args:
        black_box: Name of the config of the model that is explained.
        target: What the concepts were fitted to.
        stages: Stages of the backbone that were used.
        reasons: Why these, sentence by sentence.
        data_set: Name of the data set of the comparison.
        comparison: Predictions of both models on it.
        num_concepts: Concepts ``K`` of the head.
        used_concepts: Those with a class weight.
        zeros: Share of exact zeros among the class weights.
        iterations: Length of the fit.
        seconds: Time of each step, by its name.
        cache_bytes: Size of the features on disk.
        min_agreement: What the user asks for.
    """

    black_box: str
    target: str
    stages: list[int]
    reasons: list[str]
    data_set: str
    comparison: ModelComparison
    num_concepts: int
    used_concepts: int
    zeros: float
    iterations: int
    seconds: dict[str, float]
    cache_bytes: int
    min_agreement: float

    def surrogate(self) -> dict:
        """Return what explanations have to say about the surrogate."""
        return dict(
            target=self.target,
            black_box=self.black_box,
            agreement=self.comparison.agreement,
            images=len(self.comparison.images),
            data_set=self.data_set,
            classes=self.comparison.class_agreement(),
            min_agreement=self.min_agreement,
        )

    def to_dict(self) -> dict:
        """Return everything in plain types, for JSON.

        ``mmproto/schemas/fit_report.schema.json`` describes them.
        """
        found = self.comparison
        kept = found.class_agreement()
        box, own = map(_numbers, found.ious)
        least = sorted(found.images.items(), key=lambda item: item[1])
        return dict(
            version=FIT_REPORT_VERSION,
            black_box=self.black_box,
            target=self.target,
            stages=self.stages,
            reasons=self.reasons,
            data_set=self.data_set,
            images=len(found.images),
            agreement=found.agreement,
            min_agreement=self.min_agreement,
            commonest_class_agreement=found.commonest,
            miou=dict(zip(MODELS, _numbers(found.ious.nanmean(dim=1)))),
            classes=[
                dict(name=name, agreement=kept[name], black_box=b, concepts=c)
                for name, b, c in zip(found.classes, box, own)
            ],
            differences=[
                dict(black_box=box, concepts=own, share=share)
                for box, own, share in found.differences(MOST)
            ],
            least_agreeing_images=dict(least[:MOST]),
            concepts=dict(
                number=self.num_concepts,
                used=self.used_concepts,
                zeros=self.zeros,
            ),
            iterations=self.iterations,
            seconds=self.seconds,
            cache_bytes=self.cache_bytes,
        )

    def text(self) -> str:
        """Say it to a person at a terminal."""
        found = self.comparison
        agreement = percent(found.agreement)
        lines = [
            f'Concepts fitted to {WORDS[self.target]}: {self.used_concepts} '
            f'of {self.num_concepts} speak for a class, {self.zeros:.1%} of '
            'the class weights are zero.',
            f'{self.data_set}, {len(found.images)} images: the concept model '
            f'says what the black box says at {agreement} of the pixels '
            f'(always the commonest class: {percent(found.commonest)}).',
            self._class_table(),
            *self._differences(),
            self._costs(),
        ]
        if found.agreement < self.min_agreement:
            lines.append(
                f'WARNING: {agreement} is less than the '
                f'{100 * self.min_agreement:.1f} % that you ask for: the '
                "explanations may not be the model's reasons."
            )
        return '\n\n'.join(lines)

    def _class_table(self) -> str:
        found = self.comparison
        kept = [*found.class_agreement().values(), found.agreement]
        means = found.ious.nanmean(dim=1, keepdim=True)
        columns = torch.cat([found.ious, means], dim=1)
        rows = [
            [name, *(number(iou, 2) for iou in ious), _percent(share)]
            for name, share, *ious in zip(
                [*found.classes, 'mIoU'], kept, *map(_numbers, columns)
            )
        ]
        header = ['class', 'IoU, black box', 'IoU, concepts', 'agreement']
        return table(header, rows)

    def _differences(self) -> list[str]:
        pairs = [
            f'{box} of the black box is {own} ({share:.2%} of all pixels)'
            for box, own, share in self.comparison.differences(MOST)
        ]
        return [f'Where they differ most: {"; ".join(pairs)}.'] * bool(pairs)

    def _costs(self) -> str:
        steps = ', '.join(f'{n} {s:.0f} s' for n, s in self.seconds.items())
        return (
            f'{self.iterations} iterations. Time: {steps}; features on disk: '
            f'{self.cache_bytes / 1e9:.2f} GB.'
        )


def _numbers(values: Tensor) -> list[float | None]:
    return [None if v != v else v for v in values.tolist()]


def _percent(share: float | None) -> str:
    return '-' if share is None else percent(share)
