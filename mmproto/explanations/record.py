"""The numbers of an explanation, for JSON and CSV."""

import math

import numpy as np

from mmproto.explanations.explanation import ConceptEvidence, Explanation
from mmproto.utils.origin import Origin
from mmproto.utils.spreadsheet import Cell, make_csv

EXPLANATION_VERSION = 2


def explanation_record(
    explanation: Explanation, origin: Origin | None = None
) -> dict:
    """Return an explanation in plain types, ready for JSON.

    ``mmproto/schemas/explanation.schema.json`` describes them.

    Args:
        explanation: Of :func:`mmproto.explain`.
        origin: Config and checkpoint of the model, if known.

    Example:
        >>> import numpy as np
        >>> explanation = Explanation(
        ...     image='street.png',
        ...     pixels=np.zeros((2, 3, 3), np.uint8),
        ...     point=(1, 0),
        ...     prediction=np.zeros((2, 3), int),
        ...     classes=['road', 'car'],
        ...     palette=[(128, 64, 128), (0, 0, 142)],
        ...     evidence=np.array([2.25, 0.5]),
        ...     probabilities=np.array([0.75, 0.25]),
        ...     activations=np.array([0.5, 0.25]),
        ...     class_weights=np.array([[4.0, 1.0], [0.0, 2.0]]),
        ...     coverage=0.95,
        ... )
        >>> record = explanation_record(explanation)
        >>> record['point'], record['predicted']['name']
        ({'x': 1, 'y': 0}, 'road')
        >>> [concept['predicted'] for concept in record['contributions']]
        [2.0, 0.25]
    """
    x, y = explanation.point
    runner_up = explanation.runner_up
    height, width = explanation.pixels.shape[:2]
    return dict(
        version=EXPLANATION_VERSION,
        model=None if origin is None else origin.to_dict(),
        image=explanation.image,
        image_size=[int(height), int(width)],
        point=dict(x=x, y=y),
        sentence=explanation.sentence(),
        predicted=_class(explanation, explanation.predicted),
        runner_up=None
        if runner_up is None
        else _class(explanation, runner_up),
        classes=[
            _class(explanation, c) for c in range(len(explanation.classes))
        ],
        completeness_error=explanation.completeness_error,
        contributions=_contributions(explanation),
        coverage=explanation.coverage,
        concepts=[_concept(explanation, i) for i in explanation.concepts],
        notes=explanation.notes,
        surrogate=_surrogate(explanation),
    )


def explanation_csv(explanation: Explanation) -> str:
    """Return the contributions as CSV: rows are concepts, columns classes.

    Every concept that contributes to a class has a row, the largest
    contribution to the predicted class first. The last two rows are the sum
    of each column, as exact as a number can be, and the evidence for the
    class as the network computed it. They differ by the rounding of single
    precision.

    Args:
        explanation: Of :func:`mmproto.explain`.

    Raises:
        ValueError: If a number is not finite.
    """
    contributions = explanation.contributions  # C,K
    found = {item.concept: item for item in explanation.concepts}
    used = np.flatnonzero(contributions.any(axis=0))
    winning = contributions[explanation.predicted, used]
    rows: list[list[Cell]] = []
    for k in used[np.argsort(-winning, kind='stable')].tolist():
        item = found.get(k)
        rows.append(
            [
                k,
                explanation.names.get(k),
                float(explanation.activations[k]),
                None if item is None else item.scale,
                None if item is None else item.dilation,
                *(contributions[:, k] + 0.0).tolist(),  # no -0.0
            ]
        )
    sums = [math.fsum(values) for values in contributions[:, used]]
    rows.append(['sum', *[None] * 4, *sums])
    rows.append(['evidence', *[None] * 4, *explanation.evidence.tolist()])
    header = ['concept', 'name', 'activation', 'scale', 'dilation']
    return make_csv([*header, *explanation.classes], rows)


def _surrogate(explanation: Explanation) -> dict | None:
    """Describe a surrogate, and what the model that it explains says."""
    if explanation.surrogate is None:
        return None
    said = explanation.black_box_class
    model = None
    if said is not None:
        model = {'class': said, 'name': explanation.classes[said]}
    return dict(
        **explanation.surrogate.to_dict(),
        model=model,
        agrees=None if said is None else said == explanation.predicted,
    )


def _class(explanation: Explanation, index: int) -> dict:
    return {
        'class': index,
        'name': explanation.classes[index],
        'evidence': float(explanation.evidence[index]),
        'probability': float(explanation.probabilities[index]),
    }


def _contribution(explanation: Explanation, concept: int) -> dict:
    runner_up = explanation.runner_up
    both = explanation.contributions[:, concept]
    return dict(
        concept=concept,
        name=explanation.names.get(concept),
        activation=float(explanation.activations[concept]),
        predicted=float(both[explanation.predicted]),
        runner_up=None if runner_up is None else float(both[runner_up]),
    )


def _contributions(explanation: Explanation) -> list[dict]:
    """Describe the concepts that contribute to winner or runner-up."""
    number = len(explanation.activations)
    found = [_contribution(explanation, k) for k in range(number)]
    found = [c for c in found if c['predicted'] or c['runner_up']]
    return sorted(found, key=lambda c: -c['predicted'])


def _concept(explanation: Explanation, item: ConceptEvidence) -> dict:
    weights = explanation.weights_of(item.concept)
    return dict(
        **_contribution(explanation, item.concept),
        scale=item.scale,
        dilation=item.dilation,
        class_weights=[dict(name=n, weight=w) for n, w in weights],
        patches=[patch.to_dict() for patch in item.patches],
    )
