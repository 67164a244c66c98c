"""Writes video files of two scenes by turns."""

from fractions import Fraction

import av

CLOCK = Fraction(1, 90000)
# seconds; as phones and screen recorders do it: bursts and long pauses
UNEVEN = [0, 0.033, 0.066, 0.5, 0.533, 1.5, 1.51, 1.52, 4, 4.04]


def write_film(
    path, scenes, length, codec, container=None, times=None, bt709=False
):
    """Film of ``length`` frames: A B A B ..., at 29.97 a second.

    With ``times``, each frame begins at its second instead. With ``bt709``,
    colours are stored as cameras store them, and the file says so.
    """
    with av.open(str(path), 'w', options=container or {}) as file:
        stream = file.add_stream('libx264', rate=Fraction(30000, 1001))
        stream.height, stream.width = scenes[0].shape[:2]
        stream.pix_fmt, stream.options = 'yuv420p', codec
        if times is not None:
            stream.codec_context.time_base = CLOCK
        if bt709:
            stream.codec_context.colorspace = 1
        for index in range(length):
            pixels = scenes[index % 2]
            frame = av.VideoFrame.from_ndarray(pixels, format='bgr24')
            if bt709:
                frame = frame.reformat(
                    format='yuv420p', dst_colorspace='ITU709'
                )
            if times is not None:
                frame.pts, frame.time_base = round(times[index] / CLOCK), CLOCK
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
