"""How many concepts a model uses, and how many one decision takes.

Pure functions: measure the cells of an image, join what was measured, compute
the numbers. Contributions are never expanded to (C,K,cells).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mmproto.explanations.concepts import count_needed

LOCAL_SIZES = ('all_classes', 'predicted', 'needed', 'needed_all')
PIPNET_THRESHOLD = 1e-3
PIPNET_CUT = 0.1


@dataclass(frozen=True)
class CellSizes:
    """Local sizes of cells.

    Args:
        counts: Cells with 0, 1, ... K concepts (4,K+1), int64, one row for
            each of ``LOCAL_SIZES``: concepts that contribute more than the
            threshold to any class, and to the predicted one; smallest set
            that reaches 95 % of the predicted class's evidence, and of the
            evidence of all classes together.
        deciding: Cells that have a concept in their smallest set for the
            predicted class (K,), int64.
    """

    counts: Tensor
    deciding: Tensor


@dataclass(frozen=True)
class ImageSizes:
    """PIP-Net's numbers of images, as sums; divide by ``images``.

    Args:
        images: Number of images.
        abstained: Images without any evidence.
        present: Concepts with a score, summed over images.
        predicted: Concepts that contribute to the predicted class, likewise.
        pairs: Published local size: pairs of a concept and a class in the
            union over the images given at once.
        concepts: Corrected local size: concepts of each image that
            contribute to any class, summed over images.
    """

    images: int
    abstained: int
    present: int
    predicted: int
    pairs: int
    concepts: int


def measure_cells(
    activations: Tensor,
    class_weights: Tensor,
    predicted: Tensor,
    threshold: float,
) -> CellSizes:
    """Count the concepts of each cell's explanation.

    Args:
        activations: Concept activations at some cells (K,n).
        class_weights: Non-negative weights (C,K).
        predicted: Predicted class of each cell (n,), int64.
        threshold: Contribution above which a concept counts.
    """
    winning = class_weights[predicted].T * activations  # K,n
    total = class_weights.sum(dim=0)[:, None] * activations  # K,n
    largest = class_weights.amax(dim=0)[:, None] * activations  # K,n
    needed = count_needed(winning)  # n
    sizes = (
        (largest > threshold).sum(dim=0),
        (winning > threshold).sum(dim=0),
        needed,
        count_needed(total),
    )
    length = len(activations)
    # concepts in the order of their contribution, as far as they are needed
    order = winning.topk(int(needed.max()), dim=0).indices  # at most K,n
    rank = torch.arange(len(order), device=order.device)[:, None]
    return CellSizes(
        torch.stack([s.bincount(minlength=length + 1) for s in sizes]).cpu(),
        order[rank < needed].bincount(minlength=length).cpu(),
    )


def mean_sizes(cells: CellSizes) -> Tensor:
    """Average the local sizes over cells (4,), float64; NaN without any.

    Cells without evidence count, with no concept.
    """
    sizes = torch.arange(cells.counts.shape[1], dtype=torch.float64)
    return cells.counts.double() @ sizes / cells.counts.sum(dim=1)


def pipnet_global(class_weights: Tensor) -> tuple[int, float]:
    """Compute PIP-Net's global size and sparsity.

    Source: M-Nauta/PIPNet, pipnet/test.py ``eval_pipnet``, commit 12c4da7.

    Args:
        class_weights: Weights (C,K).

    Returns:
        Concepts with a weight above 1e-3, and the share of weights that are
        not above it.
    """
    large = class_weights > PIPNET_THRESHOLD
    return int(large.any(dim=0).sum()), 1 - float(large.double().mean())


def image_sizes(
    scores: Tensor, class_weights: Tensor, bias: Tensor | None = None
) -> ImageSizes:
    """Count local sizes of whole images as PIP-Net does, and corrected.

    Source: M-Nauta/PIPNet, pipnet/test.py ``eval_pipnet``, commit 12c4da7.
    There the weights lose 1e-3 before every batch, for good: the published
    numbers follow if the caller does that.

    Args:
        scores: Largest activation of each concept in each image (N,K).
            Scores below 0.1 count as zero.
        class_weights: Weights (C,K); negative ones count as zero.
        bias: Of PIP-Net's classifier (C,), which may have one.
    """
    scores = scores.where(scores >= PIPNET_CUT, 0)
    weights = class_weights.clamp(min=0)
    evidence = F.linear(scores, weights, bias)  # N,C
    own = scores * weights[evidence.argmax(dim=1)]  # N,K
    # peaks[c, k]: largest contribution of any image
    peaks = scores.amax(dim=0) * weights  # C,K
    largest = scores * weights.amax(dim=0)  # N,K
    return ImageSizes(
        images=len(scores),
        abstained=int((evidence.amax(dim=1) == 0).sum()),
        present=int((scores > PIPNET_THRESHOLD).sum()),
        predicted=int((own > PIPNET_THRESHOLD).sum()),
        pairs=int((peaks > PIPNET_THRESHOLD).sum()),
        concepts=int((largest > PIPNET_THRESHOLD).sum()),
    )
