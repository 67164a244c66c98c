"""Hook that sharpens the competition between prototypes during training."""

import math
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from mmproto.engine.run_state import check_unit, progress
from mmproto.models.facts import get_prototype_head
from mmproto.models.prototype_layers import CosinePrototypes, PrototypeLayer
from mmproto.registry import HOOKS


def annealed_temperature(start: float, end: float, passed: float) -> float:
    """Temperature on a geometric way, a constant factor a step.

    Jang et al., Categorical Reparameterization with Gumbel-Softmax, ICLR
    2017, section 2.2, anneal exponentially too.

    Args:
        start: Temperature at the start, above 0.
        end: Temperature at the end, above 0.
        passed: Part of the way, from 0 to 1.
    """
    return start ** (1 - passed) * end**passed


@HOOKS.register_module()
class TemperatureHook(Hook):
    """Anneals the fixed temperature of the prototypes' softmax.

    Before ``begin`` the layer keeps its own temperature. From then on it is a
    function of the iteration (or epoch) alone, so that a resumed training
    needs no state; the layer saves it with the model.

    Args:
        start: Temperature at ``begin``.
        end: Temperature at ``until`` and after it.
        begin: First iteration (or epoch) with ``start``.
        until: First iteration (or epoch) with ``end``.
        by_epoch: Whether ``begin`` and ``until`` count epochs.

    Raises:
        ValueError: A temperature is not positive, ``begin`` is negative or
            ``until`` not after it; and, when training starts, the layer has
            no temperature or learns it.
    """

    # Before prototypes are initialised at the same iteration: the classifier
    # is then computed from activations at this temperature.
    priority = 'HIGHEST'

    def __init__(
        self,
        start: float,
        end: float,
        begin: int,
        until: int,
        by_epoch: bool = False,
    ) -> None:
        for name, value in (('start', start), ('end', end)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(
                    f'{name} must be a positive temperature, got {value}'
                )
        if begin < 0 or until <= begin:
            raise ValueError(
                'begin must be at least 0 and until after it, got '
                f'begin={begin} and until={until}'
            )
        self.start = start
        self.end = end
        self.begin = begin
        self.until = until
        self.by_epoch = by_epoch

    def before_train(self, runner: Runner) -> None:
        """Checks that there is a temperature to set."""
        check_unit(runner, self.by_epoch, type(self).__name__)
        check_fixed_temperature(_layer(runner))

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Sets the temperature of this iteration and logs the one in force."""
        layer = _layer(runner)
        now = progress(runner, self.by_epoch)
        if now >= self.begin:
            passed = min((now - self.begin) / (self.until - self.begin), 1.0)
            temperature = annealed_temperature(self.start, self.end, passed)
            layer.log_temperature.fill_(math.log(temperature))
        runner.message_hub.update_scalar(
            'train/temperature', layer.temperature.item()
        )


def check_fixed_temperature(layer: PrototypeLayer) -> None:
    """Refuses layers whose temperature is not to be set from outside.

    Raises:
        ValueError: The layer has none, or learns it.
    """
    if not isinstance(layer, CosinePrototypes):
        raise ValueError(
            'TemperatureHook needs the temperature of '
            f'mmproto.CosinePrototypes, the head has {type(layer).__name__}'
        )
    if isinstance(layer.log_temperature, nn.Parameter):
        raise ValueError(
            'TemperatureHook would overwrite the temperature that the layer '
            'learns; set learn_temperature=False in '
            'decode_head.prototype_layer, or remove the hook'
        )


def _layer(runner: Runner) -> Any:
    """The prototype layer of the model in training."""
    return get_prototype_head(runner.model).prototype_layer
