"""Nearest places of each prototype, kept while images stream by."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mmproto.prototypes.features import ImageFeatures


@dataclass(order=True)
class Entry:
    """A place near a prototype; the smaller of two is the nearer one.

    Ties are broken by image, scale, row and column, so that the order in
    which places are found does not matter.

    Args:
        distance: Negative similarity.
        image: Path of the image.
        scale: Index of the scale.
        row: Row of the cell.
        col: Column of the cell.
        label: Ground truth under the cell's centre, 255 where void.
        feature_size: Rows and columns of the feature map.
        image_size: Rows and columns of the image file that the map spans.
        latent: Raw latent (D,) at this place, on the CPU.
    """

    distance: float
    image: str
    scale: int
    row: int
    col: int
    label: int = field(compare=False)
    feature_size: tuple[int, int] = field(compare=False)
    image_size: tuple[int, int] = field(compare=False)
    latent: Tensor | None = field(compare=False, repr=False, default=None)

    def to_dict(self) -> dict:
        """Convert to plain types, for the record."""
        return dict(
            image=self.image,
            scale=self.scale,
            row=self.row,
            col=self.col,
            similarity=-self.distance,
            label=self.label,
            feature_size=list(self.feature_size),
            image_size=list(self.image_size),
        )


class NearestPlaces:
    """Streaming top-k of places, for all prototypes at once.

    Memory does not depend on the number of images.

    Args:
        num_prototypes: Number ``P`` of prototypes.
        topk: Number of places to keep for each.
    """

    def __init__(self, num_prototypes: int, topk: int) -> None:
        self.topk = topk
        self.entries: list[list[Entry]] = [[] for _ in range(num_prototypes)]
        # similarity that an image has to reach to be looked at
        self._threshold = torch.full((num_prototypes,), -torch.inf)

    def update(
        self, similarity: Tensor, latents: Tensor, image: ImageFeatures
    ) -> None:
        """Add the best place of one image for each prototype.

        Args:
            similarity: Similarity (S,P,H,W) of the latents, larger is nearer;
                minus infinity where a place does not count.
            latents: Latents (S,D,H,W) of the image.
            image: Path, sizes and labels of the image.

        Raises:
            ValueError: If a similarity is NaN.
        """
        feature_size = (similarity.shape[2], similarity.shape[3])
        rows, columns = image.inside(feature_size)
        cells = similarity[..., :rows, :columns].flatten(2)  # S,P,R*C
        best, cell = cells.max(dim=2)  # S,P; the first cell on ties
        best, scale = best.max(dim=0)  # P; the first scale on ties
        cell = cell.gather(0, scale[None])[0]  # P
        if best.isnan().any():
            raise ValueError(
                f'similarities in {image.path} are not numbers: the model '
                'diverged, or its weights were not loaded'
            )
        best, scale, cell = best.cpu(), scale.cpu(), cell.cpu()
        near = (best >= self._threshold) & (best > -torch.inf)
        for p in near.nonzero()[:, 0].tolist():
            row, col = divmod(int(cell[p]), columns)
            place = (int(scale[p]), row, col)
            if self._insert(p, float(best[p]), place, image, feature_size):
                self._keep_latent(p, latents)

    def _insert(
        self,
        prototype: int,
        similarity: float,
        place: tuple[int, int, int],
        image: ImageFeatures,
        feature_size: tuple[int, int],
    ) -> bool:
        """Insert a place, and tell whether it is now the nearest."""
        scale, row, col = place
        label = image.labels_at(
            torch.tensor([row]), torch.tensor([col]), feature_size
        )
        entry = Entry(
            -similarity,
            image.path,
            scale,
            row,
            col,
            label=int(label),
            feature_size=feature_size,
            image_size=image.covered(),
        )
        _insert_entry(self.entries[prototype], entry, self.topk)
        entries = self.entries[prototype]
        if len(entries) == self.topk:
            self._threshold[prototype] = -entries[-1].distance
        return entries[0] is entry

    def _keep_latent(self, prototype: int, latents: Tensor) -> None:
        first, *others = self.entries[prototype]
        first.latent = latents[first.scale, :, first.row, first.col].cpu()
        for entry in others:
            entry.latent = None


def merge_nearest(
    shares: Sequence[list[list[Entry]]], topk: int
) -> list[list[Entry]]:
    """Merge what the ranks found.

    An image that the sampler gave to two ranks counts once.

    Args:
        shares: Entries of each rank, for each prototype, nearest first.
        topk: Number of places to keep for each prototype.

    Returns:
        Entries for each prototype, nearest first.
    """
    merged: list[list[Entry]] = []
    for candidates in zip(*shares):
        kept: list[Entry] = []
        for entry in (e for entries in candidates for e in entries):
            _insert_entry(kept, entry, topk)
        merged.append(kept)
    return merged


def _insert_entry(entries: list[Entry], entry: Entry, topk: int) -> None:
    """Keep the ``topk`` nearest in ``entries``, one per image."""
    for index, other in enumerate(entries):
        if other.image == entry.image:
            if other <= entry:
                return
            del entries[index]
            break
    insort(entries, entry)
    del entries[topk:]
