"""Drawn street scenes as a folder in the Cityscapes layout."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from ..folders import new_folder
from .parts import CLASSES, PARTS
from .scene import Scene, draw_scene

TOWN = 'toytown'
SPLITS = ('train', 'val')
RECORD = 'street_toy.json'


def write_street_scenes(
    out: str | Path,
    num_train: int,
    num_val: int,
    seed: int = 0,
    size: tuple[int, int] = (128, 256),
    report: Callable[[int, int], None] | None = None,
) -> bool:
    """Draw a data set; scenes of equal seed, split and number are equal.

    Writes `leftImg8bit/<split>/toytown/*_leftImg8bit.png`, beside it
    `gtFine/<split>/toytown/*_gtFine_<labelIds, labelTrainIds, instanceIds,
    partIds>.png`, and `street_toy.json` with the arguments, the classes and
    the table of parts.

    Args:
        out: The folder to make.
        num_train: Number of pictures to train with.
        num_val: Number of pictures to validate with.
        seed: Seed of the data set.
        size: Height and width of a picture in pixels.
        report: Called with the numbers of pictures drawn and wanted.

    Returns:
        False if the very same data set is there already, else True.

    Raises:
        ValueError: If a number is out of range or `out` holds other files.
    """
    _check_arguments(num_train, num_val, seed, size)
    out = Path(out)
    record = _record(num_train, num_val, seed, size)
    if _is_written(out, record):
        return False
    total = num_train + num_val
    with new_folder(out) as folder:
        done = 0
        for split, number in enumerate((num_train, num_val)):
            for index in range(number):
                scene = draw_scene(seed, index, split, size)
                write_scene(scene, folder, SPLITS[split], index)
                done += 1
                if report is not None:
                    report(done, total)
        text = json.dumps(record, indent=1) + '\n'
        (folder / RECORD).write_text(text, encoding='utf-8')
    return True


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
    num_train: int, num_val: int, seed: int, size: tuple[int, int]
) -> None:
    if num_train < 1 or num_val < 1:
        raise ValueError(
            f'found {num_train} pictures to train and {num_val} to validate '
            'with; expected at least one of each.'
        )
    if seed < 0:
        raise ValueError(f'found seed {seed}; expected 0 or more.')
    if min(size) < 32:
        raise ValueError(
            f'found size {size[0]} x {size[1]}; expected at least 32 pixels '
            'each way, or nothing can be made out.'
        )


def _record(
    num_train: int, num_val: int, seed: int, size: tuple[int, int]
) -> dict:
    """What a folder holds, in plain types."""
    return {
        'version': 1,
        'train': num_train,
        'val': num_val,
        'seed': seed,
        'size': list(size),
        'classes': [[item.name, item.label_id] for item in CLASSES],
        'parts': [list(part) for part in PARTS],
    }


def _is_written(out: Path, record: dict) -> bool:
    path = out / RECORD
    if not path.is_file():
        return False
    try:
        return json.loads(path.read_text(encoding='utf-8')) == record
    except json.JSONDecodeError:
        return False
