"""What stands in for an image: the maps of a frozen backbone."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Size = tuple[int, int]


class FeatureMaps:
    """Maps of a frozen backbone, in the place of an image or a batch.

    Args:
        maps: One for each of the backbone's outputs, (Ci,Hi,Wi) of an image
            or (N,Ci,Hi,Wi) of a batch; ``None`` where it is not kept. As
            ``PooledMaps``, if the neck has pooled them already.
        content: Rows and columns of the image, without padding.
        padded: Rows and columns of the network's input.
    """

    def __init__(
        self, maps: tuple[Tensor | None, ...], content: Size, padded: Size
    ) -> None:
        self.maps = maps
        self.content = content
        self.padded = padded

    @property
    def shape(self) -> torch.Size:
        """Shape of the image (3,h,w), or of the network's input (N,3,h,w)."""
        kept = next(each for each in self.maps if each is not None)
        if kept.ndim == 3:
            return torch.Size((3, *self.content))
        return torch.Size((len(kept), 3, *self.padded))


def stack_features(
    images: Sequence[FeatureMaps],
    samples: Sequence,
    device: torch.device,
    void: int = 255,
) -> FeatureMaps:
    """Make a batch, padded at the right and below, as ``stack_batch`` does.

    Args:
        images: Maps of each image.
        samples: Their data samples; labels (1,h,w) and meta information are
            changed in place.
        device: Where the batch goes.
        void: Label of the padding.

    Returns:
        Maps of the batch, float32; 0 in the padding.
    """
    height, width = (max(each.padded[i] for each in images) for i in (0, 1))
    stacked: list[Tensor | None] = []
    for stage in zip(*(each.maps for each in images)):
        stacked.append(None if stage[0] is None else _stack(stage, device))
    for image, sample in zip(images, samples):
        rows, columns = image.content
        padding = (0, width - columns, 0, height - rows)
        if 'gt_sem_seg' in sample:
            labels = sample.gt_sem_seg.data
            del sample.gt_sem_seg.data
            sample.gt_sem_seg.data = F.pad(labels, padding, value=void)
        sample.set_metainfo(
            dict(
                img_shape=image.content,
                pad_shape=(height, width),
                padding_size=padding,
            )
        )
    maps = type(images[0].maps)(stacked)
    return FeatureMaps(maps, (height, width), (height, width))


def _stack(maps: Sequence[Tensor], device: torch.device) -> Tensor:
    """Stack maps (C,H,W) of several sizes to (N,C,H,W), float32."""
    height, width = (max(each.shape[i] for each in maps) for i in (1, 2))
    channels = maps[0].shape[0]
    batch = torch.zeros(len(maps), channels, height, width, device=device)
    for place, each in zip(batch, maps):
        place[:, : each.shape[1], : each.shape[2]] = each.to(device)
    return batch
