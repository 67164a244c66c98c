"""Explain a decision: which concepts speak for a class, and how much."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from mmproto.models.facts import ModelFacts
from mmproto.prototypes.patches import missing_patches, model_patches

from .concepts import COVERAGE
from .evidence import EvidenceMaps
from .explanation import ConceptEvidence, Explanation
from .points import Image, check_point, most_certain, read_pixels


def explain(
    model: Any,
    image: Image,
    point: tuple[int, int] | None = None,
    data_root: str | Path | None = None,
) -> Explanation:
    """Explain why the model predicts what it does at one point of an image.

    The contribution of a concept to a class is its class weight times its
    activation at the point. The contributions sum to the evidence for the
    class.

    Args:
        model: From ``mmseg.apis.init_model``, with a ``PrototypeHead``.
        image: Path, or BGR pixels (h,w,3) of uint8.
        point: Column ``x`` and row ``y`` in pixels of the image. By default
            the most certain pixel (highest probability, on ties the most
            evidence) of the class that covers most of the image, away from
            the border of the image if the class allows it.
        data_root: Folder of the training images, if they moved since the
            prototypes were projected.

    Returns:
        The explanation, with prediction, concepts and training patches.

    Raises:
        FileNotFoundError: If there is no image at the path.
        ValueError: If the model has no prototype head, the image cannot be
            read or the point lies outside it.

    Example:
        >>> from mmseg.apis import init_model
        >>> model = init_model(config, checkpoint)  # doctest: +SKIP
        >>> explanation = mmproto.explain(
        ...     model, 'street.png', point=(395, 225)
        ... )  # doctest: +SKIP
        >>> print(explanation.sentence())  # doctest: +SKIP
        car 0.58 here because of concept 6 (1.87); runner-up road 0.23
    """
    facts = ModelFacts.of(model)
    pixels = read_pixels(image)
    if point is not None:
        check_point(point, pixels)
    maps = EvidenceMaps(facts, image)
    probabilities = facts.head.probabilities(maps.logits[None])[0]  # C,h,w
    if point is None:
        point = most_certain(maps.logits, probabilities)
    x, y = int(point[0]), int(point[1])
    explanation = Explanation(
        image=None if isinstance(image, np.ndarray) else os.fspath(image),
        pixels=pixels,
        point=(x, y),
        prediction=maps.logits.argmax(dim=0).numpy(),
        classes=facts.classes,
        palette=facts.palette,
        evidence=_numpy(maps.logits[:, y, x]),
        probabilities=_numpy(probabilities[:, y, x]),
        activations=_numpy(maps.activations_at(x, y)),
        class_weights=_numpy(facts.head.class_weights),
        coverage=COVERAGE,
        names=facts.concept_names,
        surrogate=facts.surrogate,
        black_box=maps.black_box_prediction(),
    )
    if facts.surrogate is not None:
        explanation.notes.append(facts.surrogate.sentence())
    _add_concepts(explanation, maps, facts.dilations)
    _add_patches(explanation, facts, data_root)
    return explanation


def _add_concepts(
    explanation: Explanation, maps: EvidenceMaps, dilations: list[int] | None
) -> None:
    """Add the concepts that reach the coverage, largest first."""
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
    explanation: Explanation, facts: ModelFacts, data_root: str | Path | None
) -> None:
    numbers = [evidence.concept for evidence in explanation.concepts]
    found = model_patches(facts, numbers, data_root)
    for evidence in explanation.concepts:
        evidence.patches = found[evidence.concept]
    shown = [patch for patches in found.values() for patch in patches]
    explanation.notes += missing_patches(facts.record is not None, shown)


def _numpy(values: Tensor) -> np.ndarray:
    return values.detach().cpu().double().numpy()
