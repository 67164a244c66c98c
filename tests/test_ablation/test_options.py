"""Keys of options against an enumeration of all places of a config."""

import copy

import pytest

from mmproto.ablation.options import edit_hooks, find_entry, set_options

CONFIG = dict(
    model=dict(
        type='Net',
        head=dict(type='mmproto.Head', losses=({'weight': 1}, {'weight': 2})),
        size=(3, 4),
    ),
    optim_wrapper=dict(
        keys={'norm': dict(lr=1), 'norm.weight': dict(lr=2), 'a.b': 3}
    ),
    custom_hooks=[
        dict(type='mmproto.First', phases=[dict(name='x'), dict(name='y')]),
        dict(type='Second', begin=3),
        dict(type='other.Twin'),
        dict(type='Twin'),
    ],
    variable=7,
)


def places(node, before=()):
    """Every way to write the key of every place, by nested loops."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield (*before, name), (node, name)
            yield from places(value, (*before, name))
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            names = [str(index)]
            if isinstance(value, dict) and 'type' in value:
                name = value['type'].split('.')[-1]
                if name != 'Twin':
                    names.append(name)
            for name in names:
                yield (*before, name), (node, index)
                yield from places(value, (*before, name))


@pytest.mark.parametrize(
    ('segments', 'place'), list(places(CONFIG)), ids=lambda value: None
)
def test_every_place_is_found(segments, place):
    node, name = find_entry(CONFIG, '.'.join(segments))
    assert node is place[0] and name == place[1]


@pytest.mark.parametrize(
    ('key', 'named'),
    [
        ('model.haed', None),  # an argument that is not written down
        ('custom_hooks.Second.end', None),
        ('model.haed.losses', 'haed'),
        ('optim_wrapper.new', 'new'),
        ('custom_hooks.Third.begin', 'Third.* among First, Second, 0'),
        ('custom_hooks.Twin.begin', 'Twin.* among First, Second, 0'),
        ('custom_hooks.4.begin', '4.* among .* 1, 2, 3;'),
        ('custom_hooks.First.phases.0.end', 'end'),
        ('variable.x', "'x' among no entries"),
        ('model.size.0.x', "'x' among no entries"),
    ],
)
def test_only_calls_take_what_is_not_there(key, named):
    if named is None:
        node, name = find_entry(CONFIG, key)
        assert name not in node
    else:
        with pytest.raises(ValueError, match=f'{key}: .*{named}'):
            find_entry(CONFIG, key)


def test_values_replace_whole_entries():
    config, value = copy.deepcopy(CONFIG), dict(lr=[5])
    options = {
        'optim_wrapper.keys.norm': value,
        'custom_hooks.Second.begin': None,
    }
    set_options(config, options)
    expected = copy.deepcopy(CONFIG)
    expected['optim_wrapper']['keys']['norm'] = dict(lr=[5])
    expected['custom_hooks'][1]['begin'] = None
    assert config == expected
    config['optim_wrapper']['keys']['norm']['lr'][0] = 6
    assert value == dict(lr=[5])  # the next run gets its own


@pytest.mark.parametrize('key', ['variable', 'work_dir', 'resume'])
def test_options_without_effect_are_refused(key):
    with pytest.raises(ValueError, match=key):
        set_options({'variable': 1, 'work_dir': 'a', 'resume': 1}, {key: 2})


def test_hooks():
    config = copy.deepcopy(CONFIG)
    edit_hooks(config, ['Twin', 'First'], [dict(type='mmproto.New', a=1)])
    assert config['custom_hooks'] == [
        dict(type='Second', begin=3),
        dict(type='mmproto.New', a=1),
    ]
    with pytest.raises(ValueError, match='no First .* has Second, New'):
        edit_hooks(config, ['First'], [])
    with pytest.raises(ValueError, match='no type'):
        edit_hooks(config, [], [dict(a=1)])
    bare = {}
    edit_hooks(bare, [], [dict(type='New')])
    assert bare == dict(custom_hooks=[dict(type='New')])
