"""Writes video files of two scenes by turns."""

from fractions import Fraction

import av

CLOCK = Fraction(1, 90000)
# seconds; as phones and screen recorders do it: bursts and long pauses
UNEVEN = [0, 0.033, 0.066, 0.5, 0.533, 1.5, 1.51, 1.52, 4, 4.04]


def write_film(path, scenes, length, codec, container=None, times=None):
    """Film of ``length`` frames: A B A B ..., at 29.97 a second.

    With ``times``, each frame begins at its second instead.
    """
    with av.open(str(path), 'w', options=container or {}) as file:
        stream = file.add_stream('libx264', rate=Fraction(30000, 1001))
        stream.height, stream.width = scenes[0].shape[:2]
        stream.pix_fmt, stream.options = 'yuv420p', codec
        if times is not None:
            stream.codec_context.time_base = CLOCK
        for index in range(length):
            pixels = scenes[index % 2]
            frame = av.VideoFrame.from_ndarray(pixels, format='bgr24')
            if times is not None:
                frame.pts, frame.time_base = round(times[index] / CLOCK), CLOCK
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
