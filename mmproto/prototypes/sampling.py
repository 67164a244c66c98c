"""Draw cells of a data set, class by class, in bounded memory.

Every cell gets pseudo-random keys that depend only on the seed, its image and
its place. Keeping the smallest keys therefore keeps the same cells, however
the images are batched or distributed over ranks.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from mmengine.dist import all_gather_object, get_rank, is_distributed
from torch import Tensor


@dataclass
class LatentSample:
    """Latents of some training cells.

    Attributes:
        latents: Unit latents of all scales (n,S,D); where an image was seen
            at several sizes, one size after another (n,Z*S,D).
        labels: Class at the centre of each cell (n,), int64.
        impurity: Zero for a cell that counts as pure, otherwise the share of
            its pixels that have another label (n,), float32.
        keys: Keys (n,), int64, that decide which cells are kept and identify
            them.
    """

    latents: Tensor
    labels: Tensor
    impurity: Tensor
    keys: Tensor

    def __len__(self) -> int:
        """Count the cells."""
        return len(self.labels)

    def take(self, index: Tensor) -> 'LatentSample':
        """Select cells by their places ``index`` (m,)."""
        return LatentSample(*(values[index] for values in vars(self).values()))

    @classmethod
    def join(cls, parts: list['LatentSample']) -> 'LatentSample':
        """Concatenate samples."""
        return cls(*map(torch.cat, zip(*(vars(p).values() for p in parts))))

    @classmethod
    def empty(cls) -> 'LatentSample':
        """Make a sample without cells, which can be joined to any other."""
        no = torch.zeros(0, dtype=torch.int64)
        return cls(torch.zeros(0), no, torch.zeros(0), no)


def cell_keys(path: str, cells: int, seed: int) -> tuple[Tensor, Tensor]:
    """Make two independent random keys for every cell of an image.

    The first decides which cells of the image are drawn, the second which of
    those drawn from all images are kept: an image with many cells of a class
    thus has no better chance than one with few.

    Args:
        path: Path of the image.
        cells: Number ``n`` of cells of its feature map.
        seed: Seed of the keys.

    Returns:
        Keys (n,) and (n,), int64, not negative.
    """
    generator = np.random.Philox(key=_image_key(path, seed))
    keys = generator.random_raw(2 * cells).reshape(2, cells)
    draw, keep = torch.from_numpy((keys >> 1).astype(np.int64))
    return draw, keep


def image_drawn(path: str, share: float, seed: int) -> bool:
    """Tell whether an image is among the share that is looked at.

    Args:
        path: Path of the image.
        share: From 0 to 1; a larger share includes the images of a smaller.
        seed: Seed of the choice.
    """
    # not the key of its cells, which has to be independent of this one
    return _image_key(path, seed + 1) < share * 2**128


def _image_key(path: str, seed: int) -> int:
    digest = hashlib.blake2b(f'{seed}:{path}'.encode(), digest_size=16)
    return int.from_bytes(digest.digest(), 'big')


def first_of_classes(
    labels: Tensor, impurity: Tensor, keys: Tensor, per_class: int
) -> Tensor:
    """Choose cells of each class: the purest, and on ties the smallest keys.

    Args:
        labels: Class of each cell (n,).
        impurity: Impurity of each cell (n,).
        keys: Keys (n,); a cell with the class and the key of another one is
            the same cell, and is left out.
        per_class: Maximum number of cells of a class.

    Returns:
        Places (m,) of the chosen cells, by class, impurity and key.
    """
    sorting = np.lexsort((keys.numpy(), impurity.numpy(), labels.numpy()))
    order = torch.from_numpy(sorting)
    labels, keys = labels[order], keys[order]
    fresh = torch.ones_like(labels, dtype=torch.bool)
    fresh[1:] = (labels[1:] != labels[:-1]) | (keys[1:] != keys[:-1])
    order, labels = order[fresh], labels[fresh]
    return order[rank_in_class(labels) < per_class]


def rank_in_class(labels: Tensor) -> Tensor:
    """Count the cells (n,) of each class from zero; labels are sorted."""
    return torch.arange(len(labels)) - torch.searchsorted(labels, labels)


def drop_mixed(sample: LatentSample, needed: Tensor) -> LatentSample:
    """Leave out mixed cells where a class has enough others.

    Args:
        sample: Cells, sorted by class and, within a class, the purest first.
        needed: Number of cells (C,) that each class keeps, if it has them.
    """
    wanted = rank_in_class(sample.labels) < needed[sample.labels]
    return sample.take((wanted | (sample.impurity == 0)).nonzero().squeeze(1))


class Reservoir:
    """A fair sample of the cells of each class.

    Args:
        per_image: Maximum number of cells drawn per class and image.
        per_class: Maximum number of cells kept per class.
    """

    def __init__(self, per_image: int, per_class: int) -> None:
        self.per_image = per_image
        self.per_class = per_class
        self._parts: list[LatentSample] = []
        self._waiting = 0

    def add(self, cells: LatentSample, draw_keys: Tensor) -> None:
        """Draw from the cells of one image.

        Args:
            cells: All of its ``n`` cells that have a class.
            draw_keys: Keys (n,) that decide which of them are drawn.
        """
        index = first_of_classes(
            cells.labels, cells.impurity, draw_keys, self.per_image
        )
        self._parts.append(cells.take(index))
        self._waiting += len(index)
        # sorting is expensive: wait for as many as a class may keep
        if self._waiting > self.per_class:
            self._compact()

    def gather(self) -> LatentSample:
        """Merge the reservoirs of all ranks; every rank gets the same cells.

        No rank sends a latent that is not kept in the end. The reservoir is
        empty afterwards.
        """
        self._compact()
        own = LatentSample.join(self._parts or [LatentSample.empty()])
        self._parts = []
        if not is_distributed():
            return self._kept(own)
        shares = all_gather_object((own.labels, own.impurity, own.keys))
        labels, impurity, keys = map(torch.cat, zip(*shares))
        kept = first_of_classes(labels, impurity, keys, self.per_class)
        start = sum(len(share[0]) for share in shares[: get_rank()])
        kept = kept[(kept >= start) & (kept < start + len(own))] - start
        return self._kept(LatentSample.join(all_gather_object(own.take(kept))))

    def _compact(self) -> None:
        """Drop cells part by part, so that they are never copied at once."""
        self._waiting = 0
        if not self._parts:
            return
        parts = [(p.labels, p.impurity, p.keys) for p in self._parts]
        labels, impurity, keys = map(torch.cat, zip(*parts))
        kept = first_of_classes(labels, impurity, keys, self.per_class)
        ends = torch.tensor([len(part) for part in self._parts]).cumsum(0)
        kept = kept.sort().values
        pieces = kept.tensor_split(torch.searchsorted(kept, ends)[:-1])
        start = 0
        for place, piece in enumerate(pieces):
            part = self._parts[place]
            if len(piece) < len(part):
                self._parts[place] = part.take(piece - start)
            start += len(part)
        self._parts = [part for part in self._parts if len(part)]

    def _kept(self, sample: LatentSample) -> LatentSample:
        """Select what remains of a sample, in order."""
        index = first_of_classes(
            sample.labels, sample.impurity, sample.keys, self.per_class
        )
        return sample.take(index)
