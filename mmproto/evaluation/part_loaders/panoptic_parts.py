"""Part labels of Cityscapes- and PASCAL-Panoptic-Parts."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from mmproto.registry import TRANSFORMS

from ..parts import PartLoader
from .panoptic_tables import TABLES
from .places import swap_folder

# Folders and file endings of images and labels, by data set.
LAYOUTS = {
    'cityscapes': (
        ('leftImg8bit', 'gtFinePanopticParts'),
        ('_leftImg8bit.png', '_gtFinePanopticParts.tif'),
    ),
    'pascal': (('JPEGImages', 'labels'), ('.jpg', '.tif')),
}
LARGEST_UID = 99_999_99


@TRANSFORMS.register_module()
class LoadPanopticParts(PartLoader):
    """Reads universal ids: class, instance and part in one number.

    de Geus et al., Part-aware Panoptic Segmentation, CVPR 2021; format and
    tables: github.com/pmeletis/panoptic_parts, version 2 of the labels.
    Cityscapes has 23 parts of person, rider, car, truck and bus; PASCAL is
    read with the published grouping of parts (`ppp_60_57`).

    Args:
        layout: 'cityscapes' or 'pascal': sets the table and the file names.
        folder: Folder of the labels. By default `gtFinePanopticParts` beside
            `leftImg8bit`, or `labels` beside `JPEGImages`.
        class_names: Classes of the data set. Only metrics need them.

    Raises:
        ValueError: If there is no such layout.
    """

    def __init__(
        self,
        layout: str = 'cityscapes',
        folder: str | None = None,
        class_names: Sequence[str] = (),
    ) -> None:
        if layout not in LAYOUTS:
            raise ValueError(
                f'LoadPanopticParts found layout={layout!r}; expected one of '
                f'{sorted(LAYOUTS)}.'
            )
        self.layout = layout
        self.folder = folder
        table = [
            (owner, part)
            for owner, (_, groups) in TABLES[layout].items()
            for part in groups
        ]
        super().__init__(table, class_names)
        self._rows = _rows_of_ids(layout)

    def locate(
        self, img_path: str, seg_map_path: str | None
    ) -> tuple[Path, str] | None:
        """Name the TIFF of an image, in the same subfolders as the image."""
        folders, ends = LAYOUTS[self.layout]
        return swap_folder(img_path, folders, ends, self.folder)

    def read(self, path: Path) -> tuple[np.ndarray, np.ndarray]:
        """Read a TIFF of universal ids.

        Raises:
            ValueError: If it holds no 32-bit ids, or unknown parts.
        """
        try:
            with Image.open(path) as image:
                uids = np.array(image)
        except UnidentifiedImageError as error:
            raise ValueError(
                f'{path} is no image; expected a TIFF of universal ids.'
            ) from error
        if uids.ndim != 2 or uids.dtype.kind not in 'iu':
            raise _wrong_file(path, f'{uids.ndim} axes of {uids.dtype}')
        if uids.dtype.itemsize < 4:
            raise _wrong_file(path, f'{8 * uids.dtype.itemsize}-bit ids')
        try:
            classes, instances, parts = decode_uids(uids)
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from error
        rows = self._rows[classes, np.maximum(parts, 0)]
        if rows.min() < 0:
            wrong = np.unique(uids[rows < 0])[:8].tolist()
            raise ValueError(
                f'{path}: found parts that layout={self.layout!r} does not '
                f'have, in the ids {wrong}: choose the other layout, or '
                'take version 2 of the labels.'
            )
        # A counter within one class is unique with the class before it.
        objects = np.where(instances < 0, 0, classes * 1000 + instances)
        return rows, objects


def decode_uids(
    uids: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take universal ids apart.

    An id of one or two digits is a class; of four or five digits, a class
    and three of an instance; of six or seven digits, these and two of a
    part.

    Args:
        uids: Universal ids, any shape.

    Returns:
        Class, instance and part of the same shape, int64; -1 where there is
        no instance or part.

    Raises:
        ValueError: If a number has three digits, more than seven or a sign.
    """
    uids = uids.astype(np.int64)
    three = (uids > 99) & (uids < 1000)
    wrong = (uids < 0) | three | (uids > LARGEST_UID)
    if wrong.any():
        raise ValueError(
            f'found {np.unique(uids[wrong])[:8].tolist()}; expected universal '
            'ids of 1, 2 or 4 to 7 digits.'
        )
    # Class and instance, or class alone.
    head = np.where(uids > 99_999, uids // 100, uids)
    classes = np.where(head > 99, head // 1000, head)
    instances = np.where(head > 99, head % 1000, -1)
    return classes, instances, np.where(uids > 99_999, uids % 100, -1)


def _rows_of_ids(layout: str) -> np.ndarray:
    """Map class and part ids to rows of the table, (100, 100) int64.

    Part 0 is void; -1 marks what no file may hold.
    """
    rows = np.full((100, 100), -1, np.int64)
    rows[:, 0] = 0
    number = 1
    for class_id, groups in TABLES[layout].values():
        for part_ids in groups.values():
            rows[class_id, list(part_ids)] = number
            number += 1
    if layout == 'cityscapes':
        # Part 5 of person and rider is a documented slip of about ten files.
        rows[[24, 25], 5] = 0
    return rows


def _wrong_file(path: Path, found: str) -> ValueError:
    return ValueError(
        f'{path}: found {found}; expected one channel of 32-bit universal '
        'ids: take the TIFFs of Panoptic-Parts, not pictures made of them.'
    )
