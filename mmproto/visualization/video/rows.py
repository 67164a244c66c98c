"""What the strip tells of a concept: name, classes and a training patch."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from mmengine.logging import print_log

from mmproto.models.facts import ModelFacts
from mmproto.prototypes.patches import model_patches
from mmproto.visualization.crops import Crop, crop_patch

FIELD_RGB = (255, 225, 25)  # as in the other pictures


@dataclass(frozen=True)
class ConceptRow:
    """A concept in words.

    Args:
        concept: Its number.
        name: That people gave to it, or nothing.
        weights: Classes it speaks for with their weights, largest first.
    """

    concept: int
    name: str
    weights: list[tuple[str, float]]

    def title(self) -> str:
        """Number and name."""
        name = f': {self.name}' if self.name else ''
        return f'Concept {self.concept}{name}'

    def to_dict(self) -> dict:
        """Plain types for the JSON."""
        weights = [dict(name=n, weight=w) for n, w in self.weights]
        return dict(
            concept=self.concept, name=self.name, class_weights=weights
        )


def describe_concepts(
    facts: ModelFacts, concepts: Sequence[int]
) -> list[ConceptRow]:
    """Say of some concepts what they are called and speak for.

    Args:
        facts: Of the model.
        concepts: Their numbers.
    """
    rows = []
    for concept in concepts:
        weights = facts.class_weights_of(concept)
        positive = [pair for pair in weights if pair[1] > 0]
        name = facts.concept_names.get(concept, '')
        rows.append(ConceptRow(concept, name, positive))
    return rows


def patch_pictures(
    facts: ModelFacts,
    concepts: Sequence[int],
    side: int,
    data_root: str | Path | None = None,
) -> list[np.ndarray | None]:
    """Draw the nearest training patch of each concept that can be found.

    Args:
        facts: Of the model.
        concepts: Their numbers.
        side: Pixels of a picture, at most.
        data_root: Where the training images lie, if they moved.

    Returns:
        RGB pictures, ``None`` of a concept that has none.

    Raises:
        ValueError: If the model's projection record is of another model.
    """
    pictures = []
    for concept, patches in model_patches(facts, concepts, data_root).items():
        crops = (crop_patch(patch) for patch in patches)
        crop = next((crop for crop in crops if crop is not None), None)
        pictures.append(None if crop is None else _draw_crop(crop, side))
        if patches and crop is None:
            print_log(
                f'the training images of concept {concept} are not where the '
                f'record says, among them {patches[0].image}: say where the '
                'data lies now (data_root, or --data-root)',
                logger='current',
                level=logging.WARNING,
            )
    return pictures


def _draw_crop(crop: Crop, side: int) -> np.ndarray:
    """A crop at most ``side`` pixels large, with its field outlined."""
    height, width = crop.rgb.shape[:2]
    factor = side / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    picture = cv2.resize(crop.rgb, size, interpolation=cv2.INTER_AREA)
    x0, y0, x1, y1 = (round(factor * edge) for edge in crop.field)
    cv2.rectangle(picture, (x0, y0), (x1 - 1, y1 - 1), FIELD_RGB, 1)
    return picture
