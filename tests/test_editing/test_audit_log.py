"""The log of edits: its hashes, and every way to tamper with it."""

import hashlib
import json

import pytest

from mmproto.editing.audit_log import append_entry, find_damage


def write(path, number=5):
    for index in range(number):
        append_entry(path, dict(by='Ö', actions=[dict(weights=[0.1, -0.0])]))
        assert len(path.read_text().splitlines()) == index + 1
    return path.read_text().splitlines()


def forge(line, **changes):
    """Change an entry, and compute its own hash by hand."""
    entry = json.loads(line) | changes
    entry.pop('hash')
    text = json.dumps(entry, sort_keys=True, separators=(',', ':'))
    own = hashlib.sha256(text.encode()).hexdigest()
    entry['hash'] = own
    return json.dumps(entry, sort_keys=True, separators=(',', ':'))


def damage(lines):
    return find_damage(''.join(f'{line}\n' for line in lines))


def test_an_entry_in_full(tmp_path):
    path = tmp_path / 'new' / 'audit.jsonl'
    append_entry(path, dict(by='Ö', reason='x'))
    append_entry(path, dict(by='B', reason='y'))
    first = (
        r'{"by":"\u00d6",%s"number":1,"previous":"'
        + 64 * '0'
        + '","reason":"x","version":2}'
    )
    own = hashlib.sha256((first % '').encode()).hexdigest()
    expected = first % f'"hash":"{own}",'
    lines = path.read_text().splitlines()
    assert lines[0] == expected
    second = json.loads(lines[1])
    assert (second['previous'], second['number']) == (own, 2)
    assert forge(lines[1]) == lines[1]
    assert damage(lines) == [] == find_damage('')


@pytest.mark.parametrize('place', range(5))
@pytest.mark.parametrize(
    'change',
    [
        lambda line: line.replace('0.1', '0.2'),
        lambda line: line.replace('"number"', ' "number"'),
        lambda line: line.replace('0.1', '0.10'),
        lambda line: line + '\r',
        lambda line: line.replace('"hash":"', '"hash":"0', 1),
        lambda line: line.replace('"previous":"', '"previous":"0'),
        lambda line: line[:-1] + ',"version":2}',
    ],
)
def test_a_changed_line(tmp_path, place, change):
    lines = write(tmp_path / 'audit.jsonl')
    lines[place] = change(lines[place])
    assert damage(lines) == [f'line {place + 1} was changed']


@pytest.mark.parametrize('junk', ['', 'x', '[]', '{"a":NaN}', '\ufffd', '{'])
def test_junk_in_a_line(tmp_path, junk):
    lines = write(tmp_path / 'audit.jsonl')
    expected = ['line 3 is no entry of an audit log']
    assert damage([*lines[:2], junk, *lines[3:]]) == expected
    assert damage([*lines[:2], junk, *lines[2:]]) == expected


def test_every_byte_counts(tmp_path):
    text = '\n'.join(write(tmp_path / 'audit.jsonl', 2)) + '\n'
    for place, letter in enumerate(text):
        other = '#' if letter != '#' else '+'
        assert find_damage(text[:place] + other + text[place + 1 :])
        assert find_damage(text[:place] + text[place + 1 :])


@pytest.mark.parametrize('place', range(4))
def test_a_removed_line(tmp_path, place):
    lines = write(tmp_path / 'audit.jsonl')
    (sentence,) = damage(lines[:place] + lines[place + 1 :])
    assert sentence.startswith(f'before line {place + 1}, the entry that')


@pytest.mark.parametrize('place', range(4))
def test_a_line_with_a_forged_hash(tmp_path, place):
    lines = write(tmp_path / 'audit.jsonl')
    lines[place] = forge(lines[place], by='Eve')
    (sentence,) = damage(lines)
    assert sentence.startswith(f'before line {place + 2}, the entry that')


def test_reordered_lines(tmp_path):
    lines = write(tmp_path / 'audit.jsonl')
    moved = [lines[0], lines[2], lines[1], lines[3], lines[4]]
    found = damage(moved)
    for place, after in ((2, 3), (3, 1), (4, 2)):
        assert any(
            sentence.startswith(f'line {place} belongs right after line')
            and f'line {after}:' in sentence
            for sentence in found
        )
    assert len(found) == 3
    (sentence, other) = damage([*lines[1:], lines[0]])
    assert sentence.startswith('line 1 belongs right after line 5')
    assert other.startswith('line 5 is a first entry')


def test_repeated_and_inserted_lines(tmp_path):
    lines = write(tmp_path / 'audit.jsonl')
    (sentence,) = damage([*lines[:3], lines[2], *lines[3:]])
    assert sentence.startswith('line 4 belongs right after line 2')
    inserted = forge(lines[2], by='Eve')
    (sentence,) = damage([*lines[:2], inserted, *lines[2:]])
    assert sentence.startswith('line 4 belongs right after line 2')


def test_an_incomplete_line(tmp_path):
    text = '\n'.join(write(tmp_path / 'audit.jsonl', 2))
    assert find_damage(text) == ['line 2 is incomplete']


def test_a_damaged_log_is_not_continued(tmp_path):
    path = tmp_path / 'audit.jsonl'
    lines = write(path)
    path.write_text('\n'.join(lines[1:]) + '\n')
    before = path.read_bytes()
    with pytest.raises(ValueError, match='cannot be continued: before line 1'):
        append_entry(path, dict(by='A'))
    with pytest.raises(ValueError):
        append_entry(tmp_path / 'new.jsonl', dict(weight=float('nan')))
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [path]
