"""What a concept model says about the segmentor that it was fitted to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

SURROGATE = 'surrogate'  # key of the meta information of a data set
REWEIGHTED = 'reweighted'  # of the record: concepts edited since it was made
LONGEST_NAME = 100


@dataclass(frozen=True)
class Surrogate:
    """How far a concept model, fitted to a segmentor's answers, is like it.

    Args:
        black_box: Name of the segmentor's config.
        agreement: Share of pixels that both give the same class; ``None`` if
            it was not measured.
        images: Number of images that it was measured on.
        data_set: Name of their data set.
        classes: The same share, of the pixels that the segmentor gives a
            class, by name of the class; ``None`` where there are none.
        min_agreement: Share that whoever fitted it asked for.
        switched_off: Number of concepts that were switched off since.
        reweighted: Number of concepts whose class weights changed since.
    """

    black_box: str | None = None
    agreement: float | None = None
    images: int | None = None
    data_set: str | None = None
    classes: dict[str, float | None] = field(default_factory=dict)
    min_agreement: float | None = None
    switched_off: int = 0
    reweighted: int = 0

    @classmethod
    def read(cls, record: Any, switched_off: int = 0) -> 'Surrogate':
        """Read what a file says; what is not as expected is not known.

        Args:
            record: What ``dataset_meta['surrogate']`` is.
            switched_off: Number of concepts that are switched off.
        """
        record = record if isinstance(record, Mapping) else {}
        images, classes = record.get('images'), record.get('classes')
        if type(images) is not int or images < 1:
            images = None
        if not isinstance(classes, Mapping):
            classes = {}
        return cls(
            black_box=_name(record.get('black_box')),
            agreement=_share(record.get('agreement')),
            images=images,
            data_set=_name(record.get('data_set')),
            classes={str(k): _share(v) for k, v in classes.items()},
            min_agreement=_share(record.get('min_agreement')),
            switched_off=switched_off,
            reweighted=len(_numbers(record.get(REWEIGHTED))),
        )

    @property
    def agrees_enough(self) -> bool:
        """Whether it is not known to agree less than was asked for."""
        return (
            self.agreement is None
            or self.min_agreement is None
            or self.agreement >= self.min_agreement
        )

    def sentence(self) -> str:
        """Say it to whoever reads an explanation, in one line.

        Example:
            >>> Surrogate(agreement=0.963, images=101).sentence()
            'surrogate; agrees with the model at 96.3 % of pixels (101 images)'
        """
        if self.agreement is None:
            return (
                'surrogate; how far it agrees with the model was not measured'
            )
        line = (
            f'surrogate; agrees with the model at {percent(self.agreement)} '
            f'of pixels{self._source()}'
        )
        if since := self._edits():
            line += f', measured before {since}'
        if not self.agrees_enough:
            line += (
                f'; less than the {percent(self.min_agreement or 0)} asked '
                "for: explanations may not be the model's reasons"
            )
        return line

    def to_dict(self) -> dict:
        """Return it in plain types, for JSON."""
        return dict(
            sentence=self.sentence(),
            target='model',
            black_box=self.black_box,
            agreement=self.agreement,
            min_agreement=self.min_agreement,
            images=self.images,
            data_set=self.data_set,
            switched_off=self.switched_off,
            reweighted=self.reweighted,
        )

    def _edits(self) -> str:
        off, changed = self.switched_off, self.reweighted
        parts = []
        if off:
            were = 'concept was' if off == 1 else 'concepts were'
            parts.append(f'{off} {were} switched off')
        if changed:
            of = 'concept' if changed == 1 else 'concepts'
            parts.append(f'the class weights of {changed} {of} were changed')
        return ' and '.join(parts)

    def _source(self) -> str:
        if self.images is None:
            return ''
        images = f'{self.images} image{"s" * (self.images > 1)}'
        of = f' of {self.data_set}' if self.data_set else ''
        return f' ({images}{of})'


def with_reweighted(record: Mapping, concept: int) -> dict:
    """Note in the record of a surrogate that weights of a concept changed."""
    changed = {*_numbers(record.get(REWEIGHTED)), concept}
    return {**record, REWEIGHTED: sorted(changed)}


def without_agreement(record: Mapping) -> dict:
    """Forget what was measured: it was of other weights."""
    return {**record, 'agreement': None, 'classes': {}}


def percent(share: float) -> str:
    """Write a share; one that is not all is never 100 %."""
    text = f'{100 * share:.1f} %'
    return 'over 99.9 %' if text == '100.0 %' and share < 1 else text


def _share(value: Any) -> float | None:
    known = isinstance(value, Real) and not isinstance(value, bool)
    return float(value) if known and 0 <= value <= 1 else None


def _numbers(value: Any) -> set[int]:
    values = value if isinstance(value, (list, tuple)) else []
    return {each for each in values if type(each) is int}


def _name(value: Any) -> str | None:
    """Return a name in one short line."""
    if not isinstance(value, str):
        return None
    return ' '.join(value.split())[:LONGEST_NAME] or None
