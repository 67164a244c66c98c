"""Frames of a video file, or of a folder of pictures."""

import logging
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from mmengine.logging import print_log

from mmproto.explanations.points import read_pixels

SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
FOLDER_FPS = 10.0
SLOWEST, FASTEST = 0.01, 1000.0  # frames a second
LARGEST_DENOMINATOR = 1001  # 29.97 frames a second are 30000 / 1001
STAMP = 1e-3  # seconds: what Matroska rounds times to


class Frames:
    """A sequence of frames, which can be gone through more than once.

    Args:
        path: Video file, or folder whose pictures are taken in the order of
            the numbers in their names.
        fps: Frames a second of a folder, 10 by default; a video has its own.

    Attributes:
        path: The same path.
        fps: Frames a second that the sequence announces. Those of a video
            come when it says, whatever it announces.

    Raises:
        FileNotFoundError: If there is nothing at the path.
        ValueError: If there are no pictures in the folder, the file is no
            video, or the rate cannot be used.
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
            video = open_video(self.path)
            own = video.get(cv2.CAP_PROP_FPS)
            # some containers give the ticks of their clock for a rate
            self._says_rate = SLOWEST <= own < FASTEST
            if self._says_rate and fps is not None:
                raise ValueError(
                    f'{path} is a video of {own:.2f} frames a second; --fps '
                    'is for a folder, or a video that does not say its rate'
                )
            self._says_times = fps is None
            fps = own if self._says_rate else fps
            count = video.get(cv2.CAP_PROP_FRAME_COUNT)
            # live recordings announce nonsense below zero
            self._announced = max(0, int(count)) if self._says_rate else 0
            video.release()
        self.fps = _rate(FOLDER_FPS if fps is None else fps)

    def __len__(self) -> int:
        """Pictures, or what a video announces; 0 where it does not."""
        return self._announced

    def __iter__(self) -> Iterator[tuple[float, np.ndarray]]:
        """Give seconds since the first frame, and BGR frames (h,w,3).

        Times rise from frame to frame, and all frames have one size.

        Raises:
            ValueError: If one cannot be read, has another size, or the video
                says neither times nor a rate.
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

    def _time(self, index: int, stamp: float, last: float) -> float:
        """Seconds since the first frame, from what the file says."""
        even = float(index / self.fps)
        if not self._says_times:
            return even
        if index and stamp <= last:  # a bare stream says no times
            if not self._says_rate:
                raise ValueError(
                    f'{self.path} says neither its rate nor the time of '
                    f'frame {index}: give --fps'
                )
            stamp = last + float(1 / self.fps)
        rounding = min(STAMP, float(1 / self.fps) / 4)
        return even if abs(stamp - even) <= rounding else stamp

    def _read(self) -> Iterator[tuple[str, float, np.ndarray]]:
        """Name, time that the file says, and pixels of each frame."""
        if self.path.is_dir():
            for file in self._files:
                yield str(file), 0.0, read_pixels(file)
        else:
            # from the start: to seek loses frames of some containers
            video = open_video(self.path)
            index, first = 0, 0.0
            while (frame := video.read()[1]) is not None:
                stamp = video.get(cv2.CAP_PROP_POS_MSEC) / 1000
                first = first if index else stamp
                yield f'frame {index} of {self.path}', stamp - first, frame
                index += 1
            video.release()


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
    """Sort key by which numbers in a name count as numbers."""
    parts = re.split(r'(\d+)', name)  # text and digits by turns
    numbers = [int(part) if part.isdecimal() else part for part in parts]
    return tuple(numbers), name  # frame_1 and frame_01 differ


def open_video(path: Path) -> cv2.VideoCapture:
    """Open a video file.

    Raises:
        ValueError: If it is none.
    """
    # OpenCV would look for the other pictures of a numbered one
    if path.suffix.lower() in SUFFIXES:
        raise ValueError(
            f'{path} is a picture; give a video or the folder of the frames'
        )
    video = cv2.VideoCapture(str(path))
    if not video.isOpened():
        raise ValueError(f'{path} cannot be read as a video')
    return video


def _rate(fps: float) -> Fraction:
    """The rate as the fraction that video files store."""
    if not SLOWEST <= fps <= FASTEST:
        raise ValueError(
            f'{fps} frames a second cannot be used; give {SLOWEST:g} to '
            f'{FASTEST:g}'
        )
    return Fraction(fps).limit_denominator(LARGEST_DENOMINATOR)


def _size(shape: tuple[int, ...]) -> str:
    return f'{shape[1]} x {shape[0]}'
