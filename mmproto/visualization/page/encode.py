"""Numbers and pictures in one compressed string.

The string is base64 of a zlib stream: four bytes with the length of a JSON
text, the text, and the arrays one after the other. The JSON describes each
array. The first bytes of all numbers come first, then the second ones and so
on, which compresses better.
"""

import base64
import json
import zlib
from collections.abc import Mapping

import cv2
import numpy as np

LEVELS = 65535  # of a number with 16 bits


def pack(info: dict, arrays: Mapping[str, np.ndarray]) -> str:
    """Compress plain types and arrays into a string of base64.

    Args:
        info: Plain types; the string has ``arrays`` besides.
        arrays: Arrays by name, uint8, uint16 or float32.

    Raises:
        ValueError: If a number in ``info`` is not finite.
    """
    table, parts, offset = {}, [], 0
    for name, array in arrays.items():
        data = _shuffled(array)
        table[name] = dict(
            type=array.dtype.name,
            shape=list(array.shape),
            offset=offset,
            bytes=len(data),
        )
        parts.append(data)
        offset += len(data)
    text = json.dumps(info | dict(arrays=table), allow_nan=False).encode()
    blob = b''.join([len(text).to_bytes(4, 'little'), text, *parts])
    return base64.b64encode(zlib.compress(blob, 9)).decode('ascii')


def encode_picture(rgb: np.ndarray, side: int, quality: int) -> bytes:
    """Compress a picture (h,w,3) as WebP.

    Args:
        rgb: The picture, uint8.
        side: Its longer side is shrunk to this number of pixels.
        quality: Quality of WebP, up to 100.
    """
    height, width = rgb.shape[:2]
    factor = side / max(height, width)
    if factor < 1:
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    flags = [cv2.IMWRITE_WEBP_QUALITY, quality]
    done, data = cv2.imencode('.webp', rgb[..., ::-1], flags)
    if not done:
        raise ValueError('this OpenCV cannot write WebP pictures')
    return data.tobytes()


def quantise(maps: np.ndarray) -> tuple[dict[str, np.ndarray], float]:
    """Round each map of (K,n) to 16 bits between its own bounds.

    Returns:
        Arrays ``activations`` (K,n) of uint16, ``lowest`` (K,) and ``step``
        (K,) of float32, and the largest step: twice the largest error.
    """
    lowest = maps.min(axis=1)  # K
    step = (maps.max(axis=1) - lowest) / LEVELS  # K
    safe = np.where(step > 0, step, 1)[:, None]
    levels = np.rint((maps - lowest[:, None]) / safe).clip(0, LEVELS)
    return dict(
        activations=levels.astype(np.uint16),
        lowest=lowest.astype(np.float32),
        step=step.astype(np.float32),
    ), float(step.max(initial=0))


def _shuffled(array: np.ndarray) -> bytes:
    if array.dtype not in (np.uint8, np.uint16, np.float32):
        raise ValueError(f'a page holds no arrays of {array.dtype}')
    flat = np.ascontiguousarray(array, array.dtype.newbyteorder('<'))
    return flat.view(np.uint8).reshape(-1, array.itemsize).T.tobytes()
