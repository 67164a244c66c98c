"""What a fit found, in words and in JSON."""

from dataclasses import dataclass, field

from mmproto.fitting.agreement import ModelComparison, class_ious, mean_iou
from mmproto.models.surrogate_record import percent
from mmproto.utils.markdown import number, table

REPORT_VERSION = 1
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
    seconds: dict[str, float] = field(default_factory=dict)
    cache_bytes: int = 0
    min_agreement: float = 0.9

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
        """Return everything in plain types, for JSON."""
        found = self.comparison
        box, own = class_ious(found.black_box), class_ious(found.concepts)
        kept = found.class_agreement()
        return dict(
            version=REPORT_VERSION,
            black_box=self.black_box,
            target=self.target,
            stages=self.stages,
            reasons=self.reasons,
            data_set=self.data_set,
            images=len(found.images),
            agreement=found.agreement,
            min_agreement=self.min_agreement,
            miou=dict(
                black_box=mean_iou(found.black_box),
                concepts=mean_iou(found.concepts),
            ),
            classes=[
                dict(name=name, agreement=kept[name], black_box=b, concepts=c)
                for name, b, c in zip(found.classes, box, own)
            ],
            differences=found.largest_differences(),
            least_agreeing_images=found.least_agreeing_images(),
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
            f'says what the black box says at {agreement} of the pixels.',
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
        box, own = class_ious(found.black_box), class_ious(found.concepts)
        kept = found.class_agreement()
        rows = [
            [name, number(b, 2), number(c, 2), _percent(kept[name])]
            for name, b, c in zip(found.classes, box, own)
        ]
        means = [mean_iou(found.black_box), mean_iou(found.concepts)]
        rows.append(
            ['mIoU', *(number(m, 2) for m in means), _percent(found.agreement)]
        )
        header = ['class', 'IoU, black box', 'IoU, concepts', 'agreement']
        return table(header, rows)

    def _differences(self) -> list[str]:
        pairs = [
            f'{d["black_box"]} of the black box is {d["concepts"]} '
            f'({100 * d["share"]:.2f} % of all pixels)'
            for d in self.comparison.largest_differences()
        ]
        return [f'Where they differ most: {"; ".join(pairs)}.'] * bool(pairs)

    def _costs(self) -> str:
        steps = ', '.join(f'{n} {s:.0f} s' for n, s in self.seconds.items())
        return (
            f'{self.iterations} iterations. Time: {steps}; features on disk: '
            f'{self.cache_bytes / 1e9:.2f} GB.'
        )


def _percent(share: float | None) -> str:
    return '-' if share is None else percent(share)
