"""The files of a cache: features, labels, and the index of both.

A rank writes a folder of its own, ``part_0`` and so on: maps of each stage in
``stage_0.bin``, one after another, label maps in ``labels.bin``, and a line
of ``index.jsonl`` for each item, once its data is written. What follows the
data of the last complete line was cut off by an interruption and is dropped.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from .maps import Size
from .places import Box

INDEX = 'index.jsonl'
LABELS = 'labels.bin'


@dataclass(frozen=True, slots=True)
class Item:
    """One view of a place: where its features and labels lie, and whence.

    Args:
        image: Number of the image in the data set.
        place: Number of the place in the image.
        places: Number of places of the image.
        variant: Number of the size and flip.
        path: Path of the image.
        original: Rows and columns of the image file.
        box: The place ``y0, x0, y1, x1`` in the network's input.
        content: Rows and columns of the view, without padding.
        padded: Rows and columns of the view.
        shapes: Shape (C,H,W) of each stage; ``None`` where it is not kept.
        offsets: Where each kept stage, and then the label map, begin in
            their files, in bytes.
    """

    image: int
    place: int
    places: int
    variant: int
    path: str
    original: Size
    box: Box
    content: Size
    padded: Size
    shapes: tuple[tuple[int, int, int] | None, ...]
    offsets: tuple[int, ...] = ()

    @property
    def key(self) -> tuple[int, int, int]:
        """What tells the item from all others."""
        return self.image, self.place, self.variant

    def counts(self) -> dict[str, int]:
        """Numbers of values that lie in each file."""
        counts = {
            f'stage_{stage}.bin': int(np.prod(shape))
            for stage, shape in enumerate(self.shapes)
            if shape is not None
        }
        return {**counts, LABELS: self.padded[0] * self.padded[1]}

    @classmethod
    def parse(cls, line: str) -> 'Item':
        """Read a line of the index."""
        return cls(**{k: _frozen(v) for k, v in json.loads(line).items()})


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(each) for each in value)
    return value


class CacheFiles:
    """A folder of features of one rank.

    Args:
        folder: The folder.
        dtype: Of the features.
        label_dtype: Of the labels.
    """

    def __init__(self, folder: Path, dtype: str, label_dtype: str) -> None:
        self.folder = folder
        self.dtypes = (np.dtype(dtype), np.dtype(label_dtype))
        self._files: dict[str, IO[bytes]] = {}

    def dtype_of(self, name: str) -> np.dtype:
        """Return the type of the values of a file."""
        return self.dtypes[name == LABELS]

    def bytes_of(self, item: Item) -> int:
        """Count the bytes of an item, without its line of the index."""
        counts = item.counts().items()
        return sum(n * self.dtype_of(name).itemsize for name, n in counts)

    def items(self) -> Iterator[Item]:
        """Read the complete lines of the index."""
        index = self.folder / INDEX
        if not index.is_file():
            return
        sizes = {p.name: p.stat().st_size for p in self.folder.glob('*.bin')}
        with index.open(encoding='utf-8') as lines:
            for line in lines:
                if not line.endswith('\n'):
                    return
                item = Item.parse(line)
                ends = self._ends(item)
                if any(sizes.get(name, 0) < ends[name] for name in ends):
                    return
                yield item

    def read(self, item: Item) -> list[np.ndarray]:
        """Map the kept stages (C,H,W) of an item, then its labels (h,w)."""
        shapes = [shape for shape in item.shapes if shape is not None]
        places = zip(item.counts(), item.offsets, [*shapes, item.padded])
        return [
            np.memmap(
                self.folder / name, self.dtype_of(name), 'r', offset, shape
            )
            for name, offset, shape in places
        ]

    def open(self) -> None:
        """Open for appending; drop what an interruption left incomplete."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ends: dict[str, int] = {INDEX: 0}
        for item in self.items():
            ends |= self._ends(item)
            ends[INDEX] += len(_line(item))
        for path in self.folder.iterdir():
            with path.open('ab') as file:
                file.truncate(ends.get(path.name, 0))

    def append(self, item: Item, values: Sequence[np.ndarray]) -> Item:
        """Write an item.

        Args:
            item: Of any offsets.
            values: Kept stages, then labels.

        Returns:
            The item, with its offsets.

        Raises:
            OSError: If the disk is full. The next :meth:`open` drops what
                was written of the item.
        """
        names = list(item.counts())
        offsets = tuple(self._file(name).tell() for name in names)
        for name, value in zip(names, values):
            file = self._file(name)
            file.write(np.ascontiguousarray(value, self.dtype_of(name)).data)
            file.flush()
        written = replace(item, offsets=offsets)
        index = self._file(INDEX)
        index.write(_line(written))
        index.flush()
        return written

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _file(self, name: str) -> IO[bytes]:
        if name not in self._files:
            self._files[name] = (self.folder / name).open('ab')
        return self._files[name]

    def _ends(self, item: Item) -> dict[str, int]:
        return {
            name: offset + count * self.dtype_of(name).itemsize
            for (name, count), offset in zip(
                item.counts().items(), item.offsets
            )
        }


def _line(item: Item) -> bytes:
    return (json.dumps(asdict(item)) + '\n').encode()
