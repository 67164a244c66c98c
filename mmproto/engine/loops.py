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
        ValueError: The length is no positive integer or given twice, or a
            share is out of range, or of epochs where the loop counts none.
    """

    counts: str  # the argument that is the length of the run

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        *,
        val_interval: Moment | None = None,
        **options: Any,
    ) -> None:
        length = self._length(options)
        check_moments('train_cfg', {'val_interval': val_interval}, least=1)
        options['val_interval'] = resolve(val_interval, length)
        super().__init__(runner, dataloader, **options)
        loop: Any = self
        runner.param_schedulers = resolve_schedulers(
            runner.param_schedulers, loop.max_iters, options.get('max_epochs')
        )

    def _length(self, options: dict[str, Any]) -> int:
        kind, length = type(self).__name__, options.get(self.counts)
        other = {'max_iters', 'max_epochs'} - {self.counts}
        if other & options.keys():
            raise ValueError(
                f'train_cfg of {kind} has {other.pop()}, but the loop counts '
                f'{self.counts}; if it comes from a base config, write '
                "train_cfg=dict(_delete_=True, type='...', ...)"
            )
        if type(length) is not int or length < 1:
            raise ValueError(
                f'train_cfg.{self.counts} of {kind} must be a positive '
                f'integer, got {length!r}'
            )
        return length

    def run(self) -> Any:
        """Train."""
        warn_of_other_length(self.runner)
        return super().run()


@LOOPS.register_module()
class ShareIterLoop(ShareLoop, IterBasedTrainLoop):
    """A :class:`ShareLoop` over iterations."""

    counts = 'max_iters'


@LOOPS.register_module()
class ShareEpochLoop(ShareLoop, EpochBasedTrainLoop):
    """A :class:`ShareLoop` over epochs.

    ``val_interval`` counts epochs, schedulers count what their ``by_epoch``
    says.
    """

    counts = 'max_epochs'


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
