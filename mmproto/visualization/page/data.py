"""What a page knows about one picture and the model that looked at it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from mmproto.concepts import COVERAGE
from mmproto.editing import concept_names
from mmproto.evidence import EvidenceMaps
from mmproto.explain import check_point, most_certain, read_pixels
from mmproto.files import file_hash
from mmproto.models.prototype_layers import CosinePrototypes
from mmproto.models.utils import get_prototype_head
from mmproto.projection import scale_dilations
from mmproto.version import __version__
from mmproto.visualization.colors import class_colors, class_names

from .geometry import Geometry, geometry_of
from .labels import read_labels
from .patches import encode_picture
from .receptive import theoretical_fields

VOID = np.uint16(65535)
LONGEST_SIDE = 2048  # pixels of the picture that is shown
QUALITY = 88
RAMP = 33  # colours of the scale, between which a page interpolates


@dataclass
class Picture:
    """One picture, ready to be packed into a page.

    Args:
        info: Plain types: names, sizes, steps from cells to pixels.
        arrays: Class weights, the model's prediction, labels, the picture.
        activations: Of the concepts in use, at the cells of all windows
            (K,n), float32.
        concepts: Index of each of them.
    """

    info: dict
    arrays: dict[str, np.ndarray]
    activations: np.ndarray
    concepts: list[int]


def picture_data(
    model: Any,
    image: str | Path,
    point: tuple[int, int] | None = None,
    labels: str | Path | None = None,
) -> Picture:
    """Run the model on a picture, and keep what explains its prediction.

    Args:
        model: From ``mmseg.apis.init_model``, with a ``PrototypeHead``.
        image: Path of the picture.
        point: Column and row to explain first, by default as
            :func:`mmproto.explain` chooses it.
        labels: Its label map; by default what the config's data set says.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If one cannot be read or does not fit.
    """
    head = get_prototype_head(model)
    pixels = read_pixels(image)
    if point is not None:
        check_point(point, pixels)
    cfg = getattr(model, 'cfg', {})
    truth = read_labels(cfg, image, labels, pixels.shape[:2])
    maps = EvidenceMaps(model, os.fspath(image), nearest=True)
    if point is None:
        probabilities = head.probabilities(maps.logits[None])[0]
        point = most_certain(maps.logits, probabilities)
    weights = head.class_weights.detach().cpu().float().numpy()  # C,K
    used = np.flatnonzero(weights.any(axis=0))
    geometry = geometry_of(model, maps)
    arrays = _arrays(maps, weights[:, used], used, truth, pixels)
    info = dict(
        mmproto=__version__,
        image=_describe(image, pixels),
        point=[int(point[0]), int(point[1])],
        concepts=used.tolist(),
        names=_names(model, used),
        num_concepts=weights.shape[1],
        sparsity=float((weights == 0).mean()),
        coverage=COVERAGE,
        link=head.link,
        geometry=geometry.to_dict(),
        scales=_scales(model, geometry),
        unlike=_unlike(head.prototype_layer),
        has_labels=truth is not None,
        ramp=_ramp(),
        **_classes(model, head.num_classes),
    )
    activations = _cells([m.numpy()[used] for m in maps.pooled])
    return Picture(info, arrays, activations, used.tolist())


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
    if truth is not None:
        wide = truth.astype(np.uint16)
        arrays['labels'] = np.where(wide < len(weights), wide, VOID)
    return arrays


def _cells(windows: list[np.ndarray]) -> np.ndarray:
    """Cells (K,n) of all windows, each of (K,H,W)."""
    parts = [w.reshape(len(w), w.shape[1] * w.shape[2]) for w in windows]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _describe(image: str | Path, pixels: np.ndarray) -> dict:
    return dict(
        name=Path(image).name,
        path=os.fspath(image),
        sha256=file_hash(image),
        size=list(pixels.shape[:2]),
    )


def _names(model: Any, used: np.ndarray) -> list[str]:
    """Names that somebody gave to concepts, empty where nobody did."""
    names = concept_names(getattr(model, 'dataset_meta', None))
    return [names.get(int(concept), '') for concept in used]


def _classes(model: Any, number: int) -> dict:
    meta = getattr(model, 'dataset_meta', None) or {}
    return dict(
        classes=class_names(meta, number),
        palette=[list(color) for color in class_colors(meta, number)],
    )


def _scales(model: Any, geometry: Geometry) -> list[dict]:
    """Dilation and theoretical field of every scale, in pixels of the file.

    One entry in all where the neck has no dilation rates.
    """
    fields = theoretical_fields(model)
    dilations: list = scale_dilations(model) or [None] * len(fields)
    down, right = geometry.pixels_per_input()
    return [
        dict(
            dilation=dilation,
            field=None if side is None else [side * down, side * right],
        )
        for dilation, side in zip(dilations, fields)
    ]


def _unlike(layer: Any) -> str | None:
    """What the distance to the nearest prototype is, if there are any."""
    if layer.vectors is None:
        return None
    if isinstance(layer, CosinePrototypes):
        return '1 - cosine similarity to the nearest prototype'
    return 'squared distance to the nearest prototype'


def _ramp() -> list[list[int]]:
    """Colours of ``cividis``, which all eyes see alike."""
    places = np.linspace(0, 1, RAMP)
    colors = matplotlib.colormaps['cividis'](places)[:, :3]
    return (255 * colors).round().astype(int).tolist()
