"""What a page knows about one picture and the model that saw it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from mmproto.explanations.concepts import COVERAGE
from mmproto.explanations.evidence import EvidenceMaps
from mmproto.explanations.points import check_point, most_certain, read_pixels
from mmproto.models.facts import ModelFacts
from mmproto.models.prototype_layers import CosinePrototypes
from mmproto.utils.files import file_hash
from mmproto.version import __version__

from .encode import encode_picture
from .geometry import geometry_of, pixels_per_input
from .labels import read_labels
from .receptive import theoretical_fields

VOID = np.uint16(65535)
LONGEST_SIDE = 2048  # pixels of the picture that is shown
QUALITY = 88
RAMP = 33  # colours of the scale; a page interpolates between them


@dataclass
class Picture:
    """One picture, ready to be packed into a page.

    Args:
        info: Plain types: names, sizes, steps from cells to pixels.
        arrays: Class weights, the model's prediction, that of the model that
            a surrogate explains, labels, the picture.
        activations: Activations (U,n) of the ``U`` concepts in use at the
            ``n`` cells of all windows, float32.
    """

    info: dict
    arrays: dict[str, np.ndarray]
    activations: np.ndarray


def picture_data(
    facts: ModelFacts,
    image: str | Path,
    point: tuple[int, int] | None = None,
    labels: str | Path | None = None,
) -> Picture:
    """Run the model on a picture, and keep what explains its prediction.

    Args:
        facts: The model, from ``mmseg.apis.init_model``.
        image: Path of the picture.
        point: Column and row to explain first; by default chosen as by
            :func:`mmproto.explain`.
        labels: Its label map; by default that of the config's data set.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If one cannot be read or does not fit.
    """
    head = facts.head
    pixels = read_pixels(image)
    if point is not None:
        check_point(point, pixels)
    cfg = getattr(facts.segmentor, 'cfg', {})
    truth = read_labels(cfg, image, labels, pixels.shape[:2])
    maps = EvidenceMaps(facts, os.fspath(image), nearest=True)
    if point is None:
        probabilities = head.probabilities(maps.logits[None])[0]
        point = most_certain(maps.logits, probabilities)
    weights = head.class_weights.detach().cpu().float().numpy()  # C,K
    used = np.flatnonzero(weights.any(axis=0))
    geometry = geometry_of(facts, maps)
    arrays = _arrays(maps, weights[:, used], used, truth, pixels)
    info = dict(
        rounding=0.0,
        mmproto=__version__,
        image=_describe(image, pixels),
        point=[int(point[0]), int(point[1])],
        concepts=used.tolist(),
        names=[facts.concept_names.get(int(k), '') for k in used],
        num_concepts=weights.shape[1],
        sparsity=float((weights == 0).mean()),
        coverage=COVERAGE,
        link=head.link,
        sharpness=head.sharpness,
        geometry=geometry,
        scales=_scales(facts, geometry),
        unlike=_unlike(head.prototype_layer),
        has_labels=truth is not None,
        surrogate=_surrogate(facts, arrays),
        ramp=_ramp(),
        classes=facts.classes,
        palette=[list(color) for color in facts.palette],
    )
    activations = _cells([m.numpy()[used] for m in maps.pooled])
    return Picture(info, arrays, activations)


def _arrays(
    maps: EvidenceMaps,
    weights: np.ndarray,
    used: np.ndarray,
    truth: np.ndarray | None,
    pixels: np.ndarray,
) -> dict[str, np.ndarray]:
    shown = encode_picture(pixels[..., ::-1], LONGEST_SIDE, QUALITY)
    arrays = dict(
        weights=weights.astype(np.float32),  # C,K
        scales=_cells([s.numpy()[used] for s in maps.scale]).astype(np.uint8),
        nearest=_cells([n.numpy()[None] for n in maps.nearest])[0],
        prediction=maps.logits.argmax(dim=0).numpy().astype(np.uint16),
        picture=np.frombuffer(shown, np.uint8),
    )
    said = maps.black_box_prediction()
    if said is not None:
        arrays['black_box'] = said.astype(np.uint16)
    if truth is not None:
        wide = truth.astype(np.uint16)
        arrays['labels'] = np.where(wide < len(weights), wide, VOID)
    return arrays


def _surrogate(
    facts: ModelFacts, arrays: dict[str, np.ndarray]
) -> dict | None:
    """Say how far a surrogate agrees, also in this picture (``here``)."""
    if facts.surrogate is None:
        return None
    here = None
    if 'black_box' in arrays:
        here = float((arrays['black_box'] == arrays['prediction']).mean())
    return facts.surrogate.to_dict() | dict(here=here)


def _cells(windows: list[np.ndarray]) -> np.ndarray:
    """Join the cells of all windows, each (U,H,W), into (U,n)."""
    parts = [w.reshape(len(w), w.shape[1] * w.shape[2]) for w in windows]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _describe(image: str | Path, pixels: np.ndarray) -> dict:
    return dict(
        name=Path(image).name,
        path=os.fspath(image),
        sha256=file_hash(image),
        size=list(pixels.shape[:2]),
    )


def _scales(facts: ModelFacts, geometry: dict) -> list[dict]:
    """Give dilation and theoretical field (pixels of the file) per scale.

    A neck without dilation rates has a single entry.
    """
    fields = theoretical_fields(facts)
    dilations: list = facts.dilations or [None] * len(fields)
    down, right = pixels_per_input(geometry)
    return [
        dict(
            dilation=dilation,
            field=None if side is None else [side * down, side * right],
        )
        for dilation, side in zip(dilations, fields)
    ]


def _unlike(layer: Any) -> str | None:
    """Say what the distance to the nearest prototype is, if any."""
    if layer.vectors is None:
        return None
    if isinstance(layer, CosinePrototypes):
        return '1 - cosine similarity to the nearest prototype'
    return 'squared distance to the nearest prototype'


def _ramp() -> list[list[int]]:
    """Sample ``cividis``, which looks the same to all kinds of vision."""
    places = np.linspace(0, 1, RAMP)
    colors = matplotlib.colormaps['cividis'](places)[:, :3]
    return (255 * colors).round().astype(int).tolist()
