"""Explain pixels in both ways: by class activation map and by concepts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmproto.explanations.explain import explain
from mmproto.models.facts import ModelFacts

from .figure import PixelPair
from .grad_cam import seg_grad_cam
from .segmentor_view import SegmentorView

Place = tuple[str, tuple[int, int] | None]


def check_same_classes(model: Any, facts: ModelFacts) -> None:
    """Refuse a concept model of other classes.

    Args:
        model: The segmentor, with its ``dataset_meta``.
        facts: Of the concept model.

    Raises:
        ValueError: If the two have other names of classes.
    """
    classes = [str(name) for name in model.dataset_meta['classes']]
    if classes != facts.classes:
        raise ValueError(
            f'the model says {_some(classes)}, the concept model '
            f'{_some(facts.classes)}: give concepts of the same classes, '
            'such as `mmproto fit` makes'
        )


def explain_both(
    model: Any,
    facts: ModelFacts,
    places: Sequence[Place],
    data_root: str | Path | None = None,
) -> list[PixelPair]:
    """Explain pixels by the segmentor's gradients and by concepts.

    Args:
        model: The segmentor.
        facts: Of the concept model.
        places: Paths of images, each with column and row, or ``None`` for
            the pixel that :func:`mmproto.explain` chooses.
        data_root: Where the training images are, if they moved.

    Returns:
        One for each place. A concept model that decides otherwise than the
        segmentor explains its own decision, and says so.

    Raises:
        FileNotFoundError: If there is no image at a path.
        ImportError: If pytorch-grad-cam is not installed.
        ValueError: If a point lies outside its image.
    """
    return [
        _explain_both(model, facts, image, point, data_root)
        for image, point in places
    ]


def _explain_both(
    model: Any,
    facts: ModelFacts,
    image: str,
    point: tuple[int, int] | None,
    data_root: str | Path | None,
) -> PixelPair:
    explanation = explain(facts.segmentor, image, point, data_root)
    view = SegmentorView.of(model, image)
    x, y = explanation.point
    pixel = view.pixel(x, y)
    return PixelPair(
        explanation=replace(explanation, black_box=view.prediction),
        cam=seg_grad_cam(view, pixel),
        category=pixel.category,
        probability=float(view.probabilities[pixel.category, y, x]),
    )


def _some(names: Sequence[str]) -> str:
    more = ', ...' if len(names) > 3 else ''
    return f'{len(names)} classes ({", ".join(names[:3])}{more})'
