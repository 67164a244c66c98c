"""What concepts do at single pixels: push a margin, decide a class.

``n`` is the number of pixels, ``K`` the number of concepts.
"""

from collections.abc import Iterator

import numpy as np

NO_CONCEPT = -1
SLACK = 1e-4  # of the largest evidence: far above the rounding of float32


def margin_parts(
    activations: np.ndarray,
    class_weights: np.ndarray,
    truth: np.ndarray,
    predicted: np.ndarray,
) -> np.ndarray:
    """Split the lead of one class over another into parts of concepts.

    Args:
        activations: Concept activations (K,n).
        class_weights: Weights of the classifier (C,K).
        truth: Class (n,) that should win.
        predicted: Class (n,) that does.

    Returns:
        Parts (K,n); they sum to the evidence for ``predicted`` minus that
        for ``truth``.
    """
    return (class_weights[predicted] - class_weights[truth]).T * activations


def leading_concepts(parts: np.ndarray) -> np.ndarray:
    """Find the concept that pushes hardest, the first one on ties.

    Args:
        parts: From :func:`margin_parts` (K,n).

    Returns:
        Indices (n,); ``NO_CONCEPT`` where no part is above zero.
    """
    floor = np.zeros((1, parts.shape[1]))
    return np.concatenate([floor, parts]).argmax(axis=0) + NO_CONCEPT


def decisions_without(
    logits: np.ndarray, activations: np.ndarray, class_weights: np.ndarray
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Predict again without each concept, where that can change a class.

    The evidence is summed again without the concept instead of subtracting
    it: where only one concept speaks, nothing must be left, not even a
    rounding error.

    Args:
        logits: Evidence (C,n) of all concepts together, ``C`` at least two.
        activations: Concept activations (K,n).
        class_weights: Weights of the classifier (C,K), float64.

    Yields:
        For each concept its index, some pixels (m,) and their classes (m,);
        all other pixels keep their class.
    """
    predicted = logits.argmax(axis=0)
    rivals = logits.copy()
    np.put_along_axis(rivals, predicted[None], -np.inf, axis=0)
    lead = logits.max(axis=0) - rivals.max(axis=0)  # n
    lead -= SLACK * np.abs(logits).max(initial=0)
    for index, column in enumerate(class_weights.T):
        active = activations[index]
        # what the predicted class loses, and what its rivals lose at least
        lost = column[predicted] * active
        spared = np.minimum(column.min() * active, column.max() * active)
        gain = lost - spared
        pixels = np.flatnonzero((gain > 0) & (gain >= lead))
        others = class_weights.copy()
        others[:, index] = 0
        evidence = others @ activations[:, pixels].astype(np.float64)  # C,m
        yield index, pixels, evidence.argmax(axis=0)
