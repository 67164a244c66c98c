"""What a model says about one image, as metrics of explanations read it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from mmproto.models.metainfo import VOID
from mmproto.prototypes.features import ImageFeatures, map_size

from .batch import Batch
from .parts import PartLabels, PartLoader


class ImageReading:
    """Concepts, evidence and ground truth of one image.

    Maps of cells hold the cells whose centre is not padding. All tensors are
    on the model's device.

    Args:
        batch: What the model computed for the batch.
        position: Index of the image in the batch.
        index: Index of the image in the data set, for any number of ranks.
        sample: mmseg's prediction of the image, as a dict.
        resized: Rows and columns of the network's input, without padding.

    Attributes:
        facts: Facts of the model.
        class_weights: Weights (C,K) in force.
    """

    def __init__(
        self,
        batch: Batch,
        position: int,
        index: int,
        sample: dict,
        resized: tuple[int, int],
    ) -> None:
        self._batch = batch
        self._position = position
        self._parts: dict[int, PartLabels | None] = {}
        self._sample = sample
        self.facts = batch.facts
        self.class_weights = batch.class_weights
        self.index = index
        self.path = str(sample['img_path'])
        self.place = ImageFeatures(
            path=self.path,
            maps=None,
            label_map=None,
            original=self.image_size,
            resized=resized,
            padded=batch.input_size,
        )

    @cached_property
    def logits(self) -> Tensor:
        """Evidence (C,h,w) that mmseg returned, at the size of the file."""
        return self._sample['seg_logits']['data']

    @property
    def image_size(self) -> tuple[int, int]:
        """Rows and columns of the image file."""
        return self.logits.shape[1], self.logits.shape[2]

    @cached_property
    def label_map(self) -> Tensor | None:
        """Ground truth (h,w) int64 at the size of the file, 255 is void."""
        if 'gt_sem_seg' not in self._sample:
            return None
        labels = self._sample['gt_sem_seg']['data']  # 1,h,w
        labels = labels.to(self.logits.device)
        if labels.shape[1:] != self.image_size:  # loaded before resizing
            labels = F.interpolate(labels[None].float(), self.image_size)[0]
        return labels[0].long()

    @property
    def num_scales(self) -> int:
        """Number of scales ``S``."""
        return self._batch.whole.per_scale.shape[1]

    @cached_property
    def activations(self) -> Tensor:
        """Concept activations (K,H,W), scales pooled."""
        return self._inside(self._batch.whole.pooled[self._position])

    @cached_property
    def scales(self) -> Tensor:
        """Scale (K,H,W) at which each concept is most active."""
        per_scale = self._batch.whole.per_scale[self._position]  # S,K,H,W
        return self._inside(per_scale.max(dim=0).indices)

    @cached_property
    def evidence(self) -> Tensor:
        """Evidence of every class (C,H,W), before resizing."""
        return self._inside(self._batch.whole.evidence[self._position])

    @cached_property
    def labels(self) -> Tensor:
        """Ground truth (H,W) at the centres of cells, 255 is void."""
        if self.label_map is None:
            return torch.full_like(self.activations[0], VOID).long()
        return self.at_cells(self.label_map)

    def probabilities(self, evidence: Tensor) -> Tensor:
        """Turn evidence (C,...) into probabilities by the head's link."""
        flat = evidence.flatten(1)[None, :, :, None]  # 1,C,n,1
        return self.facts.head.probabilities(flat).view_as(evidence)

    def similarity(self) -> Tensor:
        """Return the largest similarity (H,W) of a cell to any prototype."""
        latents = self._batch.whole.latents[self._position][None]  # 1,S,D,H,W
        nearest = self.facts.head.prototype_layer.similarity(latents)
        return self._inside(nearest[0].amax(dim=(0, 1)))

    def parts(self, loader: PartLoader) -> PartLabels | None:
        """Load part labels at the size of the file; ``None`` without a file.

        Raises:
            ValueError: If their size is not that of the image.
        """
        key = id(loader)
        if key not in self._parts:
            seg_map_path = self._sample.get('seg_map_path')
            labels = loader.load(self.path, seg_map_path)
            self._parts[key] = labels and self._check_size(labels)
        return self._parts[key]

    def at_cells(self, pixels: Tensor) -> Tensor:
        """Read a map (h,w) of the file at the centres of cells (H,W)."""
        height, width = self.activations.shape[1:]
        rows, columns = torch.meshgrid(
            torch.arange(height), torch.arange(width), indexing='ij'
        )
        place = replace(self.place, label_map=pixels)
        values = place.labels_at(
            rows.flatten().to(pixels.device),
            columns.flatten().to(pixels.device),
            self._feature_size,
        )
        return values.view(height, width)

    def to_image(self, maps: Tensor, mode: str = 'bilinear') -> Tensor:
        """Resize maps of cells (n,H,W) to the image file (n,h,w)."""
        height, width = self._feature_size
        missing = (0, width - maps.shape[2], 0, height - maps.shape[1])
        padded = F.pad(maps[None].float(), missing, mode='replicate')
        corners = self.facts.head.align_corners if mode != 'nearest' else None
        size = self.place.covered()
        full = F.interpolate(padded, size, mode=mode, align_corners=corners)
        return full[0, :, : self.image_size[0], : self.image_size[1]]

    @cached_property
    def cell_grid(self) -> tuple[Tensor, Tensor]:
        """Cell row of each row of pixels (h,), and cell column of each (w,).

        They grow from 0 to the last row and column of the activations.
        """
        rows, columns = (
            (torch.arange(pixels, device=self.activations.device) * cells)
            .div(span, rounding_mode='floor')
            .clamp(max=inside - 1)
            for pixels, cells, span, inside in zip(
                self.image_size,
                self._feature_size,
                self.place.covered(),
                self.activations.shape[1:],
            )
        )
        return rows, columns

    def replayed_logits(self) -> Tensor:
        """Sum up contributions (C,h,w), resized as mmseg does the logits."""
        return self._batch.replayed[self._position]

    def rerun(
        self, change: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Read the concepts of a changed image.

        Args:
            change: Changes the normalised network input (1,3,h,w), unpadded.

        Returns:
            Concept activations (K,H',W') and their scales (K,H',W').
        """
        height, width = self.place.resized
        image = self._batch.inputs[self._position][None, :, :height, :width]
        maps = self._batch.model.extract_feat(change(image))
        pooled, scales = self.facts.head.activations(maps)
        return pooled[0], scales[0]

    @property
    def _feature_size(self) -> tuple[int, int]:
        return map_size(self._batch.whole.pooled)

    def _inside(self, maps: Tensor) -> Tensor:
        rows, columns = self.place.inside(self._feature_size)
        return maps[..., :rows, :columns]

    def _check_size(self, labels: PartLabels) -> PartLabels:
        if labels.parts.shape != self.image_size:
            raise ValueError(
                f'part labels of {self.path} have size '
                f'{tuple(labels.parts.shape)}, the image {self.image_size}; '
                'they have to be of the same image'
            )
        device = self.logits.device
        return PartLabels(labels.parts.to(device), labels.instances.to(device))
