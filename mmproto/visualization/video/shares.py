"""What each concept contributes to the decisions about one frame."""

from collections.abc import Iterator

import torch
from torch import Tensor

from mmproto.explanations.evidence import CHANNELS_AT_ONCE, EvidenceMaps

Region = tuple[slice, slice]


def evidence_shares(
    maps: EvidenceMaps, class_weights: Tensor, region: Region
) -> Tensor:
    """Share of the winning evidence that comes from each concept.

    At a pixel, what a concept contributes to the predicted class over what
    all concepts do; then the mean over pixels. Where the classifier is
    signed, what speaks against the class counts neither above nor below the
    line. Pixels where nothing speaks for their class are left out.

    Args:
        maps: Of the frame.
        class_weights: In force (C,K).
        region: Rows and columns of the pixels to look at.

    Returns:
        Shares (K,) in float64, which sum to 1; all 0 where no pixel has
        evidence.
    """
    weights = class_weights.detach().cpu()
    # ten times as fast as argmax
    prediction = take(maps.logits, region).max(dim=0).indices  # n
    # what speaks for no class needs no maps, which saves most of the time
    used = (weights != 0).any(dim=0).nonzero().flatten()
    chunks = [part for part in used.split(CHANNELS_AT_ONCE) if len(part)]

    def speaking() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Concepts (k,), pixels (m,) of one class, what the former say."""
        for chunk in chunks:
            activations = take(maps.activations(chunk.tolist()), region)
            for c in prediction.unique().tolist():
                here = (prediction == c).nonzero().flatten()
                local = weights[c, chunk].nonzero().flatten()
                part = activations[local[:, None], here]  # k,m
                part *= weights[c, chunk[local], None]
                yield chunk[local], here, part.clamp_(min=0)

    if (weights >= 0).all() and all((m >= 0).all() for m in maps.pooled):
        evidence = take(maps.logits, region).amax(dim=0)  # n
    else:
        evidence = torch.zeros(len(prediction))
        for _, here, part in speaking():
            evidence[here] += part.sum(dim=0)
    there = evidence > torch.finfo(evidence.dtype).tiny
    factor = torch.where(there, 1 / evidence, 0)
    shares = torch.zeros(weights.shape[1], dtype=torch.float64)
    for concepts, here, part in speaking():
        shares[concepts] += (part @ factor[here]).double()
    # 1 in spite of the rounding in single precision
    return shares / shares.sum() if shares.sum() > 0 else shares


def take(maps: Tensor, region: Region) -> Tensor:
    """Pixels (k,n) of a region of maps (k,h,w)."""
    rows, columns = region
    return maps[:, rows, columns].flatten(1)
