"""Frames come in order, all of them, or it is said why not."""

import struct
import tracemalloc
from fractions import Fraction

import cv2
import numpy as np
import pytest
from films import UNEVEN, write_film
from mmengine.logging import print_log

from mmproto.visualization.video import Frames
from mmproto.visualization.video import frames as frames_module
from mmproto.visualization.video.frames import (
    announced,
    list_pictures,
    natural_key,
    read_video,
)


def test_numbers_in_names_count_as_numbers():
    names = ['b_1', 'a_10b_2', 'a_10b_10', 'a_9', 'a_010', '2', '10', 'a_10']
    ordered = ['2', '10', 'a_9', 'a_010', 'a_10', 'a_10b_2', 'a_10b_10', 'b_1']
    assert sorted(names, key=natural_key) == ordered
    # decimal digits of other scripts and powers are no reason to stop
    assert sorted(['x²', 'x٣', 'x1'], key=natural_key)


def test_folder_gives_its_pictures_in_natural_order(folder, scenes):
    (folder / 'notes.txt').write_text('no picture')
    (folder / '._frame_1.png').write_text('what macOS leaves behind')
    frames = Frames(folder)
    assert (len(frames), frames.fps) == (12, 10)
    for _ in range(2):  # both passes
        times, found = zip(*frames)
        assert len(found) == 12
        assert times == tuple(index / 10 for index in range(12))
        for frame, letter in zip(found, 2 * 'AABBBA'):
            assert np.array_equal(frame, scenes[letter == 'B'])
    names = [path.name for path in list_pictures(folder)]
    assert names == [f'frame_{number}.png' for number in range(1, 13)]


def test_video_gives_all_frames_at_its_own_rate(film, scenes):
    frames = Frames(film)
    assert (len(frames), frames.fps) == (7, Fraction(30000, 1001))
    for _ in range(2):
        times, found = zip(*frames)
        assert times == tuple(index * 1001 / 30000 for index in range(7))
        shown = [nearest(frame, scenes) for frame in found]
        assert shown == [0, 1, 0, 1, 0, 1, 0]


def test_other_containers_give_all_frames(scenes, tmp_path):
    # frames that depend on later ones, and no index to seek by
    path = tmp_path / 'film.ts'
    write_film(path, scenes, 30, dict(crf='1', g='12', bf='2'))
    shown = [nearest(frame, scenes) for _, frame in Frames(path)]
    assert shown == [index % 2 for index in range(30)]
    live = tmp_path / 'live.mkv'  # as recorders write it: without a length
    write_film(live, scenes, 7, dict(crf='1'), dict(live='1'))
    frames = Frames(live)
    assert len(frames) == 0
    times, found = zip(*frames)
    assert [nearest(f, scenes) for f in found] == [0, 1, 0, 1, 0, 1, 0]
    # Matroska rounds to milliseconds; the rate does not
    assert times == tuple(index * 1001 / 30000 for index in range(7))


@pytest.mark.parametrize('name', ['a.mp4', 'a.mkv', 'a.ts', 'late.mkv'])
def test_frames_that_come_unevenly_keep_their_times(
    name, scenes, tmp_path, said
):
    path = tmp_path / name
    late = 2 if name == 'late.mkv' else 0
    times = [second + late for second in UNEVEN]
    write_film(path, scenes, len(times), dict(crf='1', bf='2'), times=times)
    found, frames = zip(*Frames(path))
    assert found == pytest.approx(UNEVEN, abs=0.0011)
    assert [nearest(f, scenes) for f in frames] == 5 * [0, 1]
    assert not said  # the number of frames that a file announces is a guess


def test_a_bare_stream_has_a_rate_but_no_times(scenes, tmp_path):
    path = tmp_path / 'a.h264'
    write_film(path, scenes, 7, dict(crf='1'))
    frames = Frames(path)
    times, _ = zip(*frames)
    assert times == tuple(float(index / frames.fps) for index in range(7))


@pytest.fixture
def say(monkeypatch):
    """Lets a video say something else about its rate and its times."""

    def call(rate, time):
        def announce(path):
            return rate, 0 if rate is None else announced(path)[1]

        def read(path):
            for stamp, pixels in read_video(path):
                yield time(stamp), pixels

        monkeypatch.setattr(frames_module, 'announced', announce)
        monkeypatch.setattr(frames_module, 'read_video', read)

    return call


@pytest.mark.parametrize('stamp', [None, 0.0])
def test_neither_a_rate_nor_times(film, say, stamp):
    say(None, lambda time: stamp)
    with pytest.raises(ValueError, match='time of frame 1: give --fps'):
        list(Frames(film))
    times, _ = zip(*Frames(film, 5))
    assert times == tuple(index / 5 for index in range(7))


def test_times_begin_with_the_first_frame(film, say):
    say(30000 / 1001, lambda time: time + 5)
    times, _ = zip(*Frames(film))
    assert times == tuple(index * 1001 / 30000 for index in range(7))


# the matrix of a track's header: degrees clockwise that a player turns by
MATRICES = {
    0: (1, 0, 0, 1),
    90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    270: (0, -1, 1, 0),
}


@pytest.mark.parametrize('degrees', MATRICES)
def test_a_phone_that_was_turned(film, scenes, degrees):
    data = bytearray(film.read_bytes())
    start = data.index(b'tkhd') + 44
    a, b, c, d = (value << 16 for value in MATRICES[degrees])
    matrix = struct.pack('>9i', a, b, 0, c, d, 0, 0, 0, 1 << 30)
    data[start : start + 36] = matrix
    film.write_bytes(data)
    turned = [np.rot90(scene, -degrees // 90) for scene in scenes]
    shown = [nearest(frame, turned) for _, frame in Frames(film)]
    assert shown == [0, 1, 0, 1, 0, 1, 0]
    assert np.array_equal(frames_by_opencv(film), [f for _, f in Frames(film)])


@pytest.mark.parametrize('bt709', [False, True])
def test_colours_are_those_that_were_filmed(tmp_path, bt709):
    path, red = tmp_path / 'film.mp4', (60, 60, 200)
    scene = np.full((64, 96, 3), red, np.uint8)
    write_film(path, [scene, scene], 2, dict(crf='1'), bt709=bt709)
    found = [frame for _, frame in Frames(path)]
    assert np.abs(np.mean(found, (0, 1, 2)) - red).max() < 4
    assert np.array_equal(frames_by_opencv(path), found)


def frames_by_opencv(path):
    """All frames (T,h,w,3), as another reader of videos gives them."""
    video, frames = cv2.VideoCapture(str(path)), []
    while (frame := video.read()[1]) is not None:
        frames.append(frame)
    return frames


def test_memory_does_not_grow_with_the_video(scenes, tmp_path):
    peaks = []
    for length in (20, 20, 200):
        path = tmp_path / f'{length}.mp4'
        write_film(path, scenes, length, dict(crf='20'))
        tracemalloc.start()
        assert sum(1 for _ in Frames(path)) == length
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] + scenes[0].nbytes


def test_broken_data_inside_a_video(film):
    whole = list(Frames(film))
    data = bytearray(film.read_bytes())
    middle = data.index(b'mdat') + (len(data) - data.index(b'mdat')) // 2
    data[middle : middle + 400] = bytes(400)
    film.write_bytes(data)
    found = list(Frames(film))
    assert 3 <= len(found) <= 7
    assert np.array_equal(found[0][1], whole[0][1])


def nearest(frame, scenes):
    gaps = [np.abs(frame - scene.astype(float)).mean() for scene in scenes]
    return int(np.argmin(gaps))


def test_fps_of_a_folder_may_be_a_fraction(folder):
    assert Frames(folder, 29.97).fps == Fraction(2997, 100)
    assert Frames(folder, 30000 / 1001).fps == Fraction(30000, 1001)


@pytest.mark.parametrize('fps', [0, -1, float('nan'), float('inf'), 1e9])
def test_impossible_rates(folder, fps):
    with pytest.raises(ValueError, match='frames per second cannot be used'):
        Frames(folder, fps)


def test_what_is_no_sequence(folder, film, tmp_path):
    with pytest.raises(FileNotFoundError, match='no video or folder at'):
        Frames(tmp_path / 'gone.mp4')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match=r'no pictures.*\.jpg'):
        Frames(tmp_path / 'empty')
    (tmp_path / 'text.mp4').write_text('no video')
    with pytest.raises(ValueError, match='cannot be read as a video'):
        Frames(tmp_path / 'text.mp4')
    with pytest.raises(ValueError, match='the folder of the frames'):
        Frames(folder / 'frame_1.png')
    with pytest.raises(ValueError, match='29.97 frames per second; --fps'):
        Frames(film, 10)


def test_frames_that_do_not_fit_or_cannot_be_read(folder):
    small = np.zeros((32, 96, 3), np.uint8)
    cv2.imwrite(str(folder / 'frame_11.png'), small)
    with pytest.raises(ValueError, match='frame_11.png has 96 x 32.*96 x 64'):
        list(Frames(folder))
    (folder / 'frame_11.png').write_text('no picture')
    with pytest.raises(ValueError, match='frame_11.png cannot be read'):
        list(Frames(folder))


@pytest.fixture
def said(monkeypatch):
    """What is logged."""
    texts = []

    def log(text, **options):
        texts.append(text)
        print_log(text, **options)

    monkeypatch.setattr('mmproto.visualization.video.frames.print_log', log)
    return texts


def test_a_video_that_is_cut_off_is_not_taken_for_whole(film, said):
    data = film.read_bytes()
    film.write_bytes(data[: len(data) * 2 // 3])
    found = len(list(Frames(film)))
    assert 0 < found < 7
    assert f'announces 7 frames, but {found} can be read' in said[0]
    film.write_bytes(data[: len(data) // 8])
    with pytest.raises(ValueError, match='no frame of|cannot be read'):
        list(Frames(film))
