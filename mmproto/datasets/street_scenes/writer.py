"""Drawn street scenes as a folder in the Cityscapes layout."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from ..folders import new_folder
from .parts import CLASSES, PARTS
from .scene import Scene, draw_scene, draw_unseen_scene

TOWN = 'toytown'
# The pictures of the last split show deer, which the others never do.
UNSEEN_SPLIT = 'unseen'
SPLITS = ('train', 'val', UNSEEN_SPLIT)
RECORD = 'street_toy.json'


def write_street_scenes(
    out: str | Path,
    num_train: int,
    num_val: int,
    seed: int = 0,
    size: tuple[int, int] = (128, 256),
    report: Callable[[int, int], None] | None = None,
    num_unseen: int = 0,
) -> bool:
    """Draw a data set; seed, split and number decide a scene.

    Writes `leftImg8bit/<split>/toytown/*_leftImg8bit.png`, beside it
    `gtFine/<split>/toytown/*_gtFine_<labelIds, labelTrainIds, instanceIds,
    partIds>.png`, and `street_toy.json` with the arguments, the classes and
    the table of parts.

    Args:
        out: The folder to make.
        num_train: Number of training pictures.
        num_val: Number of validation pictures.
        seed: Seed of the data set.
        size: Height and width of a picture in pixels.
        report: Called with the number of pictures drawn so far, and of all.
        num_unseen: Number of pictures with objects that no class describes;
            the pictures of the other splits do not depend on it.

    Returns:
        False if the same pictures are there already, else True.

    Raises:
        ValueError: If a number is out of range or `out` holds other files.
    """
    numbers = num_train, num_val, num_unseen
    _check_arguments(numbers, seed, size)
    out = Path(out)
    record = _record(numbers, seed, size)
    if _is_written(out, record):
        return False
    with new_folder(out) as folder:
        for done, (split, index) in enumerate(_places(numbers), 1):
            unseen = SPLITS[split] == UNSEEN_SPLIT
            draw = draw_unseen_scene if unseen else draw_scene
            scene = draw(seed, index, split, size)
            write_scene(scene, folder, SPLITS[split], index)
            if report is not None:
                report(done, sum(numbers))
        text = json.dumps(record, indent=1) + '\n'
        (folder / RECORD).write_text(text, encoding='utf-8')
    return True


def _places(numbers: tuple[int, int, int]) -> Iterator[tuple[int, int]]:
    """Yield split and index of every picture."""
    for split, number in enumerate(numbers):
        for index in range(number):
            yield split, index


def write_scene(scene: Scene, folder: Path, split: str, index: int) -> None:
    """Write one picture and its four masks.

    Raises:
        OSError: If a file cannot be written.
    """
    name = f'{TOWN}_{index:06d}_000000'
    images = folder / 'leftImg8bit' / split / TOWN
    masks = folder / 'gtFine' / split / TOWN
    _write(images / f'{name}_leftImg8bit.png', scene.image[..., ::-1])
    for kind, mask in (
        ('labelIds', scene.label_ids),
        ('labelTrainIds', scene.train_ids),
        ('instanceIds', scene.instance_ids),
        ('partIds', scene.part_ids),
    ):
        _write(masks / f'{name}_gtFine_{kind}.png', mask)


def _write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), pixels):
        raise OSError(f'{path} could not be written; is the disk full?')


def _check_arguments(
    numbers: tuple[int, int, int], seed: int, size: tuple[int, int]
) -> None:
    num_train, num_val, num_unseen = numbers
    if num_train < 1 or num_val < 1:
        raise ValueError(
            f'found {num_train} pictures to train and {num_val} to validate '
            'with; expected at least one of each.'
        )
    if num_unseen < 0:
        raise ValueError(
            f'found {num_unseen} pictures of unseen objects; expected 0 or '
            'more.'
        )
    if seed < 0:
        raise ValueError(f'found seed {seed}; expected 0 or more.')
    if min(size) < 32:
        raise ValueError(
            f'found size {size[0]} x {size[1]}; expected at least 32 pixels '
            'each way, or nothing can be made out.'
        )


def _record(
    numbers: tuple[int, int, int], seed: int, size: tuple[int, int]
) -> dict:
    """Return what a folder holds, in plain types."""
    num_train, num_val, num_unseen = numbers
    unseen = {UNSEEN_SPLIT: num_unseen} if num_unseen else {}
    return {
        'version': 1,
        'train': num_train,
        'val': num_val,
        **unseen,
        'seed': seed,
        'size': list(size),
        'classes': [[item.name, item.label_id] for item in CLASSES],
        'parts': [list(part) for part in PARTS],
    }


def _is_written(out: Path, record: dict) -> bool:
    """Tell whether a folder holds what the record says, or more."""
    path = out / RECORD
    if not path.is_file():
        return False
    try:
        found = json.loads(path.read_text(encoding='utf-8'))
    except json.JSONDecodeError:
        return False
    return {**found, **record} == found
