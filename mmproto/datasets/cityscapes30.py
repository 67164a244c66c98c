"""Cityscapes with all 30 classes, not only the 19 that are ranked."""

import copy
from typing import Any

from mmproto.registry import DATASETS

from .base import PlainSegDataset

# unlabeled, ego vehicle, rectification border, out of roi
UNLABELLED = (0, 1, 2, 3)
IGNORED = 255


@DATASETS.register_module()
class Cityscapes30Dataset(PlainSegDataset):
    """Cityscapes by label ids, all but the four unlabelled ones.

    `static`, `dynamic`, `ground`, `parking` and the other classes without a
    training id count; the license plate (id -1) does not. Names and palette
    come from cityscapesscripts.

    Args:
        img_suffix: End of the names of the images.
        seg_map_suffix: End of the names of the masks, which hold label ids.
        kwargs: Arguments of mmseg's BaseSegDataset.
    """

    def __init__(
        self,
        img_suffix: str = '_leftImg8bit.png',
        seg_map_suffix: str = '_gtFine_labelIds.png',
        **kwargs: Any,
    ) -> None:
        super().__init__(
            img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs
        )

    @classmethod
    def _load_metainfo(cls, metainfo: dict | None = None) -> dict:
        """Return classes and palette of cityscapesscripts, or of the user."""
        palette = {name: list(colour) for _, name, colour in label_table()}
        info = {'classes': tuple(palette), **copy.deepcopy(metainfo or {})}
        unknown = [name for name in info['classes'] if name not in palette]
        if unknown:
            raise ValueError(
                f'found the classes {unknown} in metainfo; expected some of '
                f'{list(palette)}.'
            )
        chosen = [palette[name] for name in info['classes']]
        info.setdefault('palette', chosen)
        return info

    @classmethod
    def get_label_map(cls, new_classes: Any = None) -> dict[int, int]:
        """Map every label id to its training id, 255 if it is ignored."""
        names = list(new_classes or [name for _, name, _ in label_table()])
        label_map = dict.fromkeys((*UNLABELLED, IGNORED), IGNORED)
        for label_id, name, _ in label_table():
            known = name in names
            label_map[label_id] = names.index(name) if known else IGNORED
        return label_map


def label_table() -> list[tuple[int, str, tuple[int, int, int]]]:
    """List label id, name and colour of the 30 classes, by label id.

    Raises:
        ImportError: If cityscapesscripts is not installed.
    """
    try:
        from cityscapesscripts.helpers.labels import labels
    except ImportError as error:
        raise ImportError(
            'Cityscapes30Dataset takes its classes from cityscapesscripts, '
            "which is not installed: run `pip install 'mmproto[onedl]'` or "
            '`pip install cityscapesscripts`.'
        ) from error
    return [
        (label.id, label.name, label.color)
        for label in sorted(labels, key=lambda label: label.id)
        if label.id >= 0 and label.id not in UNLABELLED
    ]
