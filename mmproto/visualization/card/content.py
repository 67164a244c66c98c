"""What a card says, before it is drawn or written."""

import math
from dataclasses import dataclass

from mmproto.explanation import ConceptEvidence, Explanation

DIGITS = 3  # of the evidence that are shown


@dataclass(frozen=True)
class Step:
    """One line of the sum that the evidence is.

    Args:
        title: What contributes.
        value: How much, for the predicted class.
        start: Sum of the lines above.
        item: The concept, ``None`` for the rest and for the evidence itself.
    """

    title: str
    value: float
    start: float
    item: ConceptEvidence | None = None

    @property
    def end(self) -> float:
        """Sum up to this line."""
        return self.start + self.value


def steps_of(explanation: Explanation, most: int | None = None) -> list[Step]:
    """List the largest contributions, the rest and what they add up to.

    Args:
        explanation: Of :func:`mmproto.explain`.
        most: Concepts to list; by default all that the explanation holds.

    Returns:
        A line a concept, one for all others and one for the evidence.
    """
    winner = explanation.predicted
    row = explanation.contributions[winner].tolist()
    items = explanation.concepts[:most]
    listed = [item.concept for item in items]
    steps = []
    for number, item in enumerate(items):
        k = item.concept
        title = explanation.names.get(k) or f'concept {k}'
        start = math.fsum(row[i] for i in listed[:number])
        steps.append(Step(title, row[k], start, item))
    others = [v for k, v in enumerate(row) if v and k not in listed]
    which = 'all other concepts' if listed else 'all concepts'
    start = math.fsum(row[k] for k in listed)
    steps.append(Step(f'{which} ({len(others)})', math.fsum(others), start))
    evidence = float(explanation.evidence[winner])
    title = f'evidence for {explanation.classes[winner]}'
    return [*steps, Step(title, evidence, 0.0)]


def write_number(value: float, total: float, digits: int = DIGITS) -> str:
    """Write a part of a sum with as many decimals as the other parts.

    Args:
        value: The part.
        total: The sum.
        digits: Of the sum.
    """
    if total and not 1e-3 <= abs(total) < 1e4:
        return f'{value:.{digits - 1}e}'
    places = math.floor(math.log10(abs(total))) if total else 0
    decimals = max(2, digits - 1 - places)
    return f'{round(value, decimals) + 0.0:.{decimals}f}'  # no -0.00


def speaks_for(
    explanation: Explanation, concept: int
) -> list[tuple[str, float]]:
    """Classes that a concept has a weight above zero for, largest first."""
    weights = explanation.weights_of(concept)
    return [(name, weight) for name, weight in weights if weight > 0]
