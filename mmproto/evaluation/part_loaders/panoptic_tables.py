"""Part ids of Panoptic-Parts.

From the repository github.com/pmeletis/panoptic_parts: the README of version
2 of the Cityscapes labels, and `utils/defs/ppp_60_57.yaml`, the groups of the
PASCAL labels. The latter's trains have one part there; the ranges of head,
lights and coaches are those of `utils/defs/ppp_100_72.yaml`.
"""

from collections.abc import Sequence

# Class id, and the part ids in the files under the name of every part.
Table = dict[str, tuple[int, dict[str, Sequence[int]]]]

_HUMAN: dict[str, Sequence[int]] = {
    'torso': (1,),
    'head': (2,),
    'arms': (3,),
    'legs': (4,),
}
_VEHICLE: dict[str, Sequence[int]] = {
    'windows': (1,),
    'wheels': (2,),
    'lights': (3,),
    'license plate': (4,),
    'chassis': (5,),
}

_CITYSCAPES: Table = {
    'person': (24, _HUMAN),
    'rider': (25, _HUMAN),
    'car': (26, _VEHICLE),
    'truck': (27, _VEHICLE),
    'bus': (28, _VEHICLE),
}


def _ids(*spans: tuple[int, int]) -> list[int]:
    """List all numbers from the first to the last of some spans."""
    return [i for first, last in spans for i in range(first, last + 1)]


_PASCAL: Table = {
    'aeroplane': (
        1,
        {
            'body': (1,),
            'engine': _ids((6, 15)),
            'wing': (3, 4),
            'stern': (2, 5),
            'wheel': _ids((16, 25)),
        },
    ),
    'bicycle': (2, {'wheel': (1, 2, 5), 'body': _ids((3, 4), (6, 15))}),
    'bird': (
        3,
        {
            'head': _ids((1, 4)),
            'wing': (7, 8),
            'leg': _ids((9, 12)),
            'torso': (5, 6, 13),
        },
    ),
    'bottle': (5, {'cap': (1,), 'body': (2,)}),
    'bus': (
        6,
        {
            'window': _ids((40, 59)),
            'wheel': _ids((20, 29)),
            'body': _ids((1, 19), (30, 39)),
        },
    ),
    'car': (
        7,
        {
            'window': _ids((40, 59)),
            'wheel': _ids((20, 29)),
            'light': _ids((30, 39)),
            'license plate': (8, 9),
            'body': _ids((1, 7), (10, 19)),
        },
    ),
    'cat': (
        8,
        {
            'head': _ids((1, 6)),
            'leg': _ids((9, 16)),
            'tail': (17,),
            'torso': (7, 8),
        },
    ),
    'cow': (
        10,
        {
            'head': _ids((1, 8)),
            'tail': (19,),
            'leg': _ids((11, 18)),
            'torso': (9, 10),
        },
    ),
    'dog': (
        12,
        {
            'head': _ids((1, 6), (18, 18)),
            'leg': _ids((9, 16)),
            'tail': (17,),
            'torso': (7, 8),
        },
    ),
    'horse': (
        13,
        {
            'head': _ids((1, 6)),
            'tail': (21,),
            'leg': _ids((7, 10), (13, 20)),
            'torso': (11, 12),
        },
    ),
    'motorbike': (14, {'wheel': (1, 2), 'body': _ids((3, 14))}),
    'person': (
        15,
        {
            'head': _ids((1, 10), (12, 12)),
            'torso': (11,),
            'lower arm': (13, 15, 16, 18),
            'upper arm': (14, 17),
            'lower leg': (19, 21, 22, 24),
            'upper leg': (20, 23),
        },
    ),
    'pottedplant': (16, {'pot': (1,), 'plant': (2,)}),
    'sheep': (
        17,
        {
            'head': _ids((1, 8)),
            'leg': _ids((11, 18)),
            'torso': (9, 10, 19),
        },
    ),
    'train': (
        19,
        {
            'head': _ids((1, 6)),
            'light': _ids((7, 16)),
            'coach': _ids((17, 76)),
        },
    ),
    'tvmonitor': (20, {'screen': (1,), 'frame': (2,)}),
}

TABLES = {'cityscapes': _CITYSCAPES, 'pascal': _PASCAL}
