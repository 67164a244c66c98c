"""Hook that stores the model in channels-last layout."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmproto.engine.run_state import rewrap_model
from mmproto.models.facts import bare_model
from mmproto.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keep the channels of a pixel side by side in memory.

    The numbers stay the same, their order in memory changes: tensor cores of
    GPUs prefer this layout, on CPUs depthwise and 1x1 convolutions are several
    times faster in it, and the shared ASPP then reads contiguous slices.
    Convolutions pass the layout of their weights on to their outputs, so
    images need no conversion.

    The model is converted after its weights are initialised: random numbers
    are drawn in the order of memory, so a model converted earlier would start
    from other weights.
    """

    # Before hooks that run the model when training starts.
    priority = 'HIGH'

    def before_train(self, runner: Runner) -> None:
        """Convert all four-dimensional parameters and buffers in place."""
        self.before_val(runner)
        # The wrapper's buckets have the layout of the parameters.
        rewrap_model(runner)

    def before_val(self, runner: Runner) -> None:
        """Convert, where validation or a test is all there is to do."""
        bare_model(runner.model).to(memory_format=torch.channels_last)

    before_test = before_val
