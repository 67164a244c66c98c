"""Hook that projects prototypes during training and keeps the record."""

import logging
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import EMAHook, Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmproto.datasets.plain_loader import projection_dataloader
from mmproto.engine.shares import (
    Moment,
    check_moments,
    resolve_interval,
    resolve_moments,
    run_length,
)
from mmproto.models.facts import get_prototype_head
from mmproto.prototypes.projection import MODES, project_prototypes
from mmproto.prototypes.pruning import check_prunable, prune_prototypes
from mmproto.registry import HOOKS
from mmproto.utils.files import write_json


@HOOKS.register_module()
class PrototypeProjectionHook(Hook):
    """Call :func:`mmproto.project_prototypes` when it is due.

    At the end of training means after the step of the last iteration, before
    the last checkpoint is saved and validated. The record goes into every
    later checkpoint, at ``['meta']['dataset_meta']['projection']``, and into
    ``projection.json`` in the work directory.

    Args:
        interval: Iterations (epochs) between projections, or a share of the
            run; ``None`` for none.
        by_epoch: Whether ``interval`` counts epochs.
        end: Whether to project at the end of training.
        before: Iteration before which to project once, or a share of the run;
            ``None`` for none. Choose the beginning of a last phase that trains
            the classifier alone, as in ProtoPNet (Chen et al., 2019, section
            2.2): nothing moves the latents after it, so the record stays true.
        mode: ``'project'`` or ``'mine'``.
        topk: Places to record for each prototype.
        own_class: Whether prototypes become latents of their own class only,
            see :func:`mmproto.project_prototypes`.
        prune: Arguments of ``prune_prototypes`` of
            :mod:`mmproto.prototypes.pruning`, which follows each
            projection; ``None`` for no pruning.
        dataloader: Config of the loader; derived from the training's by
            default, see :mod:`mmproto.datasets.plain_loader`.

    Raises:
        ValueError: An argument is unknown or not positive; and, when training
            starts, a projection is due after its end, the layer has no vectors
            to project, or the prototypes cannot be pruned.
    """

    # Before the moving average, checkpoint and validation of this iteration.
    priority = 'ABOVE_NORMAL'

    def __init__(
        self,
        interval: Moment | None = None,
        by_epoch: bool = False,
        end: bool = True,
        before: Moment | None = None,
        mode: str = 'project',
        topk: int = 10,
        own_class: bool = False,
        prune: dict | None = None,
        dataloader: dict | None = None,
    ) -> None:
        owner = 'PrototypeProjectionHook'
        check_moments(owner, {'interval': interval}, least=1)
        self.moments = check_moments(
            owner, {} if before is None else {'before': before, 'end': None}, 1
        )
        if topk < 1:
            raise ValueError(f'topk must be at least 1, got {topk}')
        if mode not in MODES:
            raise ValueError(f'mode must be one of {MODES}, got {mode!r}')
        self.interval = interval
        self.by_epoch = by_epoch
        self.end = end
        self.mode = mode
        self.topk = topk
        self.own_class = own_class
        self.prune = prune
        self.dataloader = dataloader
        self.record: dict | None = None
        self._before: int | None = None
        self._interval = 0  # never
        self._last_iter: int | None = None

    def before_train(self, runner: Runner) -> None:
        """Find early what would only show, or fail, at the end."""
        self._resolve(runner)
        head = self._head = get_prototype_head(runner.model)
        if self.mode == 'project' and head.prototype_layer.vectors is None:
            raise ValueError(
                f'{type(head.prototype_layer).__name__} has no prototype '
                "vectors to project; use mode='mine' in "
                'PrototypeProjectionHook'
            )
        if self.prune is not None:
            check_prunable(head, self.topk, **self.prune)
        if self.dataloader is None:
            projection_dataloader(runner.cfg)
        if any(isinstance(hook, EMAHook) for hook in runner.hooks):
            print_log(
                'PrototypeProjectionHook projects the weights in training, '
                'not their moving average (EMAHook): run mmproto project on '
                'the last checkpoint to project the averaged model',
                logger='current',
                level=logging.WARNING,
            )

    def _resolve(self, runner: Runner) -> None:
        owner = 'PrototypeProjectionHook'
        length = run_length(runner, False, owner)
        steps = resolve_moments(owner, self.moments, length)
        self._before = steps.get('before')
        if self.interval is not None:
            length = run_length(runner, self.by_epoch, owner)
            self._interval = resolve_interval(owner, self.interval, length)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Project where the last phase begins."""
        if runner.iter == self._before:
            self.project(runner)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Project every ``interval`` iterations and at the end."""
        interval = 0 if self.by_epoch else self._interval
        due = self.every_n_train_iters(runner, interval)
        if due or (self.end and self.is_last_train_iter(runner)):
            self._last_iter = runner.iter + 1
            self.project(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Project every ``interval`` epochs."""
        due = self.by_epoch and self.every_n_epochs(runner, self._interval)
        if due and self._last_iter != runner.iter:
            self.project(runner)

    def after_train(self, runner: Runner) -> None:
        """Warn where training stopped before a projection."""
        stopped = self.end and runner.iter < runner.max_iters
        if stopped or self._before is not None and runner.iter <= self._before:
            print_log(
                f'training ended at iteration {runner.iter} of '
                f'{runner.max_iters}, before its last projection: run '
                'mmproto project on the last checkpoint',
                logger='current',
                level=logging.WARNING,
            )

    def project(self, runner: Runner) -> None:
        """Project now, and keep the record."""
        self.record = project_prototypes(
            runner.model,
            self._loader(runner),
            self.topk,
            self.mode,
            self.own_class,
        )
        if self.prune is not None:
            prune_prototypes(self._head, self.record, **self.prune)
        if is_main_process():
            write_json(self.record, Path(runner.work_dir) / 'projection.json')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Put the record where ``init_model`` hands it to the model."""
        if self.record is not None:
            meta = checkpoint['meta']
            # a new dict: the old one may belong to the data set
            meta['dataset_meta'] = {
                **(meta.get('dataset_meta') or {}),
                'projection': self.record,
            }

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take the record back.

        It is taken out of the checkpoint, since a resuming runner compares
        what is left with the meta information of the data set.
        """
        dataset_meta = checkpoint.get('meta', {}).get('dataset_meta') or {}
        record = dataset_meta.pop('projection', None)
        if record is not None:
            self.record = record

    def _loader(self, runner: Runner) -> DataLoader:
        # A new one each time: its workers and images would otherwise stay in
        # memory for the whole training.
        cfg = self.dataloader or projection_dataloader(runner.cfg)
        # Without a seed the sampler would draw one and change the training.
        return runner.build_dataloader(cfg, seed=runner.seed)
