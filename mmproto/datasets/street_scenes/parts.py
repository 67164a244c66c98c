"""Classes of the drawn street scenes and the table of their parts.

A part id names one kind of part of one class, so the class of a pixel follows
from its part. Classes share kinds: `wheel` exists on car, truck, bus and
bicycle, `window` on building, car, truck and bus. Part id 0 is reserved for
pixels without a part and never drawn. Ids above the last row are free, except
`UNSEEN`, that of objects which training never shows.
"""

from typing import NamedTuple

import numpy as np


class StreetClass(NamedTuple):
    """One drawn class: its Cityscapes name, label id and colour."""

    name: str
    label_id: int
    colour: tuple[int, int, int]
    countable: bool


class Part(NamedTuple):
    """One row of the table of parts."""

    id: int
    class_name: str
    kind: str


# Position = training id: contiguous, so that the training masks need no map.
CLASSES = (
    StreetClass('road', 7, (128, 64, 128), False),
    StreetClass('sidewalk', 8, (244, 35, 232), False),
    StreetClass('building', 11, (70, 70, 70), False),
    StreetClass('pole', 17, (153, 153, 153), False),
    StreetClass('vegetation', 21, (107, 142, 35), False),
    StreetClass('sky', 23, (70, 130, 180), False),
    StreetClass('person', 24, (220, 20, 60), True),
    StreetClass('car', 26, (0, 0, 142), True),
    StreetClass('truck', 27, (0, 0, 70), True),
    StreetClass('bus', 28, (0, 60, 100), True),
    StreetClass('bicycle', 33, (119, 11, 32), True),
)

CLASS_NAMES = tuple(street_class.name for street_class in CLASSES)

_KINDS = {
    'road': ('surface', 'marking'),
    'sidewalk': ('surface', 'curb'),
    'building': ('wall', 'window', 'door', 'roof'),
    'pole': ('post', 'lamp'),
    'vegetation': ('trunk', 'crown'),
    'sky': ('air', 'cloud'),
    'person': ('head', 'torso', 'legs'),
    'car': ('body', 'window', 'wheel', 'light', 'plate'),
    'truck': ('body', 'window', 'wheel', 'light', 'plate', 'cargo'),
    'bus': ('body', 'window', 'wheel', 'light', 'plate', 'door'),
    'bicycle': ('wheel', 'frame', 'saddle'),
}

PARTS = tuple(
    Part(number, class_name, kind)
    for number, (class_name, kind) in enumerate(
        ((name, kind) for name in CLASS_NAMES for kind in _KINDS[name]), 1
    )
)

NO_PART = 0
IGNORED = 255
# Training id and part id of the deer, outside both tables.
UNSEEN = 254

_PART_IDS = {(part.class_name, part.kind): part.id for part in PARTS}
_PART_IDS['unseen', 'deer'] = UNSEEN


def part_id(class_name: str, kind: str) -> int:
    """Return the id of one kind of part of one class.

    Raises:
        ValueError: If the class has no such part.
    """
    if (class_name, kind) not in _PART_IDS:
        raise ValueError(
            f'there is no part {kind!r} of {class_name!r}; the table has '
            f'{sorted(_PART_IDS)}'
        )
    return _PART_IDS[class_name, kind]


def train_ids_of_parts() -> np.ndarray:
    """Map part ids to training ids, (256,) uint8; 255 for unused part ids."""
    table = np.full(256, IGNORED, np.uint8)
    table[UNSEEN] = UNSEEN
    for part in PARTS:
        table[part.id] = CLASS_NAMES.index(part.class_name)
    return table


def label_ids_of_parts() -> np.ndarray:
    """Map part ids to Cityscapes label ids, (256,) uint8; 0 is unlabelled."""
    table = np.zeros(256, np.uint8)
    for part in PARTS:
        index = CLASS_NAMES.index(part.class_name)
        table[part.id] = CLASSES[index].label_id
    return table
