"""The history that a log tells, with entries of any version and any text."""

import hashlib
import json

import pytest

from mmproto.editing import verified_history
from mmproto.editing.audit_log import append_entry

# written by the first version of the log
VERSION_1 = (
    '{"action":{"concept":6,"kind":"disable","new_weights":[0.0,0.0],'
    '"old_weights":[12.5,0.0]},"after":{"file":"model_edited.pth","sha256":'
    '"1fb9f4097256db2d7b1e13aff79cee44339891a31c556b9cf6093885773b3618"},'
    '"before":{"file":"model.pth","sha256":'
    '"9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4"},'
    '"by":"J. Doe","hash":'
    '"d06207eb617c58f1e1baec4a3f2aa0879a8941fe079eef86fc1182104bafa3e8",'
    '"number":1,"previous":"' + 64 * '0' + '","reason":"fires on shadows",'
    '"time":"2025-11-03T09:12:44+00:00","version":1}\n'
)
TIME = '2025-11-04T10:00:00+00:00'
RAW = 'a\x1b[31m\r\n\x07\x9b\u202e\u2028\u200b\ud800\x7fb'


@pytest.fixture
def log(tmp_path):
    path = tmp_path / 'audit.jsonl'
    path.write_text(VERSION_1)
    return path


def add(log, *actions, **changes):
    """Add an entry about checkpoints of certain bytes."""
    sha256 = [hashlib.sha256(data).hexdigest() for data in (b'edited', b'new')]
    entry = dict(
        time=TIME, by='Ann', reason='r', actions=list(actions),
        before=dict(file='model_edited.pth', sha256=sha256[0]),
        after=dict(file='new.pth', sha256=sha256[1]),
    )  # fmt: skip
    return append_entry(log, entry | changes)


def history(log, data):
    """Read the history of a log, for a checkpoint of these bytes."""
    checkpoint = log.with_name('any.pth')
    checkpoint.write_bytes(data)
    lines = verified_history(checkpoint, log)
    return [line.replace(str(checkpoint), 'any.pth') for line in lines]


def test_a_log_of_version_1_is_read_and_continued(log):
    first = (
        "entry 1, 2025-11-03T09:12:44+00:00, 'J. Doe': disabled concept 6 "
        "(reason: 'fires on shadows')"
    )
    whole = 'the audit log is whole: any.pth was made by '
    assert history(log, b'edited') == [first, f'{whole}entry 1']
    entry = add(log, dict(kind='enable', concept=6))
    assert (entry['version'], entry['number']) == (2, 2)
    assert log.read_text().startswith(VERSION_1)
    second = f"entry 2, {TIME}, 'Ann': enabled concept 6 (reason: 'r')"
    assert history(log, b'new') == [first, second, f'{whole}entry 2']
    assert history(log, b'edited')[-1] == f'{whole}entry 1'
    assert history(log, b'model')[-1] == (
        f'{whole}no entry, and edited by entry 1'
    )
    add(log, dict(kind='enable', concept=6))
    assert history(log, b'new')[-1] == f'{whole}entries 2, 3'
    with pytest.raises(ValueError, match=r'no line is about .*any\.pth as it'):
        history(log, b'other')
    log.write_text(VERSION_1.replace('12.5', '12.4'))
    with pytest.raises(ValueError, match='^line 1 was changed$'):
        history(log, b'edited')


def weights(*values):
    return [float(value) for value in values]


@pytest.mark.parametrize(
    'actions, words',
    [
        (
            [
                dict(kind='disable', concept=3),
                dict(kind='disable', concept=17, name='wheel'),
            ],
            "disabled concepts 3, 17 'wheel'",
        ),
        (
            [
                dict(kind='enable', concept=3),
                dict(kind='disable', concept=4),
                dict(kind='disable', concept=5),
            ],
            'enabled concept 3; disabled concepts 4, 5',
        ),
        (
            [dict(kind='rename', concept=4, old_name='', new_name='wheel')],
            "renamed concept 4 'wheel'",
        ),
        (
            [dict(kind='rename', concept=4, old_name='rim', new_name="it's")],
            """renamed concept 4 "it's", before 'rim'""",
        ),
        (
            [dict(kind='rename', concept=4, old_name='rim', new_name='')],
            "took the name 'rim' from concept 4",
        ),
        (
            [
                dict(
                    kind='reweight', concept=4, class_index=1,
                    class_name='road', name='rim',
                    # 1.2 and 1e-8 in float32
                    old_weights=weights(0, 1.2000000476837158),
                    new_weights=weights(0, 9.99999993922529e-09),
                )
            ],
            "concept 4 'rim': road 1.2 -> 1e-08",
        ),
    ],
)  # fmt: skip
def test_edits_in_words(log, actions, words):
    add(log, *actions)
    expected = f"entry 2, {TIME}, 'Ann': {words} (reason: 'r')"
    assert history(log, b'new')[1] == expected


def test_no_text_of_a_log_moves_the_cursor(log):
    names = dict(old_name=RAW, new_name=RAW)
    ends = dict(old_weights=weights(1, 2), new_weights=weights(3, 2))
    add(
        log,
        dict(kind='rename', concept=1, **names),
        dict(kind='rename', concept=1, old_name=RAW, new_name=''),
        dict(kind='disable', concept=1, name=RAW),
        dict(
            kind='reweight', concept=1, class_index=0, class_name=RAW, **ends
        ),
        **dict(time=RAW, by=RAW, reason=RAW),
    )
    lines = history(log, b'new')
    assert len(lines) == 3 and all(line.isprintable() for line in lines)
    escaped = r'a\x1b[31m\r\n\x07\x9b\u202e\u2028\u200b\ud800\x7fb'
    assert lines[1].count(escaped) == 8
    assert f'{escaped} 1.0 -> 3.0' in lines[1]


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(time=3), 'TypeError'),
        (dict(actions='x'), 'TypeError'),
        (dict(actions=[dict(kind=RAW, concept=1)]), 'KeyError'),
        (dict(actions=[dict(kind='enable', concept=RAW)]), 'ValueError'),
        (dict(before=None), 'TypeError'),
        (dict(after={}), "KeyError.'sha256'"),
        (
            dict(
                actions=[
                    dict(
                        kind='reweight', concept=1, class_name='road',
                        class_index=0, old_weights=[10**999],
                        new_weights=weights(1),
                    )
                ]
            ),
            'OverflowError',
        ),
    ],
)  # fmt: skip
def test_what_is_no_edit(log, changes, message):
    add(log, **changes)
    expected = f'^line 2 cannot be read as an edit of .*{message}'
    with pytest.raises(ValueError, match=expected) as caught:
        history(log, b'new')
    assert str(caught.value).isprintable()


def test_a_later_version(log, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr('mmproto.editing.audit_log.ENTRY_VERSION', 3)
        assert add(log)['version'] == 3
    assert json.loads(log.read_text().splitlines()[1])['version'] == 3
    with pytest.raises(ValueError, match='line 2 .*version 3 is newer'):
        history(log, b'new')
