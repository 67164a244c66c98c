"""Evidence and concept activations of one image, at the size of its file.

mmseg resizes, crops, averages and pads logits on their way to the size of
the image. Activations have to take exactly the same way, or they would no
longer add up to the logits. So the network runs once, and what the head
computed in each window goes through mmseg's own inference again.
"""

import copy
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.dataset import Compose
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmproto.datasets.plain_loader import without_labels
from mmproto.models.facts import ModelFacts
from mmproto.prototypes.features import evaluating

from .points import Image

CHANNELS_AT_ONCE = 32  # bounds the memory of a replay at full image size


class EvidenceMaps:
    """Runs a model on one image, and replays what its head computed.

    Args:
        facts: Of the model, from ``mmseg.apis.init_model``.
        image: Path, or BGR pixels (h,w,3).
        nearest: Whether to keep each cell's similarity to its nearest
            prototype.

    Attributes:
        logits: Evidence (C,h,w) as mmseg returns it, on the CPU.
        nearest: Per window the similarity (H,W) of each cell to its nearest
            prototype, on the CPU; empty unless asked for.

    Raises:
        ValueError: If the model has no test pipeline.
    """

    def __init__(
        self, facts: ModelFacts, image: Image, nearest: bool = False
    ) -> None:
        self._facts = facts
        self._model, self._head = facts.segmentor, facts.head
        data = load_input(self._model, image)
        with evaluating(self._model):
            data = self._model.data_preprocessor(data, False)
            self._inputs = data['inputs']  # 1,3,h,w
            self._meta = data['data_samples'][0].metainfo
            self._windows: list[tuple[Tensor, Tensor]] = []
            self.nearest: list[Tensor] = []
            with replaced(self._head, forward=self._recorder(nearest)):
                self.logits = self._inference()

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the image."""
        return self.logits.shape[1], self.logits.shape[2]

    @property
    def input_size(self) -> tuple[int, int]:
        """Rows and columns of the network's input, padding included."""
        return self._inputs.shape[2], self._inputs.shape[3]

    @property
    def meta(self) -> dict:
        """What mmseg's pipeline did to the image, such as a flip."""
        return dict(self._meta)

    @property
    def pooled(self) -> list[Tensor]:
        """Concept activations (K,H,W) of every window, on the CPU."""
        return [pooled[0].cpu() for pooled, _ in self._windows]

    @property
    def scale(self) -> list[Tensor]:
        """Scales (K,H,W) at which activations are largest, on the CPU."""
        return [maps[0].argmax(dim=0).cpu() for _, maps in self._windows]

    def black_box_prediction(self) -> np.ndarray | None:
        """Return the classes (h,w) that the model itself says.

        Returns:
            ``None``, if this is no surrogate that has its black box inside.
        """
        black_box = getattr(self._model, 'black_box', None)
        if black_box is None:
            return None
        with evaluating(self._model):
            (result,) = infer(black_box, self._inputs, [self._meta])
        return result.pred_sem_seg.data[0].cpu().long().numpy()

    def activations(self, concepts: Sequence[int]) -> Tensor:
        """Return activation maps (n,h,w) of some concepts.

        Weighted by ``class_weights`` and summed over all concepts, they are
        the logits at every pixel.
        """
        index = list(concepts)
        return self._replay([pooled[:, index] for pooled, _ in self._windows])

    def scales(self, concept: int) -> Tensor:
        """Return activation maps (S,h,w) of one concept, scale by scale."""
        return self._replay([maps[:, :, concept] for _, maps in self._windows])

    def activations_at(self, x: int, y: int) -> Tensor:
        """Return the activations (K,) of all concepts at one pixel."""
        num_concepts = self._head.num_concepts
        parts = []
        for start in range(0, num_concepts, CHANNELS_AT_ONCE):
            stop = min(start + CHANNELS_AT_ONCE, num_concepts)
            # a copy: a view would keep the full-size maps of all parts
            part = self.activations(range(start, stop))[:, y, x].clone()
            parts.append(part)
        return torch.cat(parts)

    def _recorder(self, nearest: bool) -> Any:
        forward = self._head.forward

        def record(inputs: Sequence[Tensor]) -> Tensor:
            """Return the evidence, and keep the activations behind it."""
            latents = self._head.stack_scales(inputs)
            # 1,K,H,W and 1,S,K,H,W
            self._windows.append(self._head.pool_concepts(latents))
            if nearest:
                similarity = self._head.prototype_layer.similarity(latents)
                self.nearest.append(similarity[0].amax(dim=(0, 1)).cpu())
            return forward(inputs)

        return record

    def _inference(self) -> Tensor:
        return run_inference(self._model, self._inputs, [self._meta])[0].cpu()

    def _replay(self, windows: list[Tensor]) -> Tensor:
        maps = replay(self._facts, self._inputs, [self._meta], windows)
        return maps[0].cpu()


def infer(
    model: Any, inputs: Tensor, metas: Sequence[dict]
) -> list[SegDataSample]:
    """Run mmseg's own inference, on whole images or sliding windows.

    Args:
        model: A segmentor.
        inputs: Preprocessed images (N,3,h,w).
        metas: Meta information of each image.

    Returns:
        Logits and prediction of each image at the size of its file.
    """
    # copies: the sliding window writes into them
    maps = model.inference(inputs, [dict(meta) for meta in metas])
    samples = [SegDataSample(metainfo=meta) for meta in metas]
    return model.postprocess_result(maps, samples)


def run_inference(
    model: Any, inputs: Tensor, metas: Sequence[dict]
) -> list[Tensor]:
    """Return the logits (C,h,w) of :func:`infer`, image by image."""
    results = infer(model, inputs, metas)
    return [result.seg_logits.data for result in results]


def replay(
    facts: ModelFacts,
    inputs: Tensor,
    metas: Sequence[dict],
    windows: list[Tensor],
) -> list[Tensor]:
    """Put other maps through the inference that made the logits.

    Args:
        facts: Of the model.
        inputs: The preprocessed images (N,3,h,w).
        metas: Meta information of each image.
        windows: Maps (N,n,H,W) of each window, in the order of inference.

    Returns:
        The maps (n,h,w) of each image at the size of its file.
    """
    channels = windows[0].shape[1]
    if channels == 1:  # mmseg takes a single channel for a binary model
        windows = [maps.expand(-1, 2, -1, -1) for maps in windows]
    recorded, model = iter(windows), facts.segmentor
    with (
        evaluating(model),
        replaced(facts.head, forward=lambda _: next(recorded)),
        replaced(
            model,
            extract_feat=lambda _: None,
            out_channels=windows[0].shape[1],
        ),
    ):
        results = run_inference(model, inputs, metas)
    return [maps[:channels] for maps in results]


@contextmanager
def replaced(module: nn.Module, **attributes: Any) -> Iterator[None]:
    """Replace attributes of a module, and put them back at the end."""
    before = {k: v for k, v in vars(module).items() if k in attributes}
    try:
        for name, value in attributes.items():
            setattr(module, name, value)
        yield
    finally:
        for name in attributes:
            vars(module).pop(name, None)
        vars(module).update(before)


def load_input(model: Any, image: Image) -> dict:
    """Load one image through the model's test pipeline, without labels.

    Args:
        model: From ``mmseg.apis.init_model``, or with a ``cfg`` as that has.
        image: Path, or BGR pixels (h,w,3).

    Returns:
        A batch of one, for the model's ``data_preprocessor``.

    Raises:
        ValueError: If the model has no test pipeline.
    """
    pipeline = getattr(model, 'cfg', {}).get('test_pipeline')
    if not pipeline:
        raise ValueError(
            'the model has no cfg with a test_pipeline; load it with '
            'mmseg.apis.init_model(config, checkpoint)'
        )
    pipeline = copy.deepcopy(without_labels(pipeline))
    if isinstance(image, np.ndarray):
        pipeline[0] = dict(type='mmseg.LoadImageFromNDArray')
        results: dict = dict(img=image)
    else:
        results = dict(img_path=os.fspath(image))
    packed = Compose(pipeline)(results)
    return {
        key: [value] for key, value in packed.items()
    }  # inputs, data_samples
