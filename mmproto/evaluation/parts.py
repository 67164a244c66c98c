"""Labels of the parts of objects, and what loads them from files."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from PIL import Image
from torch import Tensor

from mmproto.registry import TRANSFORMS


@dataclass(frozen=True)
class PartLabels:
    """Parts and objects of one image, at the size of its file.

    Args:
        parts: Row of the loader's table, (h, w) int64; 0 is no part.
        instances: Number of the object, unique within the image, (h, w)
            int64; 0 where objects are not told apart.
    """

    parts: Tensor
    instances: Tensor


class PartLoader(BaseTransform):
    """Loads part labels, for metrics or in the pipeline of a data set.

    In a pipeline it comes after `LoadAnnotations` and adds `gt_part_map` and
    `gt_part_instances`, (h, w) int32, which resizing, cropping and flipping
    move along with the label map. An image without part labels gets zeros.

    To add a loader, derive from this class, register it in mmseg's or
    mmproto's `TRANSFORMS`, and implement `locate` and `read`.

    Args:
        table: Class and name of every part, in the order of their rows,
            which count from 1.
        class_names: Classes of the data set. Only metrics need them.

    Attributes:
        part_names: Names of the L parts after 'none', as in 'car/wheel'.
        part_classes: Index of their classes in the data set, (L+1,) int64;
            -1 for 'none' and for classes that the data set does not have.

    Raises:
        ValueError: If the data set has none of the classes of the table.
    """

    def __init__(
        self,
        table: Sequence[tuple[str, str]],
        class_names: Sequence[str] = (),
    ) -> None:
        owners = [owner for owner, _ in table]
        if class_names and not set(owners) & set(class_names):
            raise ValueError(
                f'{type(self).__name__} has parts of '
                f'{sorted(set(owners))}, but the data set has the classes '
                f'{list(class_names)}: give it the loader of this data set.'
            )
        self.part_names = ('none', *(f'{a}/{b}' for a, b in table))
        index = {name: i for i, name in enumerate(class_names)}
        self.part_classes = torch.tensor(
            [-1] + [index.get(owner, -1) for owner in owners]
        )

    @abstractmethod
    def locate(
        self, img_path: str, seg_map_path: str | None
    ) -> tuple[Path, str] | None:
        """Say where the part labels of an image are.

        Args:
            img_path: File of the image.
            seg_map_path: File of its label mask, if there is one.

        Returns:
            A folder that holds all files of this kind, and the path of this
            one within it; None if there cannot be any.

        Raises:
            ValueError: If the paths are not as expected.
        """

    @abstractmethod
    def read(self, path: Path) -> tuple[np.ndarray, np.ndarray]:
        """Read a file: parts and instances, (h, w) of any integer type.

        Raises:
            ValueError: If the file does not hold what it should.
        """

    def load(
        self, img_path: str, seg_map_path: str | None = None
    ) -> PartLabels | None:
        """Load the part labels of an image.

        Args:
            img_path: File of the image.
            seg_map_path: File of its label mask, if there is one.

        Returns:
            The labels, or None where the image has no such file.

        Raises:
            FileNotFoundError: If no image has such a file.
            ValueError: If the file does not hold what it should.
        """
        place = self.locate(img_path, seg_map_path)
        if place is None:
            return None
        folder, name = place
        path = folder / name
        if not path.is_file():
            _check_folder(type(self).__name__, folder, path)
            return None
        parts, instances = self.read(path)
        _check_size(path, parts, img_path)
        return PartLabels(
            torch.from_numpy(parts.astype(np.int64)),
            torch.from_numpy(instances.astype(np.int64)),
        )

    def transform(self, results: dict) -> dict:
        """Add `gt_part_map` and `gt_part_instances`, (h, w) int32.

        Args:
            results: What the pipeline has so far, with `gt_seg_map`.

        Raises:
            ValueError: If the label map is not there, or was resized.
        """
        name = type(self).__name__
        if 'gt_seg_map' not in results:
            raise ValueError(
                f'{name} found no label map: put it after LoadAnnotations.'
            )
        shape = results['gt_seg_map'].shape
        labels = self.load(results['img_path'], results.get('seg_map_path'))
        if labels is None:
            none = torch.zeros(shape, dtype=torch.int64)
            labels = PartLabels(none, none)
        if labels.parts.shape != shape:
            raise ValueError(
                f'{name} found a label map of {tuple(shape)} and parts of '
                f'{tuple(labels.parts.shape)} pixels: put it directly after '
                'LoadAnnotations.'
            )
        for key, value in (
            ('gt_part_map', labels.parts),
            ('gt_part_instances', labels.instances),
        ):
            results[key] = value.numpy().astype(np.int32)
            results.setdefault('seg_fields', []).append(key)
        return results


def build_part_loader(cfg: dict, class_names: Sequence[str]) -> PartLoader:
    """Build the loader of the part labels of a data set.

    Args:
        cfg: Type and arguments of the loader.
        class_names: Classes of the data set.

    Raises:
        ValueError: If the type is no part loader.
    """
    loader = TRANSFORMS.build(dict(cfg, class_names=tuple(class_names)))
    if not isinstance(loader, PartLoader):
        raise ValueError(
            f'{cfg.get("type")!r} is no loader of part labels; expected a '
            'type that derives from mmproto.evaluation.parts.PartLoader.'
        )
    return loader


def _check_folder(name: str, folder: Path, path: Path) -> None:
    """Tell one image without part labels from labels that are elsewhere."""
    pattern = f'*{path.suffix}'
    if next(folder.rglob(pattern), None) is None:
        raise FileNotFoundError(
            f'{folder} is missing or holds no {pattern}; {name} expects the '
            f'part labels there, this one as {path}: put them there, or '
            'correct the arguments of the loader.'
        )


def _check_size(path: Path, parts: np.ndarray, img_path: str) -> None:
    with Image.open(img_path) as image:
        size = image.height, image.width
    if parts.shape != size:
        raise ValueError(
            f'{path}: found part labels of {parts.shape[0]} x '
            f'{parts.shape[1]} pixels; expected {size[0]} x {size[1]}, the '
            'size of the image: make both from the same picture.'
        )
