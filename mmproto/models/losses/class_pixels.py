"""Pixels and members of every class, in blocks for matrix products."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class PixelBlocks:
    """Hold the pixels of every (image, class), in Q blocks of T pixels.

    Args:
        segment: ``image * C + class`` of every block (Q,).
        pixels: Flat positions ``(image * H + row) * W + column`` (Q,T); the
            last block of a segment repeats the segment's last pixel.
        valid: False at these repetitions, bool (Q,T).
        counts: Pixels of every segment (N*C,).
    """

    segment: Tensor
    pixels: Tensor
    valid: Tensor
    counts: Tensor


def pixel_blocks(labels: Tensor, num_classes: int, size: int) -> PixelBlocks:
    """Sort the pixels by image and class, without a loop.

    A pixel has one class, so all blocks together hold each pixel once,
    whatever the number of classes.

    Args:
        labels: Classes (N,H,W). Any value outside 0..C-1 (255) is left out,
            and so is a class with a single pixel in an image: there is only
            one distribution over one pixel.
        num_classes: C.
        size: Pixels of a block, T.
    """
    flat = labels.flatten(1)  # (N,H*W)
    device, segments = labels.device, len(flat) * num_classes
    image = torch.arange(len(flat), device=device)[:, None]
    known = (flat >= 0) & (flat < num_classes)
    segment = torch.where(known, flat + image * num_classes, segments)
    order = segment.flatten().argsort()  # void pixels come last
    counts = segment.flatten().bincount(minlength=segments + 1)[:segments]
    blocks = (counts + size - 1).div(size, rounding_mode='floor')
    blocks = blocks * (counts > 1)
    owner = torch.repeat_interleave(blocks)  # (Q,)
    start = counts.cumsum(0) - counts
    first = blocks.cumsum(0) - blocks
    number = torch.arange(len(owner), device=device) - first[owner]
    inside = number[:, None] * size + torch.arange(size, device=device)
    last = counts[owner, None] - 1
    return PixelBlocks(
        segment=owner,
        pixels=order[start[owner, None] + inside.minimum(last)],
        valid=inside <= last,
        counts=counts,
    )


def gather_members(
    maps: Tensor, members: Tensor, blocks: PixelBlocks
) -> Tensor:
    """Gather at every pixel the values of the members of its class.

    Args:
        maps: (N,P,H,W). Contiguous and channels-last memory is read as it
            is; any other layout is copied.
        members: Members of every class (C,L).
        blocks: The pixels.

    Returns:
        (Q,L,T).
    """
    number, area = maps.shape[1], maps.shape[2] * maps.shape[3]
    member = members[blocks.segment % len(members)]  # (Q,L)
    last = maps.permute(0, 2, 3, 1)
    if last.is_contiguous():
        flat = last.reshape(-1)
        index = blocks.pixels[:, None] * number + member[:, :, None]
    else:
        flat = maps.reshape(-1)
        image = blocks.segment.div(len(members), rounding_mode='floor')
        row = image[:, None] * (number - 1) + member
        index = blocks.pixels[:, None] + row[:, :, None] * area
    return flat.index_select(0, index.flatten()).view(index.shape)


def class_members(membership: Tensor) -> tuple[Tensor, Tensor]:
    """List the members of every class, padded to the largest class.

    Args:
        membership: Which of P members belongs to which of C classes, bool
            (P,C); one may belong to several.

    Returns:
        Indices of members (C,L), and False where they are padding, (C,L).
    """
    sizes = membership.sum(0)  # (C,)
    largest = int(sizes.max())
    order = membership.mT.to(torch.uint8).argsort(
        dim=1, descending=True, stable=True
    )
    place = torch.arange(largest, device=membership.device)
    return order[:, :largest], place < sizes[:, None]
