"""Writes video files of two scenes by turns."""

from fractions import Fraction

import av


def write_film(path, scenes, length, codec, container=None):
    """Film of ``length`` frames at 29.97 a second: A B A B ..."""
    with av.open(str(path), 'w', options=container or {}) as file:
        stream = file.add_stream('libx264', rate=Fraction(30000, 1001))
        stream.height, stream.width = scenes[0].shape[:2]
        stream.pix_fmt, stream.options = 'yuv420p', codec
        for index in range(length):
            pixels = scenes[index % 2]
            frame = av.VideoFrame.from_ndarray(pixels, format='bgr24')
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
