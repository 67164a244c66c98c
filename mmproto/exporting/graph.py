"""A model as one traceable function of an image."""

import copy
from typing import Any

from mmseg.models.utils import resize
from torch import Tensor, nn

from .twins import make_traceable


class ImageToConcepts(nn.Module):
    """RGB image in, evidence and concept activations out.

    Normalises as the model's preprocessor does, but does not pad, and sees
    the whole image at once.

    Args:
        segmentor: A segmentor with a ``PrototypeHead``; it is copied.
    """

    def __init__(self, segmentor: nn.Module) -> None:
        super().__init__()
        self.model: Any = copy.deepcopy(segmentor).eval()
        make_traceable(self.model)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Explain images.

        Args:
            image: RGB from 0 to 255 (N,3,h,w), float32.

        Returns:
            Evidence (N,C,h,w), resized as in mmseg, and concept activations
            (N,K,H,W) at feature resolution. Class weights times activations
            are the evidence before it is resized.
        """
        preprocessor, head = (
            self.model.data_preprocessor,
            self.model.decode_head,
        )
        # mmseg's loader gives BGR, which the preprocessor may turn into RGB
        # (the forks and stock mmseg have different names for it)
        converts = getattr(preprocessor, '_channel_conversion', None)
        if converts is None:
            converts = preprocessor.channel_conversion
        if not converts:
            image = image.flip(1)
        if preprocessor._enable_normalize:
            image = (image - preprocessor.mean) / preprocessor.std
        latents = head.stack_scales(self.model.extract_feat(image))
        concepts, _ = head.pool_concepts(latents)
        evidence = resize(
            head.cls_seg(concepts),
            size=image.shape[2:],
            mode='bilinear',
            align_corners=head.align_corners,
            warning=False,
        )
        return evidence, concepts
