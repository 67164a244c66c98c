"""Hook that stores the model in channels-last layout."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmproto.engine.run_state import rewrap_model
from mmproto.models.facts import bare_model
from mmproto.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keeps the channels of a pixel side by side in memory.

    Same numbers, other order: tensor cores of GPUs want this layout, on CPUs
    depthwise and 1x1 convolutions are several times faster in it, and the
    shared ASPP then reads contiguous slices. Convolutions hand the layout of
    their weights on to their outputs, so that images need no conversion.

    Converts once the weights have their start values: random numbers are
    drawn in the order of memory, so that a model converted before would
    start elsewhere.
    """

    # Before hooks that run the model when training starts.
    priority = 'HIGH'

    def before_train(self, runner: Runner) -> None:
        """Converts all four-dimensional parameters and buffers in place."""
        self._convert(runner)
        # The wrapper's buckets have the layout of the parameters.
        rewrap_model(runner)

    def before_val(self, runner: Runner) -> None:
        """Converts, where validation is all there is to do."""
        self._convert(runner)

    def before_test(self, runner: Runner) -> None:
        """Converts."""
        self._convert(runner)

    def _convert(self, runner: Runner) -> None:
        bare_model(runner.model).to(memory_format=torch.channels_last)
