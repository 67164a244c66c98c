"""A segmentor that takes kept features where it takes images."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import MethodType
from typing import Any

from torch import nn

from mmproto.models.facts import bare_model

from .maps import FeatureMaps, stack_features


@contextmanager
def accepting_features(model: Any) -> Iterator[None]:
    """Let :class:`FeatureMaps` pass through preprocessor and backbone.

    Images go the usual way. The backbone stays in evaluation mode, whatever
    the model's own mode is, since the features were made in it.

    Args:
        model: A segmentor, or a data-parallel wrapper of one.
    """
    segmentor = bare_model(model)
    backbone, preprocessor = segmentor.backbone, segmentor.data_preprocessor
    training = backbone.training
    # Methods of these instances: names in the state dict stay the same, and a
    # copy of the model has methods of its own.
    preprocessor.forward = MethodType(_preprocess, preprocessor)
    backbone.forward = MethodType(_pass, backbone)
    backbone.train = MethodType(_stay, backbone)
    backbone.train()
    try:
        yield
    finally:
        del preprocessor.forward, backbone.forward, backbone.train
        backbone.train(training)


def _preprocess(module: Any, data: dict, training: bool = False) -> Any:
    inputs = data['inputs']
    if not isinstance(inputs[0], FeatureMaps):
        return type(module).forward(module, data, training)
    samples = module.cast_data(data['data_samples'])
    void = getattr(module, 'seg_pad_val', 255)
    batch = stack_features(inputs, samples, module.device, void)
    return dict(inputs=batch, data_samples=samples)


def _pass(module: nn.Module, inputs: Any) -> Any:
    if isinstance(inputs, FeatureMaps):
        return inputs.maps
    return type(module).forward(module, inputs)


def _stay(module: Any, mode: bool = True) -> nn.Module:
    return type(module).train(module, False)
