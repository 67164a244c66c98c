"""The drawn street scenes as a data set of mmseg."""

from pathlib import Path
from typing import Any

from mmproto.registry import DATASETS

from .base import PlainSegDataset
from .street_scenes.parts import CLASSES, UNSEEN
from .street_scenes.writer import UNSEEN_SPLIT


@DATASETS.register_module()
class StreetToyDataset(PlainSegDataset):
    """Drawn street scenes in the layout and file names of Cityscapes.

    The training masks hold positions of classes in `METAINFO['classes']`.
    Every entry also names its mask of parts, as `part_map_path`; the table of
    parts is `mmproto.datasets.street_scenes.PARTS`.

    The split `unseen` (`data_prefix` with `leftImg8bit/unseen` and
    `gtFine/unseen`) shows objects of no class, whose id is
    `mmproto.datasets.street_scenes.UNSEEN`, 254. It is for OODMetric;
    IoUMetric needs `ignore_index=254` on it; drawn scenes have no void pixels.

    Args:
        img_suffix: End of the names of the images.
        seg_map_suffix: End of the names of the masks.
        part_map_suffix: End of the names of the masks of the parts.
        kwargs: Arguments of mmseg's BaseSegDataset.
    """

    METAINFO = {
        'classes': tuple(item.name for item in CLASSES),
        'palette': [list(item.colour) for item in CLASSES],
        'part_loader': {'type': 'mmproto.LoadStreetToyParts'},
    }

    def __init__(
        self,
        img_suffix: str = '_leftImg8bit.png',
        seg_map_suffix: str = '_gtFine_labelTrainIds.png',
        part_map_suffix: str = '_gtFine_partIds.png',
        **kwargs: Any,
    ) -> None:
        self.part_map_suffix = part_map_suffix
        super().__init__(
            img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs
        )

    @property
    def unseen_ids(self) -> tuple[int, ...]:
        """Ids without a class that the masks of this split may hold."""
        masks = Path(self.data_prefix.get('seg_map_path') or '')
        return (UNSEEN,) if masks.name == UNSEEN_SPLIT else ()

    def load_data_list(self) -> list[dict]:
        """List all images with their masks and part masks."""
        data_list = super().load_data_list()
        for info in data_list:
            if 'seg_map_path' in info:
                stem = info['seg_map_path'].removesuffix(self.seg_map_suffix)
                info['part_map_path'] = stem + self.part_map_suffix
        return data_list
