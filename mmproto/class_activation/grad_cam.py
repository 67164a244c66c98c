"""Class activation map of a segmentor, by its gradients: Seg-Grad-CAM."""

from typing import Any

import numpy as np
import torch
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmproto.explanations.evidence import replaced
from mmproto.prototypes.features import evaluating
from mmproto.utils.requirements import require

from .segmentor_view import Region, SegmentorView, class_logits


def seg_grad_cam(view: SegmentorView, region: Region) -> np.ndarray:
    """Show which places raise the logit of a class at some pixels.

    Vinogradova, Dibrov, Myers 2020, "Towards Interpretable Semantic
    Segmentation via Gradient-Weighted Class Activation Mapping", equation 1:
    ``relu(sum_k alpha_k A_k)`` of the channels ``A_k`` of a feature map,
    where ``alpha_k`` is the mean over ``A_k`` of the gradient of the logit,
    summed over the pixels. Computed by pytorch-grad-cam.

    The feature map is the last one that the decode head reads. It is the
    deepest that still has places, and the one that a concept model on the
    same backbone reads. Behind the head's own layers, the gradient of one
    pixel reaches few cells, and the map only repeats the prediction.

    A model with a sliding window sees the whole image at once here.

    Args:
        view: The image, and the segmentor.
        region: Pixels and their class.

    Returns:
        Map (h,w) between 0 and 1, at the size of the file; zero everywhere
        where the rectifier leaves nothing.

    Raises:
        ImportError: If pytorch-grad-cam is not installed.
        ValueError: If the head reads no map, or has no gradient.
    """
    cams = require('pytorch_grad_cam', 'cam')
    targets = require('pytorch_grad_cam.utils.model_targets', 'cam')
    target = targets.SemanticSegmentationTarget(
        region.category, region.mask.astype(np.float32)
    )
    model = view.model
    with evaluating(model), torch.enable_grad():
        traced = _Traced(view)
        cam = cams.GradCAM(traced, [traced.probe])
        try:
            (found,) = cam(view.inputs, [target])
        finally:
            model.zero_grad(set_to_none=True)
    return _at_file_size(view, torch.from_numpy(found))


class _Probe(nn.Module):
    """Passes a map on, as the place where gradients end."""

    def forward(self, maps: Tensor) -> Tensor:
        """Return the maps (N,C,H,W) as a leaf."""
        return maps.detach().requires_grad_()


class _Traced(nn.Module):
    """A segmentor whose decode head reads its last map through a probe.

    A hook needs a module that returns one tensor. Backbones return several,
    and not every one has a module for each of them.
    """

    def __init__(self, view: SegmentorView) -> None:
        super().__init__()
        self.segmentor = view.model
        self.probe = _Probe()
        self._extract = view.model.extract_feat
        self._meta = view.meta

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits (1,C,h,w) at the size of the file."""
        model = self.segmentor
        changes: dict[str, Any] = dict(extract_feat=self._features)
        if model.test_cfg.get('mode') == 'slide':
            changes['test_cfg'] = type(model.test_cfg)(
                model.test_cfg, mode='whole'
            )
        with replaced(model, **changes):
            return class_logits(model, inputs, [self._meta])

    def _features(self, inputs: Tensor) -> Any:
        with torch.no_grad():
            features = self._extract(inputs)
        if isinstance(features, Tensor):
            return self.probe(features)
        maps = list(features)
        last = _last_read(self.segmentor.decode_head)
        if not isinstance(maps[last], Tensor) or maps[last].dim() != 4:
            raise ValueError(
                f'the decode head reads no map at {last}: expected a tensor '
                '(N, C, H, W), which a class activation map needs'
            )
        maps[last] = self.probe(maps[last])
        return tuple(maps)


def _last_read(decode_head: Any) -> int:
    """Return the index of the last map that a head, or cascade, reads."""
    if isinstance(decode_head, nn.ModuleList):
        decode_head = decode_head[-1]
    index = decode_head.in_index
    return index if isinstance(index, int) else index[-1]


def _at_file_size(view: SegmentorView, found: Tensor) -> np.ndarray:
    """Undo padding and resizing of a map (h,w), as mmseg does for logits."""
    sample = SegDataSample(metainfo=view.meta)
    both = found.to(view.inputs)[None, None].expand(-1, 2, -1, -1)
    with evaluating(view.model):
        (result,) = view.model.postprocess_result(both, [sample])
    return result.seg_logits.data[0].cpu().numpy()
