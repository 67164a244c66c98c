"""The polygons of Car-Parts, read from COCO's JSON and checked."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

# Some corners lie up to 1.8 pixels outside of their photograph.
MARGIN = 2.0


@dataclass
class Photograph:
    """A photograph with the outlines of its parts.

    Attributes:
        name: Of its file in `JPEGImages`.
        size: Width and height in pixels.
        objects: Id of the class, and polygons (n, 2), of each part.
    """

    name: str
    size: tuple[int, int]
    objects: list[tuple[int, list[np.ndarray]]] = field(default_factory=list)


def read_photographs(path: Path, classes: Sequence[str]) -> list[Photograph]:
    """Read the photographs of Car-Parts, each with its objects.

    Args:
        path: File `annotations.json`.
        classes: Names of the classes; `_background_` is `background`.

    Raises:
        FileNotFoundError: If it is missing.
        ValueError: If something in it is not as expected.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} is missing; expected the layout of Car-Parts '
            f'({path.name}, JPEGImages): give the folder that holds these.'
        )
    try:
        content = json.loads(path.read_bytes())
        names = {
            each['id']: str(each['name']) for each in content['categories']
        }
        images = {
            each['id']: Photograph(
                str(each['file_name']),
                (int(each['width']), int(each['height'])),
            )
            for each in content['images']
        }
        objects = [
            (each['image_id'], each['category_id'], each['segmentation'])
            for each in content['annotations']
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} is not as expected ({error!r}); expected the JSON of '
            'COCO with images, categories and annotations: load it again.'
        ) from error
    labels = {key: _label(path, name, classes) for key, name in names.items()}
    _check_different(path, images.values(), len(content['images']))
    for image, category, rings in objects:
        if image not in images or category not in labels:
            raise ValueError(
                f'{path}: found an annotation of image {image!r} and category '
                f'{category!r}; expected ids that its lists of images and '
                'categories have: load it again.'
            )
        polygons = _polygons(path, images[image], rings)
        images[image].objects.append((labels[category], polygons))
    return list(images.values())


def _label(path: Path, name: str, classes: Sequence[str]) -> int:
    """Return the id of a class."""
    if name.strip('_') not in classes:
        raise ValueError(
            f'{path}: found the category {name!r}; expected those of '
            f'Car-Parts: {", ".join(classes)}.'
        )
    return classes.index(name.strip('_'))


def _check_different(
    path: Path, images: Iterable[Photograph], entries: int
) -> None:
    """Refuse a list that has an id or a name twice."""
    different = len({each.name for each in images})
    if different < entries:
        raise ValueError(
            f'{path} has {different} different images in {entries} entries; '
            'expected each once: load it again.'
        )


def _polygons(
    path: Path, photograph: Photograph, rings: Any
) -> list[np.ndarray]:
    """Return the polygons of an object, each (n, 2): x and y in pixels."""
    try:
        found = [np.array(ring, float).reshape(-1, 2) for ring in rings]
        complete = bool(found) and min(map(len, found)) >= 3
        corners = np.concatenate(found) if complete else None
    except (TypeError, ValueError):
        corners = None
    if corners is None:
        raise ValueError(
            f'{path}: found an annotation of {photograph.name} that is no '
            'list of polygons [x, y, x, y, x, y, ...]; expected one, as '
            'Car-Parts has no other kind: draw its outline.'
        )
    far = np.abs(corners.clip(0, photograph.size) - corners).max()
    if not far <= MARGIN:  # true for not-a-number, too
        width, height = photograph.size
        raise ValueError(
            f'{path}: found a corner {far:.1f} pixels outside of '
            f'{photograph.name} ({width} x {height} pixels); expected all '
            'within: correct the polygon.'
        )
    return found
