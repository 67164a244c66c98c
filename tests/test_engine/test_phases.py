import pytest

from mmproto.engine.phases import (
    check_patterns,
    parse_phases,
    phase_at,
    trainable_names,
)

NAMES = [
    'backbone.conv1.weight',
    'neck.weight',
    'decode_head.conv_seg.weight',
    'decode_head.prototype_layer.vectors',
]


def parse_one(**entries):
    return parse_phases([dict(name='only', **entries)])[0]


@pytest.mark.parametrize(
    ('progress', 'name'),
    [(0, 'a'), (9, 'a'), (10, 'b'), (11, 'b'), (12, 'c'), (999, 'c')],
)
def test_phase_ends_before_its_end(progress, name):
    phases = parse_phases(
        [dict(name='a', end=10), dict(name='b', end=12), dict(name='c')]
    )
    assert phase_at(phases, progress).name == name


@pytest.mark.parametrize(
    ('entries', 'indices'),
    [
        ({}, [0, 1, 2, 3]),
        (dict(train=['decode_head']), [2, 3]),
        (dict(freeze=['backbone', 'neck']), [2, 3]),
        (dict(train=['decode_head'], freeze=[r'.*conv_seg\.']), [3]),
        (dict(train=[r'.*\.weight$']), [0, 1, 2]),
        # A pattern matches at the start: not 'decode_head.conv_seg'.
        (dict(train=['conv', 'neck']), [1]),
    ],
)
def test_patterns_select(entries, indices):
    chosen = trainable_names(parse_one(**entries), NAMES)
    assert chosen == {NAMES[index] for index in indices}


@pytest.mark.parametrize('entries', [dict(train=[]), dict(freeze=['.*'])])
def test_phase_that_trains_nothing(entries):
    with pytest.raises(ValueError, match="phase 'only' trains no parameter"):
        trainable_names(parse_one(**entries), NAMES)


def test_pattern_without_parameter_names_what_there_is():
    phases = parse_phases([dict(name='a', freeze=['bakbone'])])
    with pytest.raises(ValueError, match='bakbone.* matches no.*neck.weight'):
        check_patterns(phases, NAMES)


@pytest.mark.parametrize(
    ('configs', 'text'),
    [
        ([], 'phases is empty'),
        ([dict(name='a', end=5), dict(name='a')], 'must differ'),
        ([dict(name='a', end=5)], 'remove its end=5'),
        ([dict(name='a'), dict(name='b')], "'a' needs an end"),
        ([dict(name='a', end=0), dict(name='b')], 'at least 1'),
        ([dict(name='a', end=True), dict(name='b')], 'got True'),
        (
            [dict(name='a', end=5), dict(name='b', end=5), dict(name='c')],
            r'\(a.end=5, b.end=5\): 5 must come after 5',
        ),
        ([dict(end=5)], 'a name'),
        ([dict(name='a', begin=3)], "'train', 'freeze', 'losses'"),
        ([dict(name='a', train='decode_head')], 'list of strings'),
        ([dict(name='a', losses=[1])], 'list of strings'),
        ([dict(name='a', freeze=['('])], 'not a regular expression'),
    ],
)
def test_malformed_phases(configs, text):
    with pytest.raises(ValueError, match=text):
        parse_phases(configs)
