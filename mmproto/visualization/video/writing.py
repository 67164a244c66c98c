"""Frames to an H.264 file that browsers and slides play."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from mmproto.utils.files import atomic_path
from mmproto.utils.requirements import require

BT709 = 1  # number of the colour space in the standard, and in FFmpeg
# almost without visible loss; most of a picture stands still, so slower
# presets gain little
OPTIONS = dict(crf='16', preset='veryfast')
CLOCK = Fraction(1, 90000)  # of frames that come unevenly, as in MPEG


@contextmanager
def open_writer(
    path: str | Path,
    fps: Fraction,
    size: tuple[int, int],
    even: bool,
) -> Iterator[Callable[[np.ndarray, float], None]]:
    """Open a video file, which is complete in the end or not there.

    Args:
        path: Ends in ``.mp4``.
        fps: Frames per second, on average.
        size: Rows and columns, both even.
        even: Whether frames come evenly.

    Yields:
        A function that adds a frame: RGB pixels (h,w,3), and the second at
        which they begin.

    Raises:
        ImportError: If PyAV is not installed.
    """
    av = require('av', 'video')
    clock = 1 / fps if even else CLOCK
    # the table of contents first: a browser plays before it has all
    options = dict(movflags='+faststart')
    with (
        atomic_path(path) as temporary,
        av.open(str(temporary), 'w', options=options) as file,
    ):
        stream = _add_stream(file, fps, size, clock)
        following = 0  # ticks of the clock

        def write(rgb: np.ndarray, time: float) -> None:
            """Add a frame (h,w,3) that is shown from a second on."""
            nonlocal following
            frame = av.VideoFrame.from_ndarray(rgb, format='rgb24')
            frame = frame.reformat(format='yuv420p', dst_colorspace='ITU709')
            frame.pts = max(following, round(time / clock))
            frame.time_base = clock
            following = frame.pts + 1
            file.mux(stream.encode(frame))

        yield write
        file.mux(stream.encode())  # what the encoder still holds


def _add_stream(
    file: Any, fps: Fraction, size: tuple[int, int], clock: Fraction
) -> Any:
    stream = file.add_stream('libx264', rate=fps)
    stream.height, stream.width = size
    stream.pix_fmt = 'yuv420p'  # the only one that all players know
    stream.options = OPTIONS
    context = stream.codec_context
    # if a file does not say it, players guess by the size
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.time_base = clock
    return stream
