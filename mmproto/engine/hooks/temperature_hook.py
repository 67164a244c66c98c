"""Hook that sharpens the competition between prototypes during training."""

import math
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from mmproto.engine.run_state import progress
from mmproto.engine.shares import Moment, check_moments, hook_steps
from mmproto.models.facts import get_prototype_head
from mmproto.models.prototype_layers import CosinePrototypes, PrototypeLayer
from mmproto.registry import HOOKS


def annealed_temperature(start: float, end: float, passed: float) -> float:
    """Return a temperature that falls by the same factor in every step.

    Jang et al., Categorical Reparameterization with Gumbel-Softmax, ICLR
    2017, section 2.2, anneal exponentially too.

    Args:
        start: Temperature at the start, above 0.
        end: Temperature at the end, above 0.
        passed: Fraction of the steps made, from 0 to 1.
    """
    return start ** (1 - passed) * end**passed


@HOOKS.register_module()
class TemperatureHook(Hook):
    """Anneal the fixed temperature of the prototypes' softmax.

    Before ``begin`` the layer keeps its own temperature. From then on the
    temperature depends on the iteration (or epoch) alone, so that a resumed
    training needs no state; the layer saves it with the model.

    Args:
        start: Temperature at ``begin``.
        end: Temperature at ``until`` and after it.
        begin: First iteration (or epoch) with ``start``, or a share of the
            run.
        until: First iteration (or epoch) with ``end``, or a share.
        by_epoch: Whether ``begin`` and ``until`` count epochs.

    Raises:
        ValueError: A temperature is not positive, ``begin`` is negative or
            ``until`` not after it; and, when training starts, ``until`` comes
            after the end of the run, or the layer has no temperature or
            learns it.
    """

    # Before prototypes are initialised at the same iteration: the classifier
    # is then computed from activations at this temperature.
    priority = 'HIGHEST'

    def __init__(
        self,
        start: float,
        end: float,
        begin: Moment,
        until: Moment,
        by_epoch: bool = False,
    ) -> None:
        for name, value in (('start', start), ('end', end)):
            if not (math.isfinite(value) and value > 0):
                raise ValueError(
                    f'{name} must be a positive temperature, got {value}'
                )
        self.moments = check_moments(
            'TemperatureHook', {'begin': begin, 'until': until}
        )
        self.start = start
        self.end = end
        self.by_epoch = by_epoch
        self._steps: dict[str, int] = {}
        self._layer: Any = None

    def before_train(self, runner: Runner) -> None:
        """Check that there is a temperature to set, and time to do it."""
        self._steps = hook_steps(self, runner)
        self._layer = get_prototype_head(runner.model).prototype_layer
        check_fixed_temperature(self._layer)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Set the temperature of this iteration and log it."""
        begin, until = self._steps['begin'], self._steps['until']
        now = progress(runner, self.by_epoch)
        if now >= begin:
            passed = min((now - begin) / (until - begin), 1.0)
            temperature = annealed_temperature(self.start, self.end, passed)
            self._layer.log_temperature.fill_(math.log(temperature))
        runner.message_hub.update_scalar(
            'train/temperature', self._layer.temperature.item()
        )


def check_fixed_temperature(layer: PrototypeLayer) -> None:
    """Refuse layers whose temperature cannot be set from outside.

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
