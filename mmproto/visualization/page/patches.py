"""Training patches as a page holds them: pictures, or where they are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mmproto.datasets.config_checks import leaf_configs
from mmproto.prototypes.patches import Box, Patch
from mmproto.utils.files import file_hash, relative_link
from mmproto.visualization.crops import crop_patch

from .encode import encode_picture

MODES = ('embed', 'link', 'none')
SIDE = 112  # pixels of an embedded patch, at most
QUALITY = 70  # of WebP
# Their terms forbid passing pictures on: cityscapes-dataset.com/license,
# mapillary.com/dataset/vistas.
RESTRICTED = ('cityscapes', 'mapillary')


def default_mode(cfg: Any) -> str:
    """Return ``'link'`` for data under such terms, else ``'embed'``."""
    loader = cfg.get('train_dataloader')
    leaves = leaf_configs(loader['dataset']) if loader else ()
    named = ' '.join(str(leaf.get('type')) for leaf in leaves).lower()
    return 'link' if any(name in named for name in RESTRICTED) else 'embed'


_hash = cache(file_hash)  # one file has many patches


@dataclass
class PatchStore:
    """Collect patches for a page, and the bytes of their pictures.

    Args:
        mode: One of ``MODES``.
        folder: Folder of the page; links start there.
        names: Names of the classes.
        most: Number of patches shown per concept.
    """

    mode: str
    folder: Path
    names: Sequence[str]
    most: int
    pictures: list[bytes] = field(default_factory=list)

    def concept(self, patches: Sequence[Patch]) -> dict:
        """Describe the patches of a concept, and count all their labels."""
        labels = Counter(self._label(patch) for patch in patches)
        return dict(
            patches=[self._patch(patch) for patch in patches[: self.most]],
            labels=[[label, n] for label, n in labels.most_common()],
        )

    def blob(self) -> np.ndarray:
        """Join the bytes of all pictures, as uint8."""
        return np.frombuffer(b''.join(self.pictures), np.uint8)

    def _label(self, patch: Patch) -> int:
        return patch.label if patch.label < len(self.names) else -1

    def _patch(self, patch: Patch) -> dict:
        facts = dict(
            prototype=patch.prototype,
            scale=patch.scale,
            dilation=patch.dilation,
            row=patch.row,
            column=patch.col,
            similarity=patch.similarity,
            label=self._label(patch),
            image=patch.image,
            size=list(patch.image_size),
            field=_rounded(patch.box()),
            cell=_rounded(patch.cell_box()),
        )
        if self.mode == 'embed':
            facts |= self._embed(patch)
        elif patch.file is not None:
            facts['sha256'] = _hash(patch.file)
            if self.mode == 'link':
                facts['href'] = relative_link(patch.file, self.folder)
        return facts

    def _embed(self, patch: Patch) -> dict:
        found = _crop(patch)
        if found is None:
            return {}
        data, box = found
        start = sum(len(picture) for picture in self.pictures)
        self.pictures.append(data)
        return dict(picture=[start, len(data)], crop=_rounded(box))


@cache
def _crop(patch: Patch) -> tuple[bytes, Box] | None:
    """Cut out a patch; return it with its box in pixels of its image."""
    crop = crop_patch(patch)
    if crop is None:
        return None
    height, width = crop.rgb.shape[:2]
    # the field in pixels of the image and of the crop tells the offset
    left = patch.box()[0] - crop.field[0]
    top = patch.box()[1] - crop.field[1]
    box = (left, top, left + width, top + height)
    return encode_picture(crop.rgb, SIDE, QUALITY), box


def _rounded(box: Box) -> list[float]:
    return [round(side, 2) for side in box]
