"""What a card says, before it is drawn or written."""

import math
from dataclasses import dataclass

from mmproto.explanations.explanation import ConceptEvidence, Explanation
from mmproto.visualization.rounding import Digits


@dataclass(frozen=True)
class Step:
    """One term of the sum that makes up the evidence.

    Args:
        title: What contributes.
        number: How much, as written: the terms add up, digit for digit.
        value: How much, exactly.
        start: Sum of the terms above.
        item: The concept, ``None`` for the rest and for the evidence itself.
    """

    title: str
    number: str
    value: float
    start: float
    item: ConceptEvidence | None = None

    @property
    def end(self) -> float:
        """Sum including this term."""
        return self.start + self.value


def steps_of(
    explanation: Explanation, digits: int = 3, most: int | None = None
) -> list[Step]:
    """List the largest contributions, the rest and their sum.

    Args:
        explanation: Of :func:`mmproto.explain`.
        digits: Number of digits of the largest number.
        most: Concepts to list; by default all that the explanation holds.

    Returns:
        One step per concept, one for all others and one for the evidence.
        What rounding leaves over counts among all others.
    """
    winner = explanation.predicted
    row = explanation.contributions[winner].tolist()
    evidence = float(explanation.evidence[winner])
    items = explanation.concepts[:most]
    values = [row[item.concept] for item in items]
    largest = max(map(abs, [*values, evidence]))
    numbers = Digits(largest, digits).write_sum(values, evidence)
    steps = []
    for index, (item, value) in enumerate(zip(items, values)):
        title = explanation.names.get(item.concept)
        title = title or f'concept {item.concept}'
        start = math.fsum(values[:index])
        steps.append(Step(title, numbers[index], value, start, item))
    listed = [item.concept for item in items]
    others = [v for k, v in enumerate(row) if v and k not in listed]
    which = 'all other concepts' if listed else 'all concepts'
    title = f'{which} ({len(others)}) and rounding'
    rest = math.fsum(others)
    steps.append(Step(title, numbers[-2], rest, math.fsum(values)))
    title = f'evidence for {explanation.classes[winner]}'
    return [*steps, Step(title, numbers[-1], evidence, 0.0)]
