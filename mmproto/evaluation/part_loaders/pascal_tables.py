"""Parts of Pascal-Part.

Chen et al., Detect What You Can: Detecting and Representing Objects using
Holistic Models and Body Parts, CVPR 2014; names from `part2ind.m` of the
release. A number after a colon says how many of a part are numbered, as in
`wheel_1`. Boat, chair, diningtable and sofa have no parts.
"""

import re

_QUADRUPED = 'head leye reye lear rear {} torso neck'
_UPPER_LOWER = 'lfuleg lflleg rfuleg rflleg lbuleg lblleg rbuleg rblleg tail'
_PAWS = 'lfleg lfpa rfleg rfpa lbleg lbpa rbleg rbpa tail'
_VEHICLE = (
    'frontside leftside rightside backside roofside leftmirror rightmirror '
    'fliplate bliplate door:10 wheel:10 headlight:10 window:20'
)
_HORNED = f'{_QUADRUPED.format("muzzle lhorn rhorn")} {_UPPER_LOWER}'

PARTS = {
    'aeroplane': 'body stern lwing rwing tail engine:10 wheel:10',
    'bicycle': 'fwheel bwheel saddle handlebar chainwheel headlight:10',
    'bird': 'head leye reye beak torso neck lwing rwing lleg lfoot rleg rfoot '
    'tail',
    'bottle': 'cap body',
    'bus': _VEHICLE,
    'car': _VEHICLE,
    'cat': f'{_QUADRUPED.format("nose")} {_PAWS}',
    'cow': _HORNED,
    'dog': f'{_QUADRUPED.format("nose muzzle")} {_PAWS}',
    'horse': f'{_QUADRUPED.format("muzzle")} {_UPPER_LOWER} '
    'lfho rfho lbho rbho',
    'motorbike': 'fwheel bwheel handlebar saddle headlight:10',
    'person': 'head leye reye lear rear lebrow rebrow nose mouth hair torso '
    'neck llarm luarm lhand rlarm ruarm rhand llleg luleg lfoot rlleg ruleg '
    'rfoot',
    'pottedplant': 'pot plant',
    'sheep': _HORNED,
    'train': 'head hfrontside hleftside hrightside hbackside hroofside '
    'headlight:10 coach:10 cfrontside:10 cleftside:10 crightside:10 '
    'cbackside:10 croofside:10',
    'tvmonitor': 'screen',
}


def part_kinds(class_name: str, merge_sides: bool) -> dict[str, str]:
    """Map every name in the files to its name in the table.

    Args:
        class_name: One of `PARTS`.
        merge_sides: Whether left and right parts count as one, and so do
            numbered parts: `lwing` and `rwing` become `wing`, `wheel_2`
            becomes `wheel`.
    """
    names = []
    for entry in PARTS[class_name].split():
        name, _, number = entry.partition(':')
        ends = [f'_{i + 1}' for i in range(int(number))] if number else ['']
        names += [name + end for end in ends]
    if not merge_sides:
        return {name: name for name in names}
    known = {_without_number(name) for name in names}
    return {
        name: _without_side(_without_number(name), known) for name in names
    }


def _without_number(name: str) -> str:
    return re.sub(r'_\d+$', '', name)


def _without_side(name: str, known: set[str]) -> str:
    """Drop left or right, if there is the same part opposite."""
    for left, right in (('left', 'right'), ('l', 'r')):
        for mine, other in ((left, right), (right, left)):
            at = name.find(mine) if len(mine) > 1 else 0
            if at < 0 or not name.startswith(mine, at):
                continue
            end = name[at + len(mine) :]
            if name[:at] + other + end in known:
                return name[:at] + end
    return name
