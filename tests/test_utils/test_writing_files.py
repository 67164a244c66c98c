"""Files are found, and named as the user named them where they cannot be."""

import os
import re

import pytest

from mmproto.utils.files import (
    atomic_path,
    check_writable,
    find_image,
    remove_old_sheets,
    write_json,
)

# no file can be made here, by whomever
CLOSED = '/proc/self/fd'


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A file, a folder, and what cannot be written below or in place."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'file').touch()
    (tmp_path / 'folder').mkdir()
    wrong = ['folder', 'file/a.json', 'file/new/a.json']
    if os.path.isdir(CLOSED):
        wrong += [f'{CLOSED}/a.json', f'{CLOSED}/new/a.json']
    if os.geteuid():  # root may write anywhere
        (tmp_path / 'locked').mkdir(mode=0o500)
        wrong += ['locked/a.json', 'locked/new/a.json']
    return wrong


def content(folder):
    return sorted(path.name for path in folder.rglob('*'))


def test_what_cannot_be_written_is_refused_early(places, tmp_path):
    before = content(tmp_path)
    for path in places:
        message = re.escape(f'{path} cannot be written (')
        with pytest.raises(ValueError, match=f'^{message}'):
            check_writable(path)
    assert content(tmp_path) == before


def test_what_can_be_written_is_left_alone(places, tmp_path):
    before = content(tmp_path)
    for path in ('a.json', 'folder/new/new/a.json', 'file'):
        check_writable(path)
        check_writable(tmp_path / path)
        assert content(tmp_path) == before
        write_json(dict(a=1), path)  # says the truth
        (tmp_path / path).unlink()
        before = content(tmp_path)


def test_errors_name_no_temporary_file(places, tmp_path):
    before = content(tmp_path)
    for path in places:
        with pytest.raises(OSError) as caught:
            write_json(dict(a=1), path)
        assert str(os.getpid()) not in str(caught.value)
        assert path.split('/new/')[0].split('/a.')[0] in str(caught.value)
        assert caught.value.errno and caught.value.filename2 is None
    assert content(tmp_path) == before


def test_only_sheets_of_an_earlier_run_are_removed(tmp_path):
    kept = ['a_01.png', 'a_talk.png', 'a_2024.png', 'a_1x.png', 'b_02.png']
    for name in [*kept, 'a_02.png', 'a_117.png']:
        (tmp_path / name).touch()
    remove_old_sheets([tmp_path / 'a_01.png'], tmp_path, 'a')
    assert content(tmp_path) == sorted(kept)


def test_other_errors_stay_as_they_are(tmp_path):
    lost = tmp_path / 'lost'
    with (
        pytest.raises(FileNotFoundError) as caught,
        atomic_path(tmp_path / 'a'),
    ):
        lost.read_bytes()
    assert caught.value.filename == str(lost)
    with (
        pytest.raises(OSError, match='^disk is gone$'),
        atomic_path(tmp_path / 'a') as temporary,
    ):
        temporary.write_text('half')
        raise OSError('disk is gone')
    assert content(tmp_path) == []


def test_find_image(tmp_path):
    (tmp_path / 'train').mkdir()
    (tmp_path / 'train' / 'a.png').touch()
    for path in ('train/a.png', 'data/train/a.png', '/x/y/train/a.png'):
        assert find_image(path, tmp_path) == tmp_path / 'train' / 'a.png'
    assert find_image('/x/val/a.png', tmp_path) is None
    assert find_image('train/a.png') is None
