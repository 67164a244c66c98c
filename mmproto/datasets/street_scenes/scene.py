"""One drawn street scene: what stands where, and the finished picture."""

from itertools import count
from typing import NamedTuple

import numpy as np

from .backdrop import draw_ground, draw_sky
from .canvas import SceneCanvas
from .layout import OVERSAMPLING, random_camera, random_layout
from .lighting import develop
from .parts import (
    CLASSES,
    UNSEEN,
    label_ids_of_parts,
    train_ids_of_parts,
)
from .placement import place_street
from .roadside import place_roadside
from .stream import Stream

# Smallest share of a picture that its deer cover; of a picture that is higher
# than wide, of a square.
LEAST_UNSEEN = 0.008


class Scene(NamedTuple):
    """A picture of h x w pixels with its annotations.

    Args:
        image: RGB, (h, w, 3) uint8.
        label_ids: Cityscapes label ids, (h, w) uint8.
        train_ids: Position in `CLASSES`, or `UNSEEN`, (h, w) uint8.
        part_ids: Ids of `PARTS`, or `UNSEEN`, (h, w) uint8.
        instance_ids: 1000 * label id + number for countable classes, the
            label id for the others, (h, w) uint16.
    """

    image: np.ndarray
    label_ids: np.ndarray
    train_ids: np.ndarray
    part_ids: np.ndarray
    instance_ids: np.ndarray


def draw_scene(
    seed: int, index: int, split: int = 0, size: tuple[int, int] = (128, 256)
) -> Scene:
    """Draw one scene; its pixels depend on the arguments alone.

    Args:
        seed: Seed of the data set.
        index: Number of the picture within its split.
        split: Number of the split.
        size: Height and width of the picture in pixels.
    """
    return _draw(Stream(seed, split, index), size)


def draw_unseen_scene(
    seed: int, index: int, split: int, size: tuple[int, int] = (128, 256)
) -> Scene:
    """Draw a scene with one to three deer, which no other scene has.

    A scene that shows next to nothing of them is replaced by another.

    Args:
        seed: Seed of the data set.
        index: Number of the picture within its split.
        split: Number of the split.
        size: Height and width of the picture in pixels.
    """
    enough = LEAST_UNSEEN * size[1] * min(size)
    for attempt in count():
        scene = _draw(Stream(seed, split, index, attempt), size, unseen=True)
        if np.sum(scene.train_ids == UNSEEN) >= enough:
            break
    return scene


def _draw(
    stream: Stream, size: tuple[int, int], unseen: bool = False
) -> Scene:
    camera, layout = random_camera(stream, *size), random_layout(stream)
    canvas = SceneCanvas(camera, stream)
    draw_sky(canvas, stream)
    draw_ground(canvas, layout, stream)
    behind = place_roadside(layout, stream)
    before = place_street(layout, stream, unseen)
    for placed in (behind, before):
        for _, draw in sorted(placed, key=lambda pair: -pair[0]):
            draw(canvas)
    return _finish(canvas, stream)


def _finish(canvas: SceneCanvas, stream: Stream) -> Scene:
    """Light the picture and read the annotations from part and owner."""
    step = slice(None, None, OVERSAMPLING)
    parts, owner = canvas.part[step, step], canvas.owner[step, step]
    label_ids = label_ids_of_parts()[parts]
    return Scene(
        image=develop(canvas, stream),
        label_ids=label_ids,
        train_ids=train_ids_of_parts()[parts],
        part_ids=np.ascontiguousarray(parts),
        instance_ids=_number(label_ids, owner),
    )


def _number(label_ids: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Return Cityscapes instance ids, (h, w) uint16, numbered by class."""
    countable = [item.label_id for item in CLASSES if item.countable]
    ids = label_ids.astype(np.uint16)
    found = dict.fromkeys(countable, 0)
    for number in np.unique(owner[np.isin(label_ids, countable)]):
        mine = owner == number
        label = int(label_ids[mine][0])
        ids[mine] = label * 1000 + found[label]
        found[label] += 1
    return ids
