"""Frames to an H.264 file that browsers and slides play."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from mmproto.utils.files import atomic_path
from mmproto.utils.requirements import require

BT709 = 1  # number of the colour space in the standard, and in FFmpeg
# almost without visible loss; most of a picture stands still, so that slower
# presets gain little
OPTIONS = dict(crf='16', preset='veryfast')
CLOCK = Fraction(1, 90000)  # of frames that come unevenly, as in MPEG


class VideoWriter:
    """Adds frames to an open container.

    Args:
        container: Of PyAV, open for writing.
        fps: Frames a second, on average.
        size: Rows and columns, both even.
        even: Whether they come evenly.
    """

    def __init__(
        self,
        container: Any,
        fps: Fraction,
        size: tuple[int, int],
        even: bool,
    ) -> None:
        self._av = require('av', 'video')
        self._container = container
        self._stream = container.add_stream('libx264', rate=fps)
        self._stream.height, self._stream.width = size
        self._stream.pix_fmt = 'yuv420p'  # the only one that all players know
        self._stream.options = OPTIONS
        context = self._stream.codec_context
        # without a word about it, players guess by the size
        context.colorspace = context.color_primaries = context.color_trc = (
            BT709
        )
        self._clock = 1 / fps if even else CLOCK
        context.time_base = self._clock
        self._next = 0

    def write(self, rgb: np.ndarray, time: float) -> None:
        """Add a frame (h,w,3) that begins at a second, after those before."""
        frame = self._av.VideoFrame.from_ndarray(rgb, format='rgb24')
        frame = frame.reformat(format='yuv420p', dst_colorspace='ITU709')
        frame.pts = max(self._next, round(time / self._clock))
        frame.time_base = self._clock
        self._next = frame.pts + 1
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._container.mux(self._stream.encode())


@contextmanager
def open_writer(
    path: str | Path,
    fps: Fraction,
    size: tuple[int, int],
    even: bool,
) -> Iterator[VideoWriter]:
    """Open a file for writing, which is complete or not there.

    Args:
        path: Ends in ``.mp4``.
        fps: Frames a second, on average.
        size: Rows and columns, both even.
        even: Whether they come evenly.

    Yields:
        What takes the frames.
    """
    with atomic_path(path) as temporary:
        # the table of contents first: a browser plays before it has all
        options = dict(movflags='+faststart')
        av = require('av', 'video')
        with av.open(str(temporary), 'w', options=options) as file:
            writer = VideoWriter(file, fps, size, even)
            yield writer
            writer.finish()
