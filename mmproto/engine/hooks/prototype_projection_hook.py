"""Projects prototypes during training and keeps the record with the model."""

import logging
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import EMAHook, Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmproto.models.facts import get_prototype_head
from mmproto.prototypes.projection import (
    MODES,
    project_prototypes,
    projection_dataloader,
)
from mmproto.prototypes.pruning import check_prunable, prune_prototypes
from mmproto.registry import HOOKS
from mmproto.utils.files import write_json


@HOOKS.register_module()
class PrototypeProjectionHook(Hook):
    """Calls :func:`mmproto.project_prototypes` when it is due.

    At the end of training means after the step of the last iteration, before
    the last checkpoint is saved and validated. The record goes into every
    later checkpoint, at ``['meta']['dataset_meta']['projection']``, and into
    ``projection.json`` in the work directory.

    Args:
        interval: Iterations (epochs) between projections, ``None`` for none.
        by_epoch: Whether ``interval`` counts epochs.
        end: Whether to project at the end of training.
        before: Iteration before which to project once, ``None`` for none:
            where a last phase begins that trains the classifier alone, as
            ProtoPNet does (Chen et al., 2019, section 2.2). Nothing moves the
            latents after it, so the record stays true to the end.
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
        ValueError: If an argument is unknown or not positive.
    """

    # before the moving average, checkpoint and validation of this iteration
    priority = 'ABOVE_NORMAL'

    def __init__(
        self,
        interval: int | None = None,
        by_epoch: bool = False,
        end: bool = True,
        before: int | None = None,
        mode: str = 'project',
        topk: int = 10,
        own_class: bool = False,
        prune: dict | None = None,
        dataloader: dict | None = None,
    ) -> None:
        if interval is not None and interval < 1 or topk < 1:
            raise ValueError(
                f'interval and topk must be at least 1, got {interval} and '
                f'{topk}; interval=None projects at the end only'
            )
        if before is not None and before < 1:
            raise ValueError(
                f'before must be an iteration of at least 1, got {before}: '
                'there is nothing to project before training'
            )
        if mode not in MODES:
            raise ValueError(f'mode must be one of {MODES}, got {mode!r}')
        self.interval = interval
        self.by_epoch = by_epoch
        self.end = end
        self.before = before
        self.mode = mode
        self.topk = topk
        self.own_class = own_class
        self.prune = prune
        self.dataloader = dataloader
        self.record: dict | None = None
        self._last_iter: int | None = None

    def before_train(self, runner: Runner) -> None:
        """Say early what would only show, or fail, at the end."""
        head = get_prototype_head(runner.model)
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
        if self.before is not None and self.before >= runner.max_iters:
            print_log(
                f'training ends after {runner.max_iters} iterations, so '
                f'PrototypeProjectionHook(before={self.before}) will not '
                'project: change one of the two',
                logger='current',
                level=logging.WARNING,
            )
        if any(isinstance(hook, EMAHook) for hook in runner.hooks):
            print_log(
                'PrototypeProjectionHook projects the weights in training, '
                'not their moving average (EMAHook): run tools/project.py on '
                'the last checkpoint to project the averaged model',
                logger='current',
                level=logging.WARNING,
            )

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Project where the last phase begins."""
        if runner.iter == self.before:
            self.project(runner)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Project every ``interval`` iterations and at the end."""
        due = (
            self.interval is not None
            and not self.by_epoch
            and self.every_n_train_iters(runner, self.interval)
        )
        if due or (self.end and self.is_last_train_iter(runner)):
            self._last_iter = runner.iter + 1
            self.project(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Project every ``interval`` epochs."""
        due = (
            self.interval is not None
            and self.by_epoch
            and self.every_n_epochs(runner, self.interval)
        )
        if due and self._last_iter != runner.iter:
            self.project(runner)

    def after_train(self, runner: Runner) -> None:
        """Warn where training stopped before a projection."""
        stopped = self.end and runner.iter < runner.max_iters
        if stopped or self.before is not None and runner.iter <= self.before:
            print_log(
                f'training ended at iteration {runner.iter} of '
                f'{runner.max_iters}, before its last projection: run '
                'tools/project.py on the last checkpoint',
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
            head = get_prototype_head(runner.model)
            prune_prototypes(head, self.record, **self.prune)
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
        # built anew each time: its workers and images would otherwise stay
        # in memory for the whole training
        cfg = self.dataloader or projection_dataloader(runner.cfg)
        # a seed, or the sampler would draw one and change the training
        return runner.build_dataloader(cfg, seed=runner.seed)
