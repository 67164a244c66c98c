"""Part labels of the drawn street scenes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmproto.datasets.checks import read_mask
from mmproto.datasets.street_scenes.parts import PARTS, UNSEEN
from mmproto.registry import TRANSFORMS

from ..parts import PartLoader

# Ending of the file that the converter writes next to the label mask.
END = '_partIds.png'
# A smaller instance id is the label of a class without instances.
FIRST_INSTANCE = 1000


@TRANSFORMS.register_module()
class LoadStreetToyParts(PartLoader):
    """Reads `*_gtFine_partIds.png` and `instanceIds` beside the label mask.

    The table is :data:`mmproto.datasets.street_scenes.PARTS`; unseen objects
    have no part.

    Args:
        class_names: Classes of the data set. Only metrics need them.
    """

    def __init__(self, class_names: Sequence[str] = ()) -> None:
        table = [(part.class_name, part.kind) for part in PARTS]
        super().__init__(table, class_names)

    def locate(
        self, img_path: str, seg_map_path: str | None
    ) -> tuple[Path, str] | None:
        """Name the file of part ids beside the label mask, if there is one."""
        if seg_map_path is None:
            return None
        mask = Path(seg_map_path)
        return mask.parent, mask.name.rpartition('_')[0] + END

    def read(self, path: Path) -> tuple[np.ndarray, np.ndarray]:
        """Read part ids and the instance ids beside them.

        Raises:
            FileNotFoundError: If there are no instance ids.
            ValueError: If the ids are not those of the table.
        """
        parts = read_mask(path)
        if parts.ndim != 2 or parts.dtype != np.uint8:
            raise ValueError(
                f'{path}: found {parts.ndim} axes of {parts.dtype}; expected '
                'one channel of 8-bit part ids: draw the scenes again with '
                'mmproto draw-scenes.'
            )
        parts = np.where(parts == UNSEEN, 0, parts)
        if parts.max() > len(PARTS):
            raise ValueError(
                f'{path}: found the part id {parts.max()}; expected 0-'
                f'{len(PARTS)} or {UNSEEN}: draw the scenes again with '
                'mmproto draw-scenes.'
            )
        twin = path.with_name(path.name.replace(END, '_instanceIds.png'))
        instances = read_mask(twin)
        if instances.shape != parts.shape:
            raise ValueError(
                f'{twin}: found {instances.shape}; expected '
                f'{parts.shape}, the size of {path.name}.'
            )
        return parts, np.where(instances < FIRST_INSTANCE, 0, instances)
