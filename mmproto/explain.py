"""Explain a decision: which concepts speak for a class, and from where."""

import os
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
import torch
from torch import Tensor

from mmproto.concepts import COVERAGE
from mmproto.editing import concept_names
from mmproto.evidence import EvidenceMaps, Image
from mmproto.explanation import ConceptEvidence, Explanation
from mmproto.models.utils import get_prototype_head
from mmproto.patches import (
    missing_patches,
    model_patches,
    projection_record,
)
from mmproto.projection import scale_dilations
from mmproto.visualization.colors import class_colors, class_names

__all__ = ['Explanation', 'explain']

BORDER = 8  # the default point keeps an 8th of each side from the border


def explain(
    model: Any,
    image: Image,
    point: tuple[int, int] | None = None,
    data_root: str | Path | None = None,
) -> Explanation:
    """Explain what the model sees at one point of an image.

    The contribution of a concept to a class is its weight times its
    activation at the point; contributions sum to the evidence of the class.

    Args:
        model: From ``mmseg.apis.init_model``, with a ``PrototypeHead``.
        image: Path, or BGR pixels (h,w,3) of uint8.
        point: Column ``x`` and row ``y`` in pixels of the image. By default
            the most certain pixel of the class that covers most of the image
            (the highest probability, on ties the most evidence), away from
            the border of the image where the class allows it.
        data_root: Where the training images lie, if they moved since the
            prototypes were projected.

    Returns:
        The explanation, with prediction, concepts and training patches.

    Raises:
        FileNotFoundError: If there is no image at the path.
        ValueError: If the model has no prototype head, the image cannot be
            read or the point lies outside of it.
    """
    head = get_prototype_head(model)
    pixels = read_pixels(image)
    if point is not None:
        check_point(point, pixels)
    maps = EvidenceMaps(model, image)
    probabilities = head.probabilities(maps.logits[None])[0]  # C,h,w
    if point is None:
        point = most_certain(maps.logits, probabilities)
    x, y = int(point[0]), int(point[1])
    meta = getattr(model, 'dataset_meta', None) or {}
    explanation = Explanation(
        image=None if isinstance(image, np.ndarray) else os.fspath(image),
        pixels=pixels,
        point=(x, y),
        prediction=maps.logits.argmax(dim=0).numpy(),
        classes=class_names(meta, head.num_classes),
        palette=class_colors(meta, head.num_classes),
        evidence=_numpy(maps.logits[:, y, x]),
        probabilities=_numpy(probabilities[:, y, x]),
        activations=_numpy(maps.activations_at(x, y)),
        class_weights=_numpy(head.class_weights),
        coverage=COVERAGE,
        names=concept_names(meta),
    )
    _add_concepts(explanation, maps, scale_dilations(model))
    _add_patches(explanation, model, data_root)
    return explanation


def _add_concepts(
    explanation: Explanation, maps: EvidenceMaps, dilations: list[int] | None
) -> None:
    """Add the concepts needed for the coverage, largest first."""
    x, y = explanation.point
    for concept in explanation.needed_concepts():
        scale = int(maps.scales(concept)[:, y, x].argmax())
        explanation.concepts.append(
            ConceptEvidence(
                concept=concept,
                scale=scale,
                dilation=None if dilations is None else dilations[scale],
                activation_map=maps.activations([concept])[0].numpy(),
            )
        )
    if not explanation.concepts:
        explanation.notes.append(
            'No class has any evidence at this point: every concept that is '
            'active here has a class weight of zero.'
        )


def _add_patches(
    explanation: Explanation, model: Any, data_root: str | Path | None
) -> None:
    numbers = [evidence.concept for evidence in explanation.concepts]
    found = model_patches(model, numbers, data_root)
    for evidence in explanation.concepts:
        evidence.patches = found[evidence.concept]
    shown = [patch for patches in found.values() for patch in patches]
    recorded = projection_record(model) is not None
    explanation.notes += missing_patches(recorded, shown)


def read_pixels(image: Image) -> np.ndarray:
    """Read BGR pixels (h,w,3), or check that these are some.

    Raises:
        FileNotFoundError: If there is no image at the path.
        ValueError: If it cannot be read, or these are no such pixels.
    """
    if not isinstance(image, np.ndarray):
        if not Path(image).is_file():
            raise FileNotFoundError(f'there is no image at {image}')
        pixels = mmcv.imread(os.fspath(image))
        if pixels is None:
            raise ValueError(f'{image} cannot be read as an image')
        return pixels
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            'expected BGR pixels of shape (h, w, 3) and type uint8, got '
            f'shape {image.shape} and type {image.dtype}'
        )
    return image


def check_point(point: tuple[int, int], pixels: np.ndarray) -> None:
    """Raise a ValueError if a point (x, y) lies outside of an image."""
    height, width = pixels.shape[:2]
    if not (0 <= point[0] < width and 0 <= point[1] < height):
        raise ValueError(
            f'point x={point[0]}, y={point[1]} lies outside the image, whose '
            f'x runs from 0 to {width - 1} and y from 0 to {height - 1}'
        )


def most_certain(logits: Tensor, probabilities: Tensor) -> tuple[int, int]:
    """Choose the point (x, y) that stands for the largest class."""
    prediction = logits.argmax(dim=0)  # h,w
    largest = int(prediction.flatten().bincount().argmax())
    eligible = prediction == largest
    height, width = eligible.shape
    middle = torch.zeros_like(eligible)
    top, left = height // BORDER, width // BORDER
    middle[top : height - top, left : width - left] = True
    if (eligible & middle).any():
        eligible &= middle
    certainty = probabilities[largest].masked_fill(~eligible, -torch.inf)
    tied = certainty == certainty.max()
    evidence = logits[largest].masked_fill(~tied, -torch.inf)
    y, x = divmod(int(evidence.argmax()), width)
    return x, y


def _numpy(values: Tensor) -> np.ndarray:
    return values.detach().cpu().double().numpy()
