"""Car-Parts with its 18 parts and background, and its conversion from COCO.

Pasupa et al., Evaluation of deep learning algorithms for semantic segmentation
of car parts, Complex & Intelligent Systems 2021.
"""

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import cv2
from mmengine.utils import track_iter_progress
from PIL import Image

from mmproto.registry import DATASETS

from .base import PlainSegDataset
from .car_parts_json import Photograph, read_photographs
from .folders import new_folder
from .polygons import draw_polygons

CLASSES = (
    'background', 'back_bumper', 'back_glass', 'back_left_door',
    'back_left_light', 'back_right_door', 'back_right_light', 'front_bumper',
    'front_glass', 'front_left_door', 'front_left_light', 'front_right_door',
    'front_right_light', 'hood', 'left_mirror', 'right_mirror', 'tailgate',
    'trunk', 'wheel',
)  # fmt: skip
ANNOTATIONS = 'annotations.json'
IMAGES = 'JPEGImages'
# Every fifth image validates. The data has three pairs of (nearly) equal
# photographs (11 and 109, 33 and 67, 162 and 201): both of each train.
FOLD = 5


@DATASETS.register_module()
class CarPartsDataset(PlainSegDataset):
    """Car-Parts in mmseg's layout, with the classes of its annotations.

    Left and right are the car's. `METAINFO['flip_pairs']` names the classes
    that change places when an image is mirrored. Background is a class.

    Args:
        img_suffix: End of the names of the images.
        seg_map_suffix: End of the names of the masks.
        kwargs: Arguments of mmseg's BaseSegDataset.
    """

    METAINFO = {
        'classes': CLASSES,
        # Parts of the left are warm, those of the right cold.
        'palette': [
            [64, 64, 64], [140, 86, 75], [23, 190, 207], [255, 187, 120],
            [214, 39, 40], [174, 199, 232], [65, 105, 225], [188, 189, 34],
            [158, 218, 229], [255, 127, 14], [255, 152, 150], [31, 119, 180],
            [127, 127, 255], [44, 160, 44], [227, 20, 150], [110, 60, 200],
            [197, 176, 213], [152, 223, 138], [240, 240, 240],
        ],
        'flip_pairs': [
            [CLASSES.index(name), CLASSES.index(name.replace('left', 'right'))]
            for name in CLASSES
            if 'left' in name
        ],
    }  # fmt: skip

    def __init__(
        self,
        img_suffix: str = '.jpg',
        seg_map_suffix: str = '.png',
        **kwargs: Any,
    ) -> None:
        super().__init__(
            img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs
        )


def convert_car_parts(source: str | Path, out: str | Path) -> dict[str, int]:
    """Convert Car-Parts from COCO's polygons to mmseg's masks.

    Photographs become `img_dir/<split>`, masks `ann_dir/<split>`. Every fifth
    photograph, in the order of their numbers, is of the split `val`, the
    others of `train`. Where parts overlap, the smaller one is seen.

    Args:
        source: Folder with `annotations.json` and `JPEGImages`.
        out: The folder to make.

    Returns:
        Number of images per split.

    Raises:
        FileNotFoundError: If the annotations or a photograph is missing.
        ValueError: If something in them is not as expected, or `out` is not
            empty.
    """
    source = Path(source)
    photographs = read_photographs(source / ANNOTATIONS, CLASSES)
    if len(photographs) < FOLD:
        raise ValueError(
            f'{source / ANNOTATIONS} has {len(photographs)} images; expected '
            f'{FOLD} or more, of which every fifth validates.'
        )
    photographs.sort(key=lambda each: _natural(each.name))
    numbers = {'train': 0, 'val': 0}
    with new_folder(Path(out)) as folder:
        steps = track_iter_progress(photographs, file=sys.stderr)
        for place, photograph in enumerate(steps, 1):
            split = 'train' if place % FOLD else 'val'
            _convert(photograph, source, folder, split)
            numbers[split] += 1
    return numbers


def _natural(name: str) -> list[int | str]:
    """Sort numbers in names by their value: 9 before 10."""
    parts = re.split(r'(\d+)', name)
    return [int(part) if part.isdecimal() else part for part in parts]


def _convert(
    photograph: Photograph, source: Path, folder: Path, split: str
) -> None:
    """Copy a photograph and draw its mask."""
    name = Path(photograph.name)
    if name.is_absolute() or '..' in name.parts or name.suffix != '.jpg':
        raise ValueError(
            f'{source / ANNOTATIONS}: found the image {photograph.name!r}; '
            f'expected the name of a .jpg file in {IMAGES}.'
        )
    _check_file(source / IMAGES / name, photograph.size)
    image = folder / 'img_dir' / split / name
    mask = (folder / 'ann_dir' / split / name).with_suffix('.png')
    for path in (image, mask):
        path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / IMAGES / name, image)
    width, height = photograph.size
    cv2.imwrite(str(mask), draw_polygons(photograph.objects, height, width))


def _check_file(path: Path, size: tuple[int, int]) -> None:
    """Refuse a photograph that is missing, broken or of another size."""
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} is missing; expected every image that {ANNOTATIONS} '
            'names: add it.'
        )
    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, SyntaxError) as error:
        raise ValueError(
            f'{path} cannot be read ({error}); expected a JPEG: copy it again.'
        ) from error
    if image.size != size:
        raise ValueError(
            f'{path} has {image.width} x {image.height} pixels; '
            f'expected {size[0]} x {size[1]}, as {ANNOTATIONS} says: take '
            'the photograph that the polygons were drawn on.'
        )
