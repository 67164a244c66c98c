"""mmengine's training loops, with shares of the run in their config."""

import logging
from typing import Any

from mmengine.logging import print_log
from mmengine.runner import (
    BaseLoop,
    EpochBasedTrainLoop,
    IterBasedTrainLoop,
    Runner,
)
from torch.utils.data import DataLoader

from mmproto.engine.shares import (
    Moment,
    check_moments,
    resolve,
    resolve_schedulers,
)
from mmproto.registry import LOOPS


class ShareLoop(BaseLoop):
    """A training loop whose validations and schedulers follow its length.

    ``val_interval`` and what ``param_scheduler`` counts (``begin``, ``end``,
    ``milestones`` and so on) may be shares of the run. The runner builds the
    loop before the schedulers, so this is the place that knows the length in
    time.

    Args:
        runner: Whose schedulers are resolved.
        dataloader: Of the training.
        val_interval: Iterations (or epochs) between validations, or a share
            of the run; None for one at the end.
        **options: Of mmengine's loop, ``max_iters`` or ``max_epochs`` among
            them.

    Raises:
        ValueError: A share is out of range, or of epochs where the loop
            counts none.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        *,
        val_interval: Moment | None = None,
        **options: Any,
    ) -> None:
        check_moments('train_cfg', {'val_interval': val_interval}, least=1)
        epochs = options.get('max_epochs')
        length: Any = epochs or options.get('max_iters')
        options['val_interval'] = resolve(val_interval, length)
        super().__init__(runner, dataloader, **options)
        loop: Any = self
        runner.param_schedulers = resolve_schedulers(
            runner.param_schedulers, loop.max_iters, epochs
        )

    def run(self) -> Any:
        """Train."""
        warn_of_other_length(self.runner)
        return super().run()


@LOOPS.register_module()
class ShareIterLoop(ShareLoop, IterBasedTrainLoop):
    """A :class:`ShareLoop` over iterations."""


@LOOPS.register_module()
class ShareEpochLoop(ShareLoop, EpochBasedTrainLoop):
    """A :class:`ShareLoop` over epochs.

    ``val_interval`` counts epochs, schedulers count what their ``by_epoch``
    says.
    """


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
