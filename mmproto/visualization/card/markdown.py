"""A card as Markdown."""

import shlex
import textwrap
from collections.abc import Iterable

from mmproto.explanations.explanation import ConceptEvidence, Explanation
from mmproto.models.facts import speaks_for
from mmproto.utils.markdown import escape, table, weight_list
from mmproto.utils.origin import Origin
from mmproto.version import __version__
from mmproto.visualization.content import steps_of

DIGITS = 4  # of the evidence


def card_markdown(
    explanation: Explanation, origin: Origin | None = None
) -> str:
    """Write the text of ``card.png``, with a table of all contributions.

    Args:
        explanation: Of :func:`mmproto.explain`.
        origin: Config and checkpoint of the model, if known.

    Raises:
        FileNotFoundError: If there is no checkpoint where ``origin`` says.
    """
    x, y = explanation.point
    winner = escape(explanation.classes[explanation.predicted])
    parts = [
        f'# {winner} at x={x}, y={y}',
        '![The image with the explained point, and the concepts that '
        'contribute most](card.png)',
        f'At x={x}, y={y}: {escape(explanation.sentence())}.',
        _contributions(explanation, winner),
        'A contribution is activation x weight. Numbers are rounded, and '
        'what that leaves over is in the row of all other concepts; '
        '`explanation.csv` and `explanation.json` have all digits.',
        *(f'Note: {escape(note)}' for note in explanation.notes),
        *_origin(explanation, origin),
    ]
    return '\n\n'.join(parts) + '\n'


def _contributions(explanation: Explanation, winner: str) -> str:
    *concepts, rest, total = steps_of(explanation, DIGITS)
    rows = [
        _row(explanation, item, step.number)
        for item, step in zip(explanation.concepts, concepts)
    ]
    rows += [
        (rest.title, '', rest.number, '', ''),
        ('**sum = evidence**', '', f'**{total.number}**', '', ''),
    ]
    header = (
        'concept',
        'name',
        f'contribution to {winner}',
        'activation x weight',
        'speaks for',
    )
    return table(header, rows)


def _row(
    explanation: Explanation, item: ConceptEvidence, number: str
) -> tuple[str, ...]:
    k = item.concept
    weight = explanation.class_weights[explanation.predicted, k]
    return (
        str(k),
        escape(explanation.names.get(k, '')),
        number,
        f'{explanation.activations[k]:.4g} x {weight:.4g}',
        weight_list(speaks_for(explanation.weights_of(k))),
    )


def _origin(explanation: Explanation, origin: Origin | None) -> Iterable[str]:
    """Say where image and model are from, and how to explain again."""
    facts = [f'Made by mmproto {__version__}']
    if explanation.image is not None:
        facts.insert(0, f'Image: {escape(explanation.image)}')
    if origin is not None:
        facts.insert(-1, f'Config: {escape(origin.config)}')
        facts.insert(-1, f'Checkpoint: {escape(origin.checkpoint)}')
        digest = origin.to_dict()['sha256']
        if digest is not None:
            facts.insert(-1, f'SHA-256 of the checkpoint: `{digest}`')
    yield '\n'.join(f'* {fact}' for fact in facts)
    if origin is not None and explanation.image is not None:
        yield 'The same explanation again:'
        x, y = map(str, explanation.point)
        command = ['mmproto', 'explain', origin.config]
        command += [origin.checkpoint, explanation.image, '--point', x, y]
        yield textwrap.indent(shlex.join(command), '    ')
