"""What a file says about a surrogate, and what is made of it."""

import math

import pytest
from surrogates import LINE, RECORD, black_box, build_surrogate

from mmproto.models.facts import ModelFacts
from mmproto.models.surrogate_record import (
    Surrogate,
    percent,
    with_reweighted,
)


@pytest.mark.smoke
def test_sentence():
    assert Surrogate.read(RECORD).sentence() == LINE
    assert Surrogate.read(RECORD).classes == dict(
        road=0.99, wall=0.9, car=0.5, sign=None
    )


@pytest.mark.parametrize(
    'change, end',
    [
        (dict(images=1), ' (1 image of CamVidDataset)'),
        (dict(images=None), ''),
        (dict(data_set=None), ' (101 images)'),
        (dict(data_set='a\n\tb'), ' (101 images of a b)'),
    ],
)
def test_sentence_says_what_is_known(change, end):
    line = Surrogate.read(RECORD | change).sentence()
    expected = 'surrogate; agrees with the model at 96.3 % of pixels'
    assert line == expected + end


def test_agreement_that_was_not_measured():
    words = 'surrogate; how far it agrees with the model was not measured'
    found = Surrogate.read(RECORD | dict(agreement=None), switched_off=2)
    assert found.sentence() == words
    assert found.agrees_enough


@pytest.mark.parametrize(
    'off, changed, words',
    [
        (1, [], '1 concept was switched off'),
        (2, [], '2 concepts were switched off'),
        (0, [3], 'the class weights of 1 concept were changed'),
        (
            2,
            [3, 5],
            '2 concepts were switched off and the class weights of 2 concepts '
            'were changed',
        ),
    ],
)
def test_edits_since_it_was_measured(off, changed, words):
    record = dict(RECORD)
    for concept in changed * 2:  # twice is once
        record = with_reweighted(record, concept)
    line = Surrogate.read(record, switched_off=off).sentence()
    assert line == f'{LINE}, measured before {words}'
    assert 'reweighted' not in RECORD


def test_warning_below_the_agreement_asked_for():
    found = Surrogate.read(RECORD | dict(agreement=0.8996))
    assert found.sentence() == (
        'surrogate; agrees with the model at 90.0 % of pixels (101 images of '
        'CamVidDataset); less than the 90.0 % asked for: explanations may not '
        "be the model's reasons"
    )
    assert Surrogate.read(RECORD | dict(agreement=0.9)).agrees_enough


@pytest.mark.parametrize(
    'share, text',
    [
        (1.0, '100.0 %'),
        (0.99999, 'over 99.9 %'),
        (0.9994, '99.9 %'),
        (0.0, '0.0 %'),
    ],
)
def test_only_all_is_all(share, text):
    assert percent(share) == text


STRANGE = [None, True, 'x', -0.1, 1.1, math.nan, math.inf, [0.5], {}, b'0.5']


@pytest.mark.parametrize('value', STRANGE)
def test_what_a_stranger_wrote_is_read_safely(value):
    for key in (*RECORD, 'reweighted'):
        found = Surrogate.read(RECORD | {key: value})
        assert found.sentence().startswith('surrogate; ')
        assert '\n' not in found.sentence()
    record = RECORD | dict(agreement=value)
    assert Surrogate.read(record).agreement is None
    record = RECORD | dict(images=value)
    assert Surrogate.read(record).images is None
    record = RECORD | dict(classes=dict(road=value))
    assert Surrogate.read(record).classes == dict(road=None)
    assert Surrogate.read(value).agreement is None
    assert Surrogate.read(value).black_box is None


def test_facts(tiny_model, tiny_config):
    assert ModelFacts.of(tiny_model).surrogate is None
    tiny_model.dataset_meta['surrogate'] = RECORD
    tiny_model.dataset_meta['disabled_concepts'] = {'3': [1.0, 0, 0, 0]}
    found = ModelFacts.of(tiny_model).surrogate
    assert found.agreement == 0.963
    assert found.switched_off == 1
    # with a black box inside it is one, whatever the file says
    model = build_surrogate(tiny_config, black_box(), record=None)
    assert ModelFacts.of(model).surrogate == Surrogate()
