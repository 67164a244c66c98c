"""Part labels of Pascal-Part."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmproto.registry import TRANSFORMS

from ..parts import PartLoader
from .pascal_tables import PARTS, part_kinds
from .places import swap_folder


@TRANSFORMS.register_module()
class LoadPascalParts(PartLoader):
    """Reads Pascal-Part's MATLAB files: masks of objects and of their parts.

    Chen et al., Detect What You Can: Detecting and Representing Objects using
    Holistic Models and Body Parts, CVPR 2014. Later objects hide earlier
    ones, and later parts of an object earlier parts, as in the release's
    `mat2map.m`.

    Args:
        folder: Folder of the `.mat` files. By default `Annotations_Part`
            beside `JPEGImages`.
        merge_sides: Whether left and right parts count as one part, and so
            do numbered parts (`wheel_2`).
        class_names: Classes of the data set. Only metrics need them.
    """

    def __init__(
        self,
        folder: str | None = None,
        merge_sides: bool = True,
        class_names: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.merge_sides = merge_sides
        kinds = {name: part_kinds(name, merge_sides) for name in PARTS}
        table = [
            (owner, kind)
            for owner, names in kinds.items()
            for kind in dict.fromkeys(names.values())
        ]
        super().__init__(table, class_names)
        row = {pair: number for number, pair in enumerate(table, 1)}
        self._rows = {
            (owner, name): row[owner, kind]
            for owner, names in kinds.items()
            for name, kind in names.items()
        }

    def locate(
        self, img_path: str, seg_map_path: str | None
    ) -> tuple[Path, str] | None:
        """Name the `.mat` file of an image."""
        folders = 'JPEGImages', 'Annotations_Part'
        return swap_folder(img_path, folders, ('.jpg', '.mat'), self.folder)

    def read(self, path: Path) -> tuple[np.ndarray, np.ndarray]:
        """Read the objects of an image and paint their parts.

        Raises:
            ValueError: If the file is none of Pascal-Part, or if it has
                unknown parts or masks of several sizes.
        """
        objects = _read_objects(path)
        shape = _mask(objects[0].mask).shape
        parts = np.zeros(shape, np.int64)
        instances = np.zeros(shape, np.int64)
        for number, item in enumerate(objects, 1):
            silhouette = _same_size(path, item.mask, shape)
            instances[silhouette] = number
            parts[silhouette] = 0
            for part in _structs(item.parts):
                row = self._row(path, _text(item, 'class'), part)
                parts[_same_size(path, part.mask, shape)] = row
        return parts, instances

    def _row(self, path: Path, owner: str, part: Any) -> int:
        name = _text(part, 'part_name')
        if (owner, name) not in self._rows:
            known = [kind for item, kind in self._rows if item == owner]
            raise ValueError(
                f'{path}: found the part {name!r} of {owner!r}; expected one '
                f'of {known}: take the files of Pascal-Part as released.'
            )
        return self._rows[owner, name]


def _read_objects(path: Path) -> list[Any]:
    """Read the objects of a file, in its order."""
    from scipy.io import loadmat  # mmseg requires it; slow to import
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path, struct_as_record=False)
        objects = list(_structs(content['anno'].ravel()[0].objects))
        objects[0].mask, objects[0].parts
    # what scipy raises for empty, foreign and version 7.3 files, and Python
    # for files of another structure
    except (
        MatReadError,
        ValueError,
        NotImplementedError,  # scipy, of files of version 7.3
        LookupError,
        AttributeError,
    ) as error:
        raise ValueError(
            f'{path}: found no annotation of Pascal-Part ({error}); expected '
            'a MATLAB file with `anno.objects`, each with class, mask and '
            'parts.'
        ) from error
    return objects


def _structs(field: np.ndarray) -> Iterator[Any]:
    """Give the elements of a MATLAB structure array, which may be empty."""
    yield from field.ravel()


def _text(struct: Any, field: str) -> str:
    return str(getattr(struct, field).ravel()[0])


def _mask(values: np.ndarray) -> np.ndarray:
    return np.atleast_2d(values) > 0


def _same_size(
    path: Path, values: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    mask = _mask(values)
    if mask.shape != shape:
        raise ValueError(
            f'{path}: found masks of {shape} and {mask.shape} pixels; '
            'expected one size: take the files of Pascal-Part as released.'
        )
    return mask
