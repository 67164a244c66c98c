"""Hook that trains on kept features of a frozen backbone."""

import copy
from contextlib import ExitStack
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from mmproto.engine.run_state import rewrap_model
from mmproto.feature_cache import (
    CacheOptions,
    accepting_features,
    build_cache,
)
from mmproto.models.facts import bare_model
from mmproto.registry import HOOKS


@HOOKS.register_module()
class FrozenFeaturesHook(Hook):
    """Freeze the backbone, and train on its features from the disk.

    Before training, every training image goes through the backbone once for
    each size and flip, or its features are found in the cache. Training then
    equals one with a frozen backbone in evaluation mode, without photometric
    augmentation and without crops, up to the rounding of ``dtype``.
    Prototypes are initialised and projected on the same features; those of a
    model with sliding windows are projected on whole images, as always.
    Validation sees images.

    In an epoch-based loop, an epoch is one pass over the kept images.

    Args:
        cache: Folder of caches; each model, data set and set of options has a
            folder of its own in it.
        stages: Indexes of the backbone's maps to keep as they are, for
            trials of several necks on one cache. By default what the neck
            reads, pooled where it pools; all maps if it does not say.
        sizes: Factors at which the network sees each image, 1 among them.
        flip: Whether it also sees each image mirrored.
        cache_gb: Most gigabytes of disk for a cache; of a larger data set a
            random sample is kept.
        target: ``'labels'``, or ``'model'`` for what the segmentor's
            ``black_box`` predicts.
        dtype: ``'float16'`` or ``'float32'``.
        seed: Decides which images are in a sample.
        label_stride: Only every ``label_stride``-th row and column of the
            labels counts in the loss, which is most of a step otherwise.

    Raises:
        ValueError: An option is out of range; and, when training starts, the
            training loader makes batches of its own kind.
    """

    # After the data are checked and the layout of the weights is set; before
    # the phases' hook looks which parameters may train.
    priority = 35  # type: ignore[assignment]

    def __init__(
        self,
        cache: str = 'work_dirs/feature_cache',
        label_stride: int = 1,
        **options: Any,
    ) -> None:
        if label_stride < 1:
            raise ValueError(
                f'label_stride must be at least 1, got {label_stride}'
            )
        self.folder = cache
        self.label_stride = label_stride
        self.options = CacheOptions(**options)
        self._undo = ExitStack()
        self._config: Config | None = None  # as given

    def before_train(self, runner: Runner) -> None:
        """Build the cache and put it in the place of images and backbone."""
        loader = check_loader(runner.cfg)
        segmentor = bare_model(runner.model)
        cache = build_cache(segmentor, runner.cfg, self.options, self.folder)
        self._freeze(segmentor.backbone)
        rewrap_model(runner)
        self._undo.enter_context(
            accepting_features(segmentor, self.label_stride)
        )
        features = dict(
            type='mmproto.CachedFeatures',
            folder=str(cache.folder),
            cache_gb=self.options.cache_gb,
        )
        self._load_from(runner, {**loader, 'dataset': features})
        self._config = runner.cfg.copy()
        self._look_at(runner, 'init_dataloader', features)
        if cache.record['windows'] is None:
            self._look_at(runner, 'projection_dataloader', features)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep the cache, which is of this machine, out of the config."""
        if self._config is not None:
            checkpoint['meta']['cfg'] = self._config.pretty_text

    def after_train(self, runner: Runner) -> None:
        """Leave everything as it was."""
        self._undo.close()
        self._config = None
        rewrap_model(runner)

    def _freeze(self, backbone: nn.Module) -> None:
        for parameter in backbone.parameters():
            trains = parameter.requires_grad
            self._undo.callback(parameter.requires_grad_, trains)
            parameter.requires_grad_(False)
            # With a gradient, even of zeros, weight decay would go on.
            parameter.grad = None

    def _load_from(self, runner: Runner, config: dict) -> None:
        """Give the training loop a loader of this config."""
        loop: Any = runner.train_loop
        loader = runner.build_dataloader(
            config,
            seed=runner.seed,
            diff_rank_seed=runner._randomness_cfg.get('diff_rank_seed', False),
        )
        changes = dict(dataloader=loader)
        if hasattr(loop, 'dataloader_iterator'):  # loops of iterations
            iterator = type(loop.dataloader_iterator)
            changes['dataloader_iterator'] = iterator(loader)
        else:
            changes['_max_iters'] = loop.max_epochs * len(loader)
        for name, value in changes.items():
            self._undo.callback(setattr, loop, name, getattr(loop, name))
            setattr(loop, name, value)
        runner.optim_wrapper.initialize_count_status(
            runner.model, loop.iter, loop.max_iters
        )

    def _look_at(self, runner: Runner, key: str, features: dict) -> None:
        """Give a hook that looks at all training images the features."""
        loader = dict(
            batch_size=1,
            num_workers=0,  # reading is faster than handing over
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(features, plain=True),
        )
        known = runner.cfg.get(key)
        if known is None:
            self._undo.callback(runner.cfg.pop, key)
        else:
            self._undo.callback(setattr, runner.cfg, key, known)
        runner.cfg[key] = loader


def check_loader(cfg: Config) -> dict:
    """Return the config of the training's loader.

    Raises:
        ValueError: If it is no config, or makes batches of its own kind.
    """
    loader = cfg.get('train_dataloader')
    if not isinstance(loader, dict):
        raise ValueError(
            'FrozenFeaturesHook needs train_dataloader as a config, got '
            f'{type(loader).__name__}'
        )
    if 'collate_fn' in loader:
        raise ValueError(
            f'train_dataloader.collate_fn={loader["collate_fn"]} makes '
            'batches of images; with FrozenFeaturesHook there are features '
            'only, without photometric views: remove one of the two'
        )
    return copy.deepcopy(loader)
