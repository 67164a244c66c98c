"""A cache on disk: its record, its items, and which of them count."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mmproto.models.necks.pooling import PooledMaps
from mmproto.utils.files import write_json

from .parts import CacheFiles, Item

try:
    import fcntl
except ImportError:  # not on Windows: there, start one run at a time
    fcntl = None  # type: ignore[assignment]

RECORD = 'record.json'
COMPLETE = 'complete.json'
DIGITS = 16


def record_hash(record: dict) -> str:
    """Return the hash that names a cache."""
    text = json.dumps(record, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Taken:
    """Images that count, one after another, while they fit below a limit.

    Args:
        order: Numbers of all images.
        limit: Most bytes.
    """

    def __init__(self, order: list[int], limit: int) -> None:
        self.order = order
        self.limit = limit
        self.count = 0
        self.bytes = 0
        self.full = False

    def advance(self, sizes: dict[int, int]) -> None:
        """Take the next images, as far as their bytes are known."""
        while not self.full and self.count < len(self.order):
            size = sizes.get(self.order[self.count])
            if size is None:
                return
            self.full = self.bytes + size > self.limit
            if not self.full:
                self.bytes += size
                self.count += 1


class FeatureCache:
    """A cache on disk.

    Args:
        folder: Its folder, as :func:`build_cache` returns it.
        limit: Most bytes of features and labels to use; ``None`` for all.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If its record does not belong to the folder.
    """

    def __init__(self, folder: str | Path, limit: int | None = None) -> None:
        self.folder = Path(folder)
        self.record = read_record(self.folder)
        paths = sorted(self.folder.glob('part_*'))
        self.parts = [self.part(path.name) for path in paths]
        self._where: dict[tuple[int, int, int], int] = {}
        self.items: dict[tuple[int, int, int], Item] = {}
        for number, part in enumerate(self.parts):
            for item in part.items():
                self.items[item.key] = item
                self._where[item.key] = number
        self.sizes = self._sizes()
        order = image_order(self.record)
        most = sum(self.sizes.values()) if limit is None else limit
        self.taken = Taken(order, most)
        self.taken.advance(self.sizes)

    @property
    def images(self) -> list[int]:
        """Numbers of the images that count, sorted."""
        return sorted(self.taken.order[: self.taken.count])

    @property
    def variants(self) -> list[tuple[float, bool]]:
        """Size factor and flip of each variant, plain first."""
        return [(size, flip) for size, flip in self.record['variants']]

    def is_complete(self, limit: int) -> bool:
        """Tell whether no image is missing below a limit in bytes."""
        path = self.folder / COMPLETE
        if not path.is_file():
            return False
        reached = json.loads(path.read_text())['limit']
        return reached is None or limit <= reached

    def mark_complete(self, taken: Taken) -> None:
        """Note that no image is missing below the limit."""
        all_fit = taken.count == len(taken.order)
        write_json(
            dict(limit=None if all_fit else taken.limit),
            self.folder / COMPLETE,
        )

    def part(self, name: str) -> CacheFiles:
        """Return a folder of features."""
        dtypes = (self.record['dtype'], self.record['label_dtype'])
        return CacheFiles(self.folder / name, *dtypes)

    def read(self, item: Item) -> tuple[tuple[Tensor | None, ...], Tensor]:
        """Read the maps (C,H,W) and the labels (h,w) of an item."""
        part = self.parts[self._where[item.key]]
        # copied: a tensor on a mapped file would hold all that it touched
        *kept, labels = map(np.array, part.read(item))
        rest = iter(kept)
        kind = tuple if self.record['pooling'] is None else PooledMaps
        maps = kind(
            None if shape is None else torch.from_numpy(next(rest))
            for shape in item.shapes
        )
        return maps, torch.from_numpy(labels.astype(np.int64))

    def _sizes(self) -> dict[int, int]:
        """Count the bytes of each complete image."""
        items = defaultdict(list)
        for item in self.items.values():
            items[item.image].append(item)
        variants = len(self.record['variants'])
        return {
            image: sum(map(self.part('').bytes_of, found))
            for image, found in items.items()
            if len(found) == found[0].places * variants
        }


def image_order(record: dict) -> list[int]:
    """Return the numbers of all images in the order of the sample."""
    # This generator's numbers are the same in all versions of NumPy.
    random = np.random.RandomState(record['seed'])
    return random.permutation(record['images']).tolist()


def read_record(folder: Path) -> dict:
    """Read and check the record of a cache."""
    path = folder / RECORD
    if not path.is_file():
        raise FileNotFoundError(
            f'{folder} is no feature cache: there is no {RECORD} in it'
        )
    record = json.loads(path.read_text(encoding='utf-8'))
    if record_hash(record)[:DIGITS] != folder.name:
        raise ValueError(
            f'{path} does not belong to its folder, whose name is the hash '
            'of another record: remove the folder, its features may be of '
            'another model or other data'
        )
    return record


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time write a cache; others wait."""
    with (folder / 'lock').open('w') as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def start_cache(root: str | Path, record: dict) -> Path:
    """Return the folder of a record's cache, and make it where it is new.

    Raises:
        ValueError: If the folder holds the record of another cache.
    """
    folder = Path(root) / record_hash(record)[:DIGITS]
    if (folder / RECORD).is_file():
        read_record(folder)
    else:
        write_json(record, folder / RECORD)
    return folder
