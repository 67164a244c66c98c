"""What is written of a sum adds up exactly, whatever is rounded."""

import re
from decimal import Decimal

import numpy as np
import pytest
from test_sheet import make_explanation, texts_of

from mmproto.visualization.card import card_markdown, draw_card
from mmproto.visualization.content import steps_of
from mmproto.visualization.rounding import Digits
from mmproto.visualization.sheet import draw_sheet
from mmproto.visualization.sheet_concepts import Contributions

NUMBER = re.compile(r'-?\d+\.\d\d+(?:e[+-]\d+)?')


def numbers(text):
    return [Decimal(number) for number in NUMBER.findall(text)]


def check_sum(written):
    *parts, total = map(Decimal, written)
    assert sum(parts) == total
    assert len({part.as_tuple().exponent for part in (*parts, total)}) == 1
    for text in written:
        assert Decimal(text) or not text.startswith('-')  # no -0.00


@pytest.mark.parametrize('digits', [3, 4])
def test_parts_add_up_and_none_is_further_off_than_half_a_digit(digits):
    rng = np.random.default_rng(digits)
    left = set()
    for scale in 10.0 ** rng.integers(-12, 13, 300):
        parts = scale * rng.normal(1, 1, rng.integers(0, 9))
        total = parts.sum() + scale * rng.random()
        largest = max(map(abs, [*parts, total]))
        written = Digits(largest, digits).write_sum(parts, total)
        check_sum(written)
        assert len(written) == len(parts) + 2
        last = Decimal(1).scaleb(Decimal(written[-1]).as_tuple().exponent)
        for text, value in zip([*written[:-2], written[-1]], [*parts, total]):
            gap = abs(Decimal(text) - Decimal(value))
            assert gap <= last / 2 * (1 + Decimal('1e-6'))
        rest = Decimal(total - parts.sum())
        left.add(round((Decimal(written[-2]) - rest) / last))
        if 1e-3 <= largest < 1e4:
            assert 'e' not in ''.join(written)
    assert left >= {-1, 0, 1}  # else rounding would leave nothing over


def test_numbers_by_hand():
    digits = Digits(0.8404)
    # rounded, the parts are 0.841 together, and the sum is 0.840
    assert digits.write_sum([0.3574, 0.3156, 0.1675], 0.8404) == [
        '0.357',
        '0.316',
        '0.168',
        '-0.001',
        '0.840',
    ]
    assert digits.write(-1e-9) == '0.000'
    assert Digits(0.0).write_sum([], 0.0) == ['0.00', '0.00']
    assert Digits(565.03).write(33.067) == '33.07'
    # one power of ten for all
    assert Digits(8.41e-7).write_sum([8.4e-7, 1.23e-9], 8.41e-7) == [
        '8.40e-07',
        '0.01e-07',
        '0.00e-07',
        '8.41e-07',
    ]


def random_explanation(seed):
    """With any number of concepts and classes, of any size and sign."""
    rng = np.random.default_rng(seed)
    explanation = make_explanation(
        [],
        shape=(8, 12),
        concepts=int(rng.integers(0, 12)),
        classes=int(rng.integers(1, 6)),
    )
    explanation.notes = []
    weights = rng.exponential(1, explanation.class_weights.shape)
    weights *= rng.random(weights.shape) < 0.3
    if seed % 3 == 0:  # as a signed classifier
        weights -= rng.random(weights.shape) * (seed % 2)
    weights *= 10.0 ** rng.integers(-5, 6)
    explanation.class_weights[:] = weights
    exact = explanation.contributions.sum(axis=1)
    explanation.evidence = exact.astype(np.float32).astype(float)
    return explanation


def test_what_cards_say_adds_up():
    corrected = 0
    for seed in range(300):
        explanation = random_explanation(seed)
        for most in (3, None):
            steps = steps_of(explanation, most=most)
            check_sum([step.number for step in steps])
            *_, rest, total = steps
            alone = Digits(
                max(abs(s.value) for s in steps if s.item or s is total)
            )
            corrected += rest.number != alone.write(rest.value)
        lines = card_markdown(explanation).splitlines()
        rows = [
            line.split('|')[3].strip(' *') for line in lines if '|' in line
        ]
        assert len(rows) == len(explanation.concepts) + 4
        check_sum(rows[2:])
    assert corrected > 60  # else nothing was to be done


def test_what_sheets_say_adds_up():
    for seed in range(300):
        explanation = random_explanation(seed)
        listed = Contributions(explanation, 6)
        assert len(listed.numbers) == min(2, len(explanation.classes))
        for written, label in zip(listed.numbers, listed.classes):
            check_sum(written)
            assert written[-1] == listed.write(explanation.evidence[label])


@pytest.mark.parametrize('seed', [1, 2, 3, 9])
def test_what_is_drawn_adds_up(seed):
    explanation = random_explanation(seed)
    explanation.classes = [f'class {c}' for c in range(6)]
    explanation.classes = explanation.classes[: len(explanation.evidence)]
    winner, other = explanation.predicted, explanation.runner_up
    texts = [text.get_text() for text in texts_of(draw_card(explanation))]
    written = [text for text in texts if NUMBER.fullmatch(text)]
    assert len(written) == min(3, len(explanation.concepts)) + 2
    check_sum(written)
    texts = [text.get_text() for text in texts_of(draw_sheet(explanation))]
    for label in (winner, other):
        if label is None or not explanation.concepts:
            continue
        name = f'{explanation.classes[label]} '
        parts = [numbers(text) for text in texts if text.startswith(name)]
        parts = [found[0] for found in parts if len(found) == 1]
        (rest,) = (text for text in texts if 'and rounding' in text)
        rest, total = (
            next(
                numbers(part)[0]
                for part in line.split(':')[-1].split(',')
                if name in part
            )
            for line in rest.splitlines()[1:]
        )
        assert len(parts) == min(6, len(explanation.concepts))
        assert sum(parts) + rest == total
