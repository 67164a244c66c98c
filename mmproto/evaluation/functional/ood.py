"""Whether what a model does not know looks strange to it, pixel by pixel."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from mmproto.models.metainfo import VOID

from .ranking import (
    NUM_BINS,
    auroc,
    average_precision,
    fpr_at_recall,
    score_bins,
    threshold_at,
)

# Scores of a pixel, in the order of every tensor; larger is stranger.
SCORES = ('similarity', 'evidence', 'max_probability')
KNOWN, UNKNOWN = range(2)  # groups of pixels


@dataclass
class OODState:
    """Scores of pixels inside and outside the distribution.

    Args:
        counts: Histograms (3,2,B) of each score and group, int64.
        flagged: Pixels (3,2) at or above the given thresholds, int64.
    """

    counts: Tensor
    flagged: Tensor


def empty_ood() -> OODState:
    """Return the state before the first image."""
    scores = len(SCORES)
    return OODState(
        counts=torch.zeros(scores, 2, NUM_BINS, dtype=torch.int64),
        flagged=torch.zeros(scores, 2, dtype=torch.int64),
    )


def score_maps(
    similarity: Tensor, evidence: Tensor, probabilities: Tensor
) -> Tensor:
    """Score cells, in the order of ``SCORES``.

    They are 1 minus the largest similarity, minus the total evidence, and 1
    minus the largest probability (Hendrycks & Gimpel 2017): floats are finest
    around 0, where scores crowd.

    Args:
        similarity: Largest similarity (H,W) to any prototype.
        evidence: Evidence (C,H,W).
        probabilities: Class probabilities (C,H,W).

    Returns:
        Maps (3,H,W), larger is stranger.
    """
    strange = 1 - similarity, -evidence.sum(dim=0), 1 - probabilities.amax(0)
    return torch.stack([scores.float() for scores in strange])


def measure_ood(
    scores: Tensor,
    labels: Tensor,
    ood_ids: Collection[int],
    thresholds: Mapping[str, float] | None = None,
) -> OODState:
    """Sort the pixels of an image into histograms.

    Args:
        scores: Maps (3,h,w) of scores, larger is stranger.
        labels: Ground truth (h,w), with raw ids; 255 is left out.
        ood_ids: Labels outside the distribution.
        thresholds: Thresholds by score; pixels at or above them are counted.
    """
    state = empty_ood()
    unknown = torch.isin(labels, labels.new_tensor(list(ood_ids)))
    # a third group, void, is cut off later: cheaper than selecting pixels
    group = unknown.int().masked_fill_(labels == VOID, 2)
    offset = NUM_BINS * group
    for index, name in enumerate(SCORES):
        bins = score_bins(scores[index]) + offset
        counts = bins.flatten().bincount(minlength=3 * NUM_BINS)
        state.counts[index] = counts.view(3, NUM_BINS)[:2].cpu()
        if thresholds and name in thresholds:
            flagged = group[scores[index] >= thresholds[name]]
            state.flagged[index] = flagged.bincount(minlength=3)[:2].cpu()
    return state


def detections(state: OODState) -> dict[str, dict[str, float]] | None:
    """Measure how well each score finds the unknown.

    Returns:
        For each score the average precision of finding the unknown (``ap``),
        the share of the known flagged where 95 % of the unknown is
        (``fpr95``), and ``auroc``; ``None`` unless there are pixels of both
        groups.
    """
    if not state.counts[0].any(dim=1).all():
        return None
    return {
        name: dict(
            ap=average_precision(known, unknown),
            fpr95=fpr_at_recall(known, unknown),
            auroc=auroc(known, unknown),
        )
        for name, (known, unknown) in zip(SCORES, state.counts)
    }


def fit_thresholds(state: OODState, share: float) -> dict[str, float] | None:
    """Find thresholds that flag no more than a share of the known pixels.

    Args:
        state: State of the data to fit on.
        share: Largest share of the known pixels to flag.

    Returns:
        Thresholds by score; ``None`` without known pixels.
    """
    if not state.counts[0, KNOWN].any():
        return None
    return {
        name: threshold_at(known, share)
        for name, known in zip(SCORES, state.counts[:, KNOWN])
    }


def flagged_shares(state: OODState) -> list[list[float | None]]:
    """Return the shares that the given thresholds flag.

    Returns:
        For each score, the shares of known and of unknown pixels; ``None``
        without such pixels.
    """
    pixels = state.counts.sum(dim=2)  # 3,2
    return [
        [f / n if n else None for f, n in zip(flagged, number)]
        for flagged, number in zip(state.flagged.tolist(), pixels.tolist())
    ]
