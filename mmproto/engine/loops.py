"""mmengine's training loops, with shares of the run in their config."""

import logging
from typing import Any

from mmengine.logging import print_log
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from mmproto.engine.shares import (
    Moment,
    check_moments,
    resolve,
    resolve_schedulers,
)
from mmproto.registry import LOOPS


@LOOPS.register_module()
class ShareIterLoop(IterBasedTrainLoop):
    """A loop over iterations whose validations and schedulers follow it.

    ``val_interval`` and what ``param_scheduler`` counts (``begin``, ``end``,
    ``milestones`` and so on) may be shares of ``max_iters``. The runner builds
    the loop before the schedulers, so this is the place that knows the length
    in time.

    Args:
        runner: Whose schedulers are resolved.
        dataloader: Of the training.
        max_iters: Length of the run.
        val_interval: Iterations between validations, or a share of the run;
            None for one at the end.
        **options: Of mmengine's ``IterBasedTrainLoop``.

    Raises:
        ValueError: A share is out of range, or of epochs.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        max_iters: int,
        val_interval: Moment | None = None,
        **options: Any,
    ) -> None:
        interval = _interval(val_interval, max_iters)
        super().__init__(
            runner, dataloader, max_iters, val_interval=interval, **options
        )
        runner.param_schedulers = resolve_schedulers(
            runner.param_schedulers, self.max_iters, None
        )

    def run(self) -> nn.Module:
        """Train."""
        warn_of_other_length(self.runner)
        return super().run()


@LOOPS.register_module()
class ShareEpochLoop(EpochBasedTrainLoop):
    """A loop over epochs whose validations and schedulers follow it.

    As :class:`ShareIterLoop`; ``val_interval`` counts epochs, schedulers count
    what their ``by_epoch`` says.

    Args:
        runner: Whose schedulers are resolved.
        dataloader: Of the training.
        max_epochs: Length of the run.
        val_interval: Epochs between validations, or a share of the run; None
            for one at the end.
        **options: Of mmengine's ``EpochBasedTrainLoop``.

    Raises:
        ValueError: A share is out of range.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        max_epochs: int,
        val_interval: Moment | None = None,
        **options: Any,
    ) -> None:
        interval = _interval(val_interval, max_epochs)
        super().__init__(
            runner, dataloader, max_epochs, val_interval=interval, **options
        )
        runner.param_schedulers = resolve_schedulers(
            runner.param_schedulers, self.max_iters, self.max_epochs
        )

    def run(self) -> nn.Module:
        """Train."""
        warn_of_other_length(self.runner)
        return super().run()


def warn_of_other_length(runner: Runner) -> None:
    """Warn where a training is resumed that had another length."""
    # mmengine's own note of it, which came with the checkpoint
    before = runner.message_hub.get_info('max_iters')
    if runner.iter and before and before != runner.max_iters:
        print_log(
            f'The resumed training had {before} iterations, this one has '
            f'{runner.max_iters}: shares of the run mean other iterations now,'
            ' while mmengine restores the learning rate of the old length. '
            'Start from scratch for the same recipe at this length',
            logger='current',
            level=logging.WARNING,
        )


def _interval(val_interval: Moment | None, length: int) -> int:
    check_moments('train_cfg', {'val_interval': val_interval}, least=1)
    return resolve(val_interval, length)
