"""Frames of a video file, or of a folder of pictures."""

import logging
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mmproto.explanations.points import read_pixels
from mmproto.utils.requirements import require

SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
FOLDER_FPS = 10.0
SLOWEST, FASTEST = 0.01, 1000.0  # frames per second
LARGEST_DENOMINATOR = 1001  # 29.97 frames per second are 30000 / 1001
STAMP = 1e-3  # seconds: what Matroska rounds times to


class Frames:
    """A sequence of frames that can be read more than once.

    Args:
        path: Video file, or a folder whose pictures are taken in the order of
            the numbers in their names.
        fps: Frames per second of a folder, 10 by default; a video has its
            own.

    Attributes:
        path: The same path.
        fps: Frames per second that the sequence announces. The frames of a
            video may still come at other times, which are then kept.

    Raises:
        FileNotFoundError: If there is nothing at the path.
        ImportError: If the path is a video and PyAV is not installed.
        ValueError: If the folder has no pictures, the file is not a video,
            or the rate cannot be used.
    """

    def __init__(self, path: str | Path, fps: float | None = None) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise FileNotFoundError(f'there is no video or folder at {path}')
        self._files: list[Path] = []
        self._says_rate = self._says_times = False
        if self.path.is_dir():
            self._files = list_pictures(self.path)
            self._announced = len(self._files)
        else:
            own, self._announced = announced(self.path)
            self._says_rate, self._says_times = own is not None, fps is None
            if own is not None and fps is not None:
                raise ValueError(
                    f'{path} is a video of {own:.2f} frames per second; --fps '
                    'is for a folder, or a video that does not say its rate'
                )
            fps = own if fps is None else fps
        self.fps = _rate(FOLDER_FPS if fps is None else fps)

    def __len__(self) -> int:
        """Return the number of frames, 0 where a video does not say it."""
        return self._announced

    def __iter__(self) -> Iterator[tuple[float, np.ndarray]]:
        """Yield seconds since the first frame, and BGR pixels (h,w,3).

        Times increase from frame to frame, and all frames have one size.

        Raises:
            ValueError: If a frame cannot be read or has another size, or the
                video says neither times nor a rate.
        """
        count, last, longest = 0, 0.0, float(1 / self.fps)
        shape: tuple[int, ...] = ()
        for name, stamp, frame in self._read():
            shape = shape or frame.shape
            if frame.shape != shape:
                raise ValueError(
                    f'{name} has {_size(frame.shape)} pixels, but the frames '
                    f'before have {_size(shape)}; give frames of one size'
                )
            time = self._time(count, stamp, last)
            longest = max(longest, time - last)
            count, last = count + 1, time
            yield time, frame
        if not count:
            raise ValueError(f'no frame of {self.path} can be read')
        # where frames come unevenly, their number is a guess by the duration
        missing = float(len(self) / self.fps) - last
        if count < len(self) and missing > 1.5 * longest:
            print_log(
                f'{self.path} announces {len(self)} frames, but {count} can '
                'be read: is it cut off?',
                logger='current',
                level=logging.WARNING,
            )

    def _time(self, index: int, stamp: float | None, last: float) -> float:
        """Return seconds since the first frame, from what the file says."""
        even = float(index / self.fps)
        if not self._says_times or not index:
            return even
        if stamp is None or stamp <= last:  # a bare stream says no times
            if not self._says_rate:
                raise ValueError(
                    f'{self.path} says neither its rate nor the time of '
                    f'frame {index}: give --fps'
                )
            stamp = last + float(1 / self.fps)
        rounding = min(STAMP, float(1 / self.fps) / 4)
        return even if abs(stamp - even) <= rounding else stamp

    def _read(self) -> Iterator[tuple[str, float | None, np.ndarray]]:
        """Yield name, seconds since the first frame and pixels."""
        for file in self._files:
            yield str(file), None, read_pixels(file)
        if self._files:
            return
        first = None
        for index, (stamp, pixels) in enumerate(read_video(self.path)):
            first = stamp if index == 0 else first
            since = None if stamp is None or first is None else stamp - first
            yield f'frame {index} of {self.path}', since, pixels


def list_pictures(folder: Path) -> list[Path]:
    """List the pictures of a folder, ``frame_2`` before ``frame_10``.

    Raises:
        ValueError: If there are none.
    """
    files = [
        file
        for file in folder.iterdir()
        if file.suffix.lower() in SUFFIXES and not file.name.startswith('.')
    ]
    if not files:
        raise ValueError(
            f'there are no pictures in the folder {folder}; expected files '
            f'that end in {", ".join(SUFFIXES)}'
        )
    return sorted(files, key=lambda file: natural_key(file.name))


def natural_key(name: str) -> tuple:
    """Return a sort key that compares the numbers in names as numbers."""
    parts = re.split(r'(\d+)', name)  # text and digits alternate
    numbers = [int(part) if part.isdecimal() else part for part in parts]
    return tuple(numbers), name  # frame_1 and frame_01 differ


def announced(path: Path) -> tuple[float | None, int]:
    """Return the rate and the number of frames that a video announces.

    Returns:
        Frames per second, ``None`` if it names no usable rate, and the number
        of frames, 0 if that is unknown.

    Raises:
        ValueError: If it is not a video.
    """
    with open_video(path) as video:
        stream = video.streams.video[0]
        rate = float(stream.guessed_rate or 0)
        # some containers give the ticks of their clock as a rate
        if not SLOWEST <= rate < FASTEST:
            return None, 0
        seconds = (video.duration or 0) / 1e6
        # live recordings announce nonsense below zero
        return rate, max(0, stream.frames or round(seconds * rate))


def read_video(path: Path) -> Iterator[tuple[float | None, np.ndarray]]:
    """Yield the time in seconds, if known, and BGR pixels of each frame."""
    error = require('av', 'video').error.InvalidDataError
    with open_video(path) as video:
        stream = video.streams.video[0]
        stream.thread_type = 'AUTO'
        # from the start: seeking loses frames in some containers
        for packet in video.demux(stream):
            try:
                frames = packet.decode()
            except error:  # as players do, go on behind broken data
                continue
            for frame in frames:
                pixels = frame.to_ndarray(format='bgr24')
                # phones store how they were held; counter-clockwise
                turns = round(frame.rotation / 90)
                yield frame.time, np.ascontiguousarray(np.rot90(pixels, turns))


def open_video(path: Path) -> Any:
    """Open a video file with PyAV.

    Raises:
        ImportError: If PyAV is not installed.
        ValueError: If the file is not a video.
    """
    # FFmpeg would take a picture for a video of one frame
    if path.suffix.lower() in SUFFIXES:
        raise ValueError(
            f'{path} is a picture; give a video or the folder of the frames'
        )
    av = require('av', 'video')
    try:
        video = av.open(str(path))
    except av.FFmpegError as error:
        raise ValueError(f'{path} cannot be read as a video') from error
    if not video.streams.video:
        video.close()
        raise ValueError(f'{path} cannot be read as a video')
    return video


def _rate(fps: float) -> Fraction:
    """Return the rate as the fraction that video files store."""
    if not SLOWEST <= fps <= FASTEST:
        raise ValueError(
            f'{fps} frames per second cannot be used; give {SLOWEST:g} to '
            f'{FASTEST:g}'
        )
    return Fraction(fps).limit_denominator(LARGEST_DENOMINATOR)


def _size(shape: tuple[int, ...]) -> str:
    return f'{shape[1]} x {shape[0]}'
