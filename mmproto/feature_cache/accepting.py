"""A segmentor that takes kept features where it takes images."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import MethodType
from typing import Any

from torch import nn

from mmproto.models.facts import bare_model

from .maps import FeatureMaps, stack_features


@contextmanager
def accepting_features(model: Any, label_stride: int = 1) -> Iterator[None]:
    """Let :class:`FeatureMaps` pass through preprocessor and backbone.

    Images go the usual way. The backbone stays in evaluation mode, whatever
    the model's own mode is, since the features were made in it.

    Args:
        model: A segmentor, or a data-parallel wrapper of one.
        label_stride: In training, only every ``label_stride``-th row and
            column of the labels is kept.
    """
    segmentor = bare_model(model)
    backbone, preprocessor = segmentor.backbone, segmentor.data_preprocessor
    training = backbone.training
    # Methods of these instances: names in the state dict stay the same, and a
    # copy of the model has methods of its own.
    preprocess = partial(_preprocess, label_stride)
    preprocessor.forward = partial(preprocess, preprocessor)
    backbone.forward = MethodType(_pass, backbone)
    backbone.train = MethodType(_stay, backbone)
    backbone.train()
    try:
        yield
    finally:
        del preprocessor.forward, backbone.forward, backbone.train
        backbone.train(training)


def _preprocess(
    label_stride: int, module: Any, data: dict, training: bool = False
) -> Any:
    inputs = data['inputs']
    if not isinstance(inputs[0], FeatureMaps):
        return type(module).forward(module, data, training)
    samples = module.cast_data(data['data_samples'])
    void = getattr(module, 'seg_pad_val', 255)
    batch = stack_features(inputs, samples, module.device, void)
    if training and label_stride > 1:
        first = label_stride // 2
        for sample in samples:
            labels = sample.gt_sem_seg.data[:, first::label_stride]
            del sample.gt_sem_seg.data
            sample.gt_sem_seg.data = labels[..., first::label_stride]
    return dict(inputs=batch, data_samples=samples)


def _pass(module: nn.Module, inputs: Any) -> Any:
    if isinstance(inputs, FeatureMaps):
        return inputs.maps
    return type(module).forward(module, inputs)


def _stay(module: Any, mode: bool = True) -> nn.Module:
    return type(module).train(module, False)
