"""How the network sees an image: windows, mirrored, at several sizes."""

from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from mmproto.models.metainfo import VOID
from mmproto.prototypes.features import map_size, resize_by

from .maps import Size

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Windows:
    """Sliding windows, as in mmseg's ``slide_inference``.

    Args:
        crop: Rows and columns of a window.
        stride: Rows and columns from one to the next.
    """

    crop: Size
    stride: Size

    @classmethod
    def of(cls, segmentor: Any) -> 'Windows | None':
        """Return a segmentor's windows; ``None`` if it sees whole images."""
        test_cfg = segmentor.test_cfg or {}
        if test_cfg.get('mode', 'whole') != 'slide':
            return None
        crop, stride = test_cfg['crop_size'], test_cfg['stride']
        return cls((crop[0], crop[1]), (stride[0], stride[1]))

    def boxes(self, size: Size) -> list[Box]:
        """Return ``y0, x0, y1, x1`` of each window of an image."""
        rows, columns = (self._spans(size[axis], axis) for axis in (0, 1))
        return [(y0, x0, y1, x1) for y0, y1 in rows for x0, x1 in columns]

    def _spans(self, length: int, axis: int) -> list[tuple[int, int]]:
        crop, stride = self.crop[axis], self.stride[axis]
        steps = max(length - crop + stride - 1, 0) // stride + 1
        ends = [min(step * stride + crop, length) for step in range(steps)]
        return [(max(end - crop, 0), end) for end in ends]


@dataclass(frozen=True)
class ImageView:
    """A part of the network's input, mirrored and resized.

    Args:
        box: ``y0, x0, y1, x1`` of the part, in pixels of the input.
        content: Rows and columns of it that are not padding.
        size: Factor of its size.
        flip: Whether it is mirrored.
    """

    box: Box
    content: Size
    size: float
    flip: bool

    @classmethod
    def cut(
        cls, box: Box, content: Size, size: float, flip: bool
    ) -> 'ImageView':
        """Make a view of a box, given the whole input's ``content``."""
        rows, columns = (
            max(min(content[axis], box[axis + 2]) - box[axis], 1)
            for axis in (0, 1)
        )
        return cls(box, (rows, columns), size, flip)

    def sizes(self) -> tuple[Size, Size]:
        """Rows and columns of the content, and of the view with padding."""
        sides = (self.box[2] - self.box[0], self.box[3] - self.box[1])
        content, padded = (
            (max(1, round(h * self.size)), max(1, round(w * self.size)))
            for h, w in (self.content, sides)
        )
        return content, padded

    def see(self, image: Tensor) -> Tensor:
        """Cut the view (1,3,h,w) out of the network's input (1,3,H,W)."""
        part = self._part(image)
        return part if self.size == 1 else resize_by(part, self.size)

    def see_labels(self, labels: Tensor) -> Tensor:
        """Cut the view (h,w) out of a label map (H,W); nearest pixel."""
        part = self._part(labels)[None, None].float()
        return F.interpolate(part, self.sizes()[1])[0, 0].to(labels.dtype)

    def _part(self, image: Tensor) -> Tensor:
        y0, x0, y1, x1 = self.box
        part = image[..., y0:y1, x0:x1]
        if self.flip:  # padding stays where the network is used to it
            rows, columns = self.content
            part = part.clone()
            part[..., :rows, :columns] = part[..., :rows, :columns].flip(-1)
        return part


def labels_at_input(labels: Tensor, content: Size, padded: Size) -> Tensor:
    """Bring a label map to the size of the network's input.

    Args:
        labels: Label map (h,w) of the image, in its own size or resized.
        content: Rows and columns of the input, without padding.
        padded: Rows and columns of the input.

    Returns:
        Labels (H,W) of the input; void in the padding.
    """
    if map_size(labels) != content:
        resized = F.interpolate(labels[None, None].float(), content)
        labels = resized[0, 0].to(labels.dtype)
    (rows, columns), (height, width) = content, padded
    padding = (0, width - columns, 0, height - rows)
    return F.pad(labels, padding, value=VOID)


def predicted_labels(logits: Tensor, segmentor: Any) -> Tensor:
    """Choose the classes (h,w) that mmseg chooses, of logits (1,C,h,w)."""
    if logits.shape[1] > 1:
        return logits[0].argmax(dim=0)
    return (logits[0, 0].sigmoid() > segmentor.decode_head.threshold).long()
