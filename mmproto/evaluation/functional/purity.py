"""Whether the strongest patches of a concept show the same thing.

Pure functions: the best place of each concept in one image, a streaming top-k
of such patches, and how pure they are by several definitions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

PART_RELATED = 0.5  # PIP-Net calls a prototype above it related to a part


@dataclass(frozen=True)
class PublishedPurity:
    """Purity as PIP-Net computes it.

    Args:
        visible: Patches in whose image each part is visible (K,L+1).
        hits: Those that show it (K,L+1).
        purity: Largest share of hits among visible ones (K,), float64.
        part: Its part (K,); -1 for concepts that hit none.
        most_often: Share of the part with most hits (K,), float64.
        most_often_part: That part (K,); -1 for concepts that hit none.
    """

    visible: Tensor
    hits: Tensor
    purity: Tensor
    part: Tensor
    most_often: Tensor
    most_often_part: Tensor


def best_places(activations: Tensor) -> tuple[Tensor, Tensor]:
    """Find the strongest cell of each concept.

    Args:
        activations: Concept activations of one image (K,H,W).

    Returns:
        Activations (K,) and cells (K,), counted row by row; the first on
        ties.

    Raises:
        ValueError: If an activation is not a number.
    """
    flat = activations.flatten(1)
    cells = flat.argmax(dim=1)  # K; the first on ties, unlike max
    best = flat.gather(1, cells[:, None])[:, 0]
    if best.isnan().any():
        raise ValueError(
            'activations are not numbers: the model diverged, or its weights '
            'were not loaded'
        )
    return best, cells


def merge_patches(
    first: Mapping[str, Tensor], second: Mapping[str, Tensor], topk: int
) -> dict[str, Tensor]:
    """Keep the strongest patches of two sets of images.

    Ties go to the earlier image, so neither the batch size nor the number of
    ranks matters.

    Args:
        first: ``score`` (K,i) and ``image`` (K,i), and anything else that
            belongs to a patch (K,i,...).
        second: The same for other images (K,j,...).
        topk: Patches to keep.

    Returns:
        The same (K,min(i+j,topk),...), the strongest first.
    """
    both = {
        name: torch.cat([first[name], second[name]], dim=1) for name in first
    }
    order = both['image'].argsort(dim=1, stable=True)
    score = both['score'].gather(1, order)
    strongest = score.argsort(dim=1, descending=True, stable=True)
    order = order.gather(1, strongest)[:, :topk]
    concept = torch.arange(len(order))[:, None]
    return {name: values[concept, order] for name, values in both.items()}


def published_purity(
    visible: Tensor, hits: Tensor, twins: Sequence[tuple[int, int]] = ()
) -> PublishedPurity:
    """Compute PIP-Net's purity, biased towards parts that are rarely visible.

    Source: PIP-Net (CVPR 2023); M-Nauta/PIPNet,
    util/eval_cub_csv.py ``eval_prototypes_cub_parts_csv``, commit 12c4da7.

    Args:
        visible: Whether the image of each patch shows each part (K,k,L+1).
        hits: Whether the patch does (K,k,L+1).
        twins: Parts that are one, such as the left and the right wing: the
            first of each pair counts as the second.
    """
    visible, hits, met = _join_twins(visible, hits & visible, twins)
    seen, hit = visible.sum(dim=1), hits.sum(dim=1)  # K,L+1
    share = hit.double() / seen.clamp(min=1)
    part = _largest(share, hit, -met)
    often = _largest(hit, -met)
    none = hit.amax(dim=1) == 0
    return PublishedPurity(
        visible=seen,
        hits=hit,
        purity=share.gather(1, part[:, None])[:, 0],
        part=part.masked_fill(none, -1),
        most_often=share.gather(1, often[:, None])[:, 0],
        most_often_part=often.masked_fill(none, -1),
    )


def _join_twins(
    visible: Tensor, hits: Tensor, twins: Sequence[tuple[int, int]]
) -> tuple[Tensor, Tensor, Tensor]:
    """Count twins as one part, and order parts by when they are met (K,L+1).

    Parts are met patch by patch and within a patch in their order, but after
    all others where only the twin is visible.
    """
    _, rows, number = visible.shape
    visible, hits = visible.clone(), hits.clone()
    place = torch.arange(number, device=visible.device).repeat(
        *visible.shape[:2], 1
    )
    for order, (left, right) in enumerate(twins, number):
        place[..., right][~visible[..., right]] = order
        for values in (visible, hits):
            values[..., right] |= values[..., left]
            values[..., left] = False
    row = torch.arange(rows, device=visible.device)[:, None]
    met = place + 2 * number * row  # K,k,L+1
    return visible, hits, met.where(visible, 2 * number * rows).amin(dim=1)


def _largest(*keys: Tensor) -> Tensor:
    """Find the column of the largest first key; ties go by the next one."""
    best = torch.ones_like(keys[0], dtype=torch.bool)
    for key in keys:
        lowest = key.masked_fill(~best, key.min() - 1)
        best &= lowest == lowest.amax(dim=1, keepdim=True)
    return best.long().argmax(dim=1)


def count_values(values: Tensor, kinds: int) -> Tensor:
    """Count how often each value appears in a row.

    Args:
        values: Values (K,k), int64; those outside of [0, kinds) are skipped.
        kinds: Number of values.

    Returns:
        Counts (K,kinds), int64.
    """
    counts = torch.zeros(len(values), kinds + 1, dtype=torch.int64)
    known = (values >= 0) & (values < kinds)
    columns = torch.where(known, values, kinds)
    counts.scatter_add_(1, columns, torch.ones_like(columns))
    return counts[:, :kinds]


def part_purity(parts: Tensor, num_parts: int) -> tuple[Tensor, Tensor]:
    """Compute the share of patches that show their most frequent part.

    This is the corrected form: every patch counts, so rarely visible parts
    gain nothing.

    Args:
        parts: Part under each patch (K,k), 0 where there is none, -1 for
            patches that do not count.
        num_parts: Parts ``L``.

    Returns:
        Shares (K,), float64, NaN without patches; and the part (K,), the
        lowest number on ties, -1 without any.
    """
    counts = count_values(parts, num_parts + 1)
    rows = counts.sum(dim=1)
    counts[:, 0] = 0
    most, part = counts.amax(dim=1), counts.argmax(dim=1)
    return most.double() / rows, part.masked_fill(most == 0, -1)


def class_purity(counts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compute purity and entropy of the classes of a concept's patches.

    Args:
        counts: Patches of each class (K,C).

    Returns:
        Share of the most frequent class; entropy in nats; entropy divided by
        the largest that so many patches can have (0 for a single patch). All
        (K,), float64, NaN without patches.
    """
    rows = counts.sum(dim=1)
    share = counts.double() / rows[:, None]
    entropy = torch.special.entr(share).sum(dim=1)
    largest = rows.clamp(max=counts.shape[1]).double().log()
    normalised = entropy / torch.where(largest > 0, largest, 1)
    return share.amax(dim=1), entropy, normalised


def purities(
    patches: Mapping[str, Tensor], labels: Tensor, num_parts: int
) -> dict[str, Tensor]:
    """Compute all purities of each concept.

    Args:
        patches: ``part``, ``centre`` (K,k); ``visible``, ``hits`` (K,k,L+1).
        labels: Patches of each class (K,C).
        num_parts: Parts ``L``.

    Returns:
        Numbers (K,) by name; NaN where there is no label.
    """
    purity, entropy, normalised = class_purity(labels)
    published = published_purity(patches['visible'], patches['hits'])
    unknown = (patches['part'] < 0).all(dim=1)
    return dict(
        class_purity=purity,
        class_entropy=entropy,
        class_entropy_normalised=normalised,
        part_purity=part_purity(patches['part'], num_parts)[0],
        part_purity_centre=part_purity(patches['centre'], num_parts)[0],
        pipnet_part_purity=published.purity.masked_fill(unknown, torch.nan),
        pipnet_part_purity_most_often=published.most_often.masked_fill(
            unknown, torch.nan
        ),
    )


def mean_and_deviation(
    values: Tensor, chosen: Tensor
) -> tuple[float, float] | None:
    """Return mean and population standard deviation over concepts.

    Args:
        values: One per concept (K,); NaN is left out.
        chosen: Concepts to average (K,), bool.

    Returns:
        Both, or ``None`` if there is no concept to average.
    """
    kept = values[chosen & ~values.isnan()]
    if not len(kept):
        return None
    return float(kept.mean()), float(kept.std(correction=0))


def averages(
    values: Mapping[str, Tensor], active: Tensor, used: Tensor
) -> dict[str, float | None]:
    """Average each number over the active concepts.

    Args:
        values: Numbers (K,) by name, NaN where unknown.
        active: Concepts that some image shows (K,), bool.
        used: Concepts that speak for a class (K,), bool.

    Returns:
        Mean and ``_std`` over the active concepts, and ``_used``: the mean
        over those of them that are used. ``None`` without any.
    """
    scalars: dict[str, float | None] = {}
    for name, value in values.items():
        mean, std = mean_and_deviation(value, active) or (None, None)
        of_used = mean_and_deviation(value, active & used)
        scalars |= {name: mean, f'{name}_std': std}
        scalars[f'{name}_used'] = of_used and of_used[0]
    return scalars
