"""Frames of two scenes, as a folder and as a video file."""

import av
import cv2
import pytest
from films import write_film


@pytest.fixture
def scenes(tiny_data):
    """Two images (64,96,3) of the tiny data set."""
    folder = tiny_data / 'leftImg8bit' / 'val' / 'town'
    first, second, _ = sorted(folder.iterdir())
    return cv2.imread(str(first)), cv2.imread(str(second))


@pytest.fixture
def folder(scenes, tmp_path):
    """Folder of frames 1 to 12: A A B B B A, and the same again."""
    path = tmp_path / 'drive'
    path.mkdir()
    for number in range(1, 13):
        scene = scenes['AABBBA'[(number - 1) % 6] == 'B']
        cv2.imwrite(str(path / f'frame_{number}.png'), scene)
    return path


@pytest.fixture
def film(scenes, tmp_path):
    """Video file of 7 frames at 29.97 a second: A B A B A B A."""
    path = tmp_path / 'film.mp4'
    # what a file holds stands at its beginning, also if it is cut off
    write_film(path, scenes, 7, dict(crf='1'), dict(movflags='faststart'))
    return path


@pytest.fixture
def decode():
    """Decodes a video file: RGB frames (h,w,3) and its stream's facts."""

    def call(path):
        with av.open(str(path)) as file:
            stream = file.streams.video[0]
            decoded = list(file.decode(video=0))
            frames = [frame.to_ndarray(format='rgb24') for frame in decoded]
            facts = dict(
                times=[frame.time for frame in decoded],
                rate=stream.average_rate,
                seconds=stream.duration * stream.time_base,
                codec=stream.codec_context.name,
                format=stream.codec_context.pix_fmt,
            )
        return frames, facts

    return call
