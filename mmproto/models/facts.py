"""What a model says about itself, looked up once and handed on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mmengine.model import is_model_wrapper

from .decode_heads import PrototypeHead
from .metainfo import (
    Color,
    class_colors,
    class_names,
    concept_names,
    disabled_concepts,
)
from .surrogate_record import SURROGATE, Surrogate

Name = TypeVar('Name')


@dataclass(frozen=True)
class ModelFacts:
    """A segmentor, its prototype head, and what its meta information says.

    Args:
        segmentor: The model itself, without a data-parallel wrapper.
        head: Its prototype head.
        classes: Names of the ``C`` classes.
        palette: Their RGB colours.
        concept_names: Names that people gave to concepts, by number.
        disabled: Class weights (C,) that disabled concepts had, by number.
        record: The projection record that the model was loaded with, if any.
        dilations: Dilation rate of each scale, where the neck has rates.
        surrogate: How far the model is like the one that it was fitted to, if
            it explains another.
    """

    segmentor: Any
    head: PrototypeHead
    classes: list[str]
    palette: list[Color]
    concept_names: dict[int, str]
    disabled: dict[int, list[float]]
    record: dict | None
    dilations: list[int] | None
    surrogate: Surrogate | None

    @classmethod
    def of(
        cls, model: Any, dataset_meta: Mapping | None = None
    ) -> 'ModelFacts':
        """Look everything up.

        Args:
            model: A segmentor, or a data-parallel wrapper of one.
            dataset_meta: Of the data set; by default what the model was
                loaded with.

        Raises:
            ValueError: If its decode head is not a ``PrototypeHead``.
        """
        segmentor = bare_model(model)
        head = get_prototype_head(segmentor)
        if dataset_meta is None:
            dataset_meta = getattr(segmentor, 'dataset_meta', None) or {}
        disabled = disabled_concepts(dataset_meta)
        return cls(
            segmentor=segmentor,
            head=head,
            classes=class_names(dataset_meta, head.num_classes),
            palette=class_colors(dataset_meta, head.num_classes),
            concept_names=concept_names(dataset_meta),
            disabled=disabled,
            record=dataset_meta.get('projection'),
            dilations=_dilations(segmentor, head),
            surrogate=_surrogate(segmentor, dataset_meta, len(disabled)),
        )

    def class_weights_of(self, concept: int) -> list[tuple[str, float]]:
        """Classes with a weight other than zero, largest weight first."""
        column = self.head.class_weights[:, concept].detach().cpu()
        return named_weights(column.tolist(), self.classes)


def named_weights(
    weights: Sequence[float], classes: Sequence[Name]
) -> list[tuple[Name, float]]:
    """Name the class weights (C,) of a concept that are not zero.

    Returns:
        Class and weight, largest weight first, ties in the order of classes.
    """
    order = sorted(range(len(weights)), key=lambda c: -weights[c])
    return [(classes[c], weights[c]) for c in order if weights[c]]


def speaks_for(
    weights: Sequence[tuple[Name, float]],
) -> list[tuple[Name, float]]:
    """Keep the classes that a concept speaks for: weights above zero."""
    return [(name, weight) for name, weight in weights if weight > 0]


def bare_model(model: Any) -> Any:
    """Return the model itself, out of a data-parallel wrapper."""
    return model.module if is_model_wrapper(model) else model


def get_prototype_head(model: Any) -> PrototypeHead:
    """Find the prototype head of a segmentor.

    Args:
        model: A segmentor, or a data-parallel wrapper of one.

    Raises:
        ValueError: If its decode head is not a ``PrototypeHead``.
    """
    model = bare_model(model)
    head = getattr(model, 'decode_head', None)
    if not isinstance(head, PrototypeHead):
        raise ValueError(
            f'{type(model).__name__} has decode head {type(head).__name__}; '
            'expected an mmproto.PrototypeHead'
        )
    return head


def _surrogate(
    segmentor: Any, dataset_meta: Mapping, switched_off: int
) -> Surrogate | None:
    """Read the record; a model with a black box is one without it, too."""
    record = dataset_meta.get(SURROGATE)
    if record is None and not hasattr(segmentor, 'black_box'):
        return None
    return Surrogate.read(record, switched_off)


def _dilations(segmentor: Any, head: PrototypeHead) -> list[int] | None:
    rates = getattr(getattr(segmentor, 'neck', None), 'dilations', None)
    if rates is None:
        return None
    picked = (
        rates if head.in_index is None else [rates[i] for i in head.in_index]
    )
    return [int(rate) for rate in picked]
