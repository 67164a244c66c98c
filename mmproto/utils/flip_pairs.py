"""What mirroring an image does to classes of the left and of the right."""

from collections.abc import Sequence

from torch import Tensor


def swap_labels(
    labels: Tensor, pairs: Sequence[Sequence[int]] | None
) -> Tensor:
    """Give mirrored classes their new ids.

    mmcv's ``RandomFlip.swap_seg_labels`` for tensors. Of ``arange(C)`` it
    makes the order in which the C channels of a mirrored image's logits are
    those of the image.

    Args:
        labels: Ids of any shape.
        pairs: Ids of the classes of the left and the right that change
            places, each in one pair; None for none.

    Returns:
        Ids of the same shape and type.

    Raises:
        ValueError: If a pair is not one of two classes, or if a class is in
            more than one pair.
    """
    pairs = pairs or ()
    ids = [label for pair in pairs for label in pair]
    if any(len(pair) != 2 for pair in pairs) or len(set(ids)) < len(ids):
        raise ValueError(
            f'found flip_pairs={[list(pair) for pair in pairs]}; expected '
            'pairs of ids, each in one pair: correct them.'
        )
    swapped = labels.clone()
    for left, right in pairs:
        swapped[labels == left] = right
        swapped[labels == right] = left
    return swapped
