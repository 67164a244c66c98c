"""Numbers and pictures in one compressed string.

The string is base64 of a zlib stream: four bytes with the length of a JSON
text, the text, and the arrays one after the other. The JSON says what each is
and where. Bytes of equal weight lie together, which compresses better.
"""

import base64
import json
import zlib
from collections.abc import Mapping

import numpy as np

LEVELS = 65535  # of a number with 16 bits


def pack(info: dict, arrays: Mapping[str, np.ndarray]) -> str:
    """Compress plain types and arrays into a string of base64.

    Args:
        info: Plain types; gets the key ``arrays``.
        arrays: Of uint8, uint16 or float32, by name.

    Raises:
        ValueError: If a number of ``info`` is not finite.
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


def unpack(text: str) -> tuple[dict, dict[str, np.ndarray]]:
    """Undo :func:`pack`, as the page does."""
    blob = zlib.decompress(base64.b64decode(text))
    start = 4 + int.from_bytes(blob[:4], 'little')
    info = json.loads(blob[4:start])
    arrays = {}
    for name, entry in info.pop('arrays').items():
        kind = np.dtype(entry['type']).newbyteorder('<')
        first = start + entry['offset']
        flat = np.frombuffer(blob[first : first + entry['bytes']], np.uint8)
        raw = flat.reshape(kind.itemsize, -1).T.tobytes()
        arrays[name] = np.frombuffer(raw, kind).reshape(entry['shape'])
    return info, arrays


def quantise(maps: np.ndarray) -> tuple[dict[str, np.ndarray], float]:
    """Round maps (K,n) to 16 bits between the bounds of each.

    Returns:
        Arrays ``activations`` (K,n) of uint16, ``lowest`` (K,) and ``step``
        (K,) of float32, and the largest step: half of it is the error.
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
