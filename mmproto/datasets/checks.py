"""Checks of a data set that say what is wrong in one sentence.

Every sentence names the file, what was found, what was expected and what to
do. Functions named `find_...` return such sentences, `check_...` raise them.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine import fileio
from PIL import Image

# The largest label id of Cityscapes; training ids end at 18.
LAST_LABEL_ID = 33

# More ids than this make a sentence unreadable.
SHOWN = 8


def read_mask(path: str | Path) -> np.ndarray:
    """Read the ids of a mask as mmseg does, (h, w) or (h, w, channels).

    Pillow returns the indices of a mask with a palette, not its colours.
    """
    with Image.open(path) as mask:
        return np.array(mask)


def allowed_ids(
    num_classes: int,
    label_map: dict[int, int] | None = None,
    reduce_zero_label: bool = False,
    ignore_index: int = 255,
) -> set[int]:
    """Return the ids that a mask file may hold, before mmseg maps them.

    Args:
        num_classes: Number of classes.
        label_map: Training id of every id in the files, as in mmseg's data
            sets.
        reduce_zero_label: Whether id 0 is ignored and classes count from 1.
        ignore_index: The ignored id.
    """
    ids = set(label_map) if label_map else set(range(num_classes))
    if reduce_zero_label:
        ids = {label + 1 for label in ids} | {0}
    return ids | {ignore_index}


def find_mask_problem(
    path: str | Path,
    mask: np.ndarray,
    image_size: tuple[int, int],
    allowed: set[int],
) -> str | None:
    """Say what is wrong with one mask.

    Args:
        path: File of the mask.
        mask: Its ids, (h, w), or colours, (h, w, channels).
        image_size: Height and width of the image in pixels.
        allowed: Ids that the mask may hold.
    """
    if mask.ndim != 2:
        return (
            f'{path}: found a mask of {mask.shape[2]} channels (RGB colours); '
            'expected one channel of class ids: convert the colours to ids.'
        )
    if mask.shape != tuple(image_size):
        return (
            f'{path}: found a mask of {mask.shape[0]} x {mask.shape[1]} '
            f'pixels; expected {image_size[0]} x {image_size[1]}, the size '
            'of its image: make both from the same picture.'
        )
    found = set(np.unique(mask).tolist())
    return _find_wrong_ids(Path(path), found, allowed)


def _find_wrong_ids(
    path: Path, found: set[int], allowed: set[int]
) -> str | None:
    unknown = sorted(found - allowed)
    expected = _ranges(allowed)
    if LAST_LABEL_ID in allowed and 'labelTrainIds' in path.name:
        return (
            f'{path}: found training ids (labelTrainIds); expected Cityscapes '
            f'labelIds, that is {expected}: set seg_map_suffix to '
            "'_gtFine_labelIds.png'."
        )
    if not unknown:
        return None
    seen = ', '.join(map(str, unknown[:SHOWN]))
    seen += ', ...' if len(unknown) > SHOWN else ''
    if _are_label_ids(path, found, allowed):
        return (
            f'{path}: found Cityscapes labelIds ({seen}); expected trainIds, '
            f'that is {expected}: set seg_map_suffix to '
            "'_gtFine_labelTrainIds.png' and make these files with mmseg's "
            'tools/dataset_converters/cityscapes.py.'
        )
    return (
        f'{path}: found the unknown ids {seen}; expected {expected}: correct '
        "the mask, or the classes in the data set's metainfo."
    )


def _are_label_ids(path: Path, found: set[int], allowed: set[int]) -> bool:
    """Tell whether ids, not all of them allowed, are label ids."""
    if 'labelIds' in path.name:
        return True
    cityscapes = 'gtFine' in path.name or 'gtCoarse' in path.name
    return cityscapes and max(found) <= LAST_LABEL_ID


def _ranges(ids: set[int]) -> str:
    """Write whole numbers as text, as in '0-10 and 255'."""
    spans: list[list[int]] = []
    for number in sorted(ids):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    texts = [f'{a}-{b}' if a < b else str(a) for a, b in spans]
    return ' and '.join(filter(None, (', '.join(texts[:-1]), texts[-1])))


def find_missing_files(infos: Sequence[dict]) -> Iterator[str]:
    """Name the pairs whose image or mask is missing."""
    for info in infos:
        image, mask = info['img_path'], info.get('seg_map_path')
        if not fileio.isfile(image):
            yield (
                f'{image} is missing; expected an image there: correct '
                'ann_file or img_suffix, or add the image.'
            )
        elif mask is not None and not fileio.isfile(mask):
            yield (
                f'{mask} is missing, the mask of {image}; expected one mask '
                'for every image: correct seg_map_suffix, or add the mask.'
            )


def find_mask_problems(dataset: Any, infos: Iterable[dict]) -> Iterator[str]:
    """Say what is wrong with the masks of an mmseg data set.

    Args:
        dataset: Has `metainfo` and `ignore_index`, and perhaps
            `unseen_ids`, ids of objects without a class.
        infos: Its entries to look at; missing files are skipped.
    """
    for info in infos:
        path = info.get('seg_map_path')
        if path is None or not fileio.isfile(path):
            continue
        if not fileio.isfile(info['img_path']):
            continue
        with Image.open(info['img_path']) as image:
            size = image.height, image.width
        allowed = allowed_ids(
            len(dataset.metainfo['classes']),
            info.get('label_map'),
            info.get('reduce_zero_label', False),
            dataset.ignore_index,
        )
        allowed.update(getattr(dataset, 'unseen_ids', ()))
        problem = find_mask_problem(path, read_mask(path), size, allowed)
        if problem is not None:
            yield problem


def find_problems(
    dataset: Any, infos: Sequence[dict], samples: int | None = None
) -> Iterator[str]:
    """Say what is wrong with an mmseg data set.

    Args:
        dataset: Has `metainfo` and `ignore_index`.
        infos: All its entries.
        samples: Number of masks to open, evenly spread; None for all.
    """
    yield from find_missing_files(infos)
    yield from find_mask_problems(dataset, choose_evenly(infos, samples))


def choose_evenly(items: Sequence[Any], number: int | None) -> list[Any]:
    """Choose at most `number` of the items, evenly spread; None for all."""
    if number is None or number >= len(items):
        return list(items)
    return [items[i * len(items) // number] for i in range(number)]


def check_folders(dataset: Any) -> None:
    """Check that the folders of an mmseg data set exist.

    Args:
        dataset: Has `data_prefix`, joined to its root, and `ann_file`.

    Raises:
        FileNotFoundError: If one is missing.
    """
    name = type(dataset).__name__
    for key, folder in dataset.data_prefix.items():
        if not folder or fileio.isdir(folder, dataset.backend_args):
            continue
        raise FileNotFoundError(
            f'{folder} is missing; {name} expects the folder there: correct '
            f'data_root or data_prefix.{key}, or put the data there.'
        )
    if dataset.ann_file and not fileio.exists(
        dataset.ann_file, dataset.backend_args
    ):
        raise FileNotFoundError(
            f'{dataset.ann_file} is missing; {name} expects the list of its '
            'images there: correct ann_file, or leave it out.'
        )


def check_not_empty(dataset: Any, infos: Sequence[dict]) -> None:
    """Check that an mmseg data set has images.

    Raises:
        ValueError: If it has none.
    """
    if not infos:
        folder = dataset.data_prefix.get('img_path')
        raise ValueError(
            f'{folder} holds no image for {type(dataset).__name__}; expected '
            f'files that end in {dataset.img_suffix!r}: correct '
            'data_prefix.img_path or img_suffix, or put the data there.'
        )
