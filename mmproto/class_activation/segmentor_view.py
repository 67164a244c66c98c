"""An image as a segmentor sees it, and what the segmentor says about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from mmproto.explanations.evidence import load_input, run_inference
from mmproto.explanations.points import Image
from mmproto.prototypes.features import evaluating


@dataclass(frozen=True)
class SegmentorView:
    """One image and the answer of a segmentor, whatever its heads are.

    Args:
        model: A segmentor of mmseg with a ``cfg``.
        inputs: The preprocessed image (1,3,h,w), padding included.
        meta: What the pipeline did to the image.
        probabilities: Of the classes (C,h,w), at the size of the file.
    """

    model: Any
    inputs: Tensor
    meta: dict
    probabilities: Tensor

    @classmethod
    def of(cls, model: Any, image: Image) -> 'SegmentorView':
        """Run a segmentor on an image.

        Args:
            model: A segmentor of mmseg with a ``cfg``.
            image: Path, or BGR pixels (h,w,3).

        Raises:
            ValueError: If the model has no test pipeline.
        """
        data = load_input(model, image)
        with evaluating(model):
            data = model.data_preprocessor(data, False)
            inputs = data['inputs']
            meta = data['data_samples'][0].metainfo
            logits = class_logits(model, inputs, [meta])[0]
        return cls(model, inputs, meta, logits.softmax(dim=0).cpu())

    @property
    def prediction(self) -> np.ndarray:
        """Most probable class (h,w) of every pixel."""
        return self.probabilities.argmax(dim=0).numpy()

    def pixel(self, x: int, y: int) -> 'Region':
        """Return one pixel, with the class that it gets."""
        prediction = self.prediction
        mask = np.zeros(prediction.shape, bool)
        mask[y, x] = True
        return Region(int(prediction[y, x]), mask)

    def segment(self, x: int, y: int) -> 'Region':
        """Return all pixels of the class that touch each other and a pixel."""
        prediction = self.prediction
        category = int(prediction[y, x])
        parts, _ = ndimage.label(prediction == category)
        return Region(category, parts == parts[y, x])


@dataclass(frozen=True)
class Region:
    """Pixels whose class is explained.

    Args:
        category: The class.
        mask: Which pixels (h,w).
    """

    category: int
    mask: np.ndarray


def class_logits(model: Any, inputs: Tensor, metas: Sequence[dict]) -> Tensor:
    """Return the logits (N,C,h,w) of mmseg's own inference.

    Args:
        model: A segmentor.
        inputs: Preprocessed images (N,3,h,w) of files of one size.
        metas: Meta information of each image.

    Returns:
        At the size of the files. A binary model, for which mmseg returns the
        probability of the second class alone, gets one for each class.
    """
    logits = torch.stack(run_inference(model, inputs, metas))
    if logits.shape[1] == 1:
        half = torch.logit(logits, eps=1e-6) / 2
        return torch.cat([-half, half], dim=1)
    return logits
