"""Run the views of an image through the frozen network."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmproto.models.necks.pooling import as_maps
from mmproto.prototypes.features import map_size
from mmproto.utils.flip_pairs import swap_labels

from .options import CacheOptions
from .parts import Item
from .places import (
    ImageView,
    Windows,
    labels_at_input,
    predicted_labels,
)


class ImageViews:
    """The views of one image, as they go into the network.

    Args:
        segmentor: The model without a data-parallel wrapper.
        batch: The image, of a loader with a batch size of 1.
        number: Number of the image in the data set.
        options: Options of the cache.
        flip_pairs: Classes that change places in a mirrored view, as in
            :func:`~mmproto.utils.flip_pairs.swap_labels`.

    Raises:
        ValueError: If the image has no path, or no labels where they are
            wanted.
    """

    def __init__(
        self,
        segmentor: Any,
        batch: dict,
        number: int,
        options: CacheOptions,
        flip_pairs: Sequence[Sequence[int]] | None = None,
    ) -> None:
        sample = batch['data_samples'][0]
        self.meta = dict(sample.metainfo)
        self.path = str(self.meta.get('img_path') or '')
        if not self.path:
            raise ValueError(
                "a sample has no img_path: add 'img_path' to the meta_keys "
                'of PackSegInputs'
            )
        self.content = map_size(batch['inputs'][0])
        # Labels first: the preprocessor may pad them in place.
        labels = None
        if options.target == 'labels':
            labels = _ground_truth(sample, self.path)
        data = segmentor.data_preprocessor(batch, False)
        self.image: Tensor = data['inputs']  # 1,3,h,w
        padded = map_size(self.image)
        self.labels = (
            None
            if labels is None
            else labels_at_input(labels, self.content, padded)
        )
        windows = Windows.of(segmentor)
        whole = (0, 0, *padded)
        self.boxes = windows.boxes(padded) if windows else [whole]
        self.number = number
        self.variants = options.variants
        self.flip_pairs = flip_pairs

    def __iter__(self) -> Iterator[tuple[tuple[int, int, int], ImageView]]:
        """Go through the views: key of the item, and view."""
        for place, box in enumerate(self.boxes):
            for variant, (size, flip) in enumerate(self.variants):
                key = (self.number, place, variant)
                yield key, ImageView.cut(box, self.content, size, flip)

    def see_labels(self, view: ImageView) -> Tensor:
        """Cut a view's ground truth (h,w) out of that of the image."""
        labels = view.see_labels(self.labels)  # type: ignore[arg-type]
        return swap_labels(labels, self.flip_pairs) if view.flip else labels

    def item(
        self, key: tuple[int, int, int], view: ImageView, maps: Sequence
    ) -> Item:
        """Describe a view with its maps (C,H,W), or ``None``."""
        content, padded = view.sizes()
        original = self.meta.get('ori_shape', self.content)
        return Item(
            image=self.number,
            place=key[1],
            places=len(self.boxes),
            variant=key[2],
            path=self.path,
            original=(int(original[0]), int(original[1])),
            box=view.box,
            content=content,
            padded=padded,
            shapes=tuple(
                None if each is None else tuple(each.shape) for each in maps
            ),
        )


def _ground_truth(sample: Any, path: str) -> Tensor:
    if 'gt_sem_seg' not in sample:
        raise ValueError(
            f'{path} comes without labels: fit to what the model itself '
            "predicts (target='model'), or add LoadAnnotations to the "
            'pipeline of the validation'
        )
    return sample.gt_sem_seg.data.squeeze(0)


class FrozenNetwork:
    """A segmentor as a function from a view to maps and labels.

    Args:
        segmentor: The model without a data-parallel wrapper.
        options: Options of the cache.

    Raises:
        ValueError: If the model's own predictions are wanted, but it has no
            ``black_box``.
    """

    def __init__(self, segmentor: Any, options: CacheOptions) -> None:
        self.segmentor = segmentor
        self.options = options
        if options.target == 'model' and not hasattr(segmentor, 'black_box'):
            raise ValueError(
                "target='model' needs a segmentor with a black_box, such as "
                f'mmproto.SurrogateEncoderDecoder; {type(segmentor).__name__} '
                'has none'
            )

    def run(
        self, views: ImageViews, view: ImageView
    ) -> tuple[list[Tensor | None], Tensor]:
        """Run a view, in one pass of the backbone.

        Returns:
            Maps (C,H,W) in the type of the cache, ``None`` where they are not
            kept, and labels (h,w).

        Raises:
            ValueError: If a map cannot be kept.
        """
        image = view.see(views.image)
        if self.options.target == 'model':
            outputs, labels = self._predict(image, views.meta)
        else:
            outputs = self.segmentor.backbone(image)
            labels = views.see_labels(view)
        return self._kept(outputs), labels.cpu()

    def _predict(self, image: Tensor, meta: dict) -> tuple[Sequence, Tensor]:
        """Return the backbone's maps, and the classes of the black box."""
        box = self.segmentor.black_box
        seen: list[Sequence] = []
        handle = self.segmentor.backbone.register_forward_hook(
            lambda module, inputs, outputs: seen.append(outputs)
        )
        try:
            # torch.Size: what tells mmseg's heads to resize to it
            size = torch.Size(image.shape[2:])
            logits = box.encode_decode(image, [meta | dict(img_shape=size)])
        finally:
            handle.remove()
        return seen[0], predicted_labels(logits, box)

    def _kept(self, outputs: Tensor | Sequence[Tensor]) -> list[Tensor | None]:
        maps: Sequence[Tensor | None] = as_maps(outputs)
        shapes = [tuple(each.shape) for each in as_maps(outputs)]
        if any(len(shape) != 4 for shape in shapes):
            raise ValueError(
                'the backbone must give maps (N,C,H,W), but it gives shapes '
                f'{shapes}'
            )
        if reads_pooled(self.segmentor, self.options):
            maps = self.segmentor.neck.pooled(outputs)
        stages = stages_kept(self.segmentor, self.options)
        number = len(maps)
        if stages is None:
            stages = list(range(number))
        if any(not -number <= stage < number for stage in stages):
            raise ValueError(
                f'stages={stages}, but the backbone has {number} maps, of '
                f'shapes {shapes}'
            )
        chosen = {stage % number for stage in stages}
        return [
            self._cast(each) if each is not None and i in chosen else None
            for i, each in enumerate(maps)
        ]

    def _cast(self, output: Tensor) -> Tensor:
        kept = output[0].to(getattr(torch, self.options.dtype)).cpu()
        if not kept.isfinite().all():
            raise ValueError(
                f'features of shape {tuple(output.shape)} are not finite in '
                f"{self.options.dtype}: use dtype='float32', or look for "
                'infinite weights'
            )
        return kept


def reads_pooled(segmentor: Any, options: CacheOptions) -> bool:
    """Tell whether maps are kept as the neck pools them."""
    neck = getattr(segmentor, 'neck', None)
    return options.stages is None and hasattr(neck, 'pooled')


def stages_kept(segmentor: Any, options: CacheOptions) -> list[int] | None:
    """Return indexes of the backbone's maps to keep; ``None`` for all."""
    if options.stages is not None:
        return list(options.stages)
    index = getattr(getattr(segmentor, 'neck', None), 'in_index', None)
    if index is None:
        return None
    return [index] if isinstance(index, int) else list(index)


def to_numpy(
    maps: Sequence[Tensor | None], labels: Tensor
) -> list[np.ndarray]:
    """List what the files of a cache hold of a view."""
    return [each.numpy() for each in (*maps, labels) if each is not None]
