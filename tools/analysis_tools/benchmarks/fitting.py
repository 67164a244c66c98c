"""Fitting on kept features against training end to end."""

import logging
import multiprocessing
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from benchmarks.model import peak_of_process
from benchmarks.timing import interleaved_medians
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmproto.feature_cache import (
    CacheOptions,
    FeatureCache,
    accepting_features,
    build_cache,
)
from mmproto.fitting.found_maps import find_maps
from mmproto.fitting.model_config import concept_model_config
from mmproto.fitting.recipe import LABEL_STRIDE, fit_schedule
from mmproto.fitting.stages import choose_stages
from mmproto.prototypes.features import evaluating

CONCEPTS = 32
STEPS = 100  # long enough for the shares of a schedule


def draw_images(folder: Path, number: int, size: tuple[int, int]) -> None:
    """Draw images and label maps of noise."""
    rng = np.random.default_rng(0)
    for kind, shape, high in (
        ('images', (*size, 3), 256),
        ('labels', size, 11),
    ):
        (folder / kind).mkdir()
        for index in range(number):
            pixels = rng.integers(0, high, shape, np.uint8)
            cv2.imwrite(str(folder / kind / f'{index}.png'), pixels)


def fitted_config(path: str, folder: Path, size: tuple[int, int]) -> Config:
    """Return the config that `mmproto fit` would train, on a folder."""
    cfg = Config.fromfile(path)
    init_default_scope('mmseg')
    cfg.model.backbone.init_cfg = None
    segmentor = revert_sync_batchnorm(MODELS.build(cfg.model)).eval()
    choice = choose_stages(find_maps(segmentor, torch.randn(1, 3, *size)))
    model = concept_model_config(cfg.model, segmentor, choice, CONCEPTS)
    model['data_preprocessor']['size'] = None
    model['data_preprocessor']['size_divisor'] = 1
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        dict(type='PackSegInputs'),
    ]
    loader = dict(
        batch_size=1,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            type='BaseSegDataset',
            img_suffix='.png',
            data_root=str(folder),
            data_prefix=dict(img_path='images', seg_map_path='labels'),
            pipeline=pipeline,
        ),
    )
    return Config(
        dict(model=model, projection_dataloader=loader, **fit_schedule(STEPS))
    )


class Candidates:
    """The acts that are compared, on models of one config.

    Args:
        cfg: Of :func:`fitted_config`.
        root: Folder for caches.
        args: The command line.
    """

    def __init__(self, cfg: Config, root: Path, args: Namespace) -> None:
        self.cfg = cfg
        self.root = root
        self.options = CacheOptions()
        self.caches = count()
        self.frozen = build(cfg)
        self.frozen.backbone.requires_grad_(False)
        self.whole = build(cfg)
        self.optimizers = [
            build_optim_wrapper(model, cfg.optim_wrapper)
            for model in (self.frozen, self.whole)
        ]
        self.cache = self.build_cache()
        self.batches = batches_of(self.cache, args.batch_size)
        self.crops = random_batch(args.batch_size, tuple(args.crop))
        self.image = torch.randn(1, 3, *args.size)

    def step_on_features(self) -> None:
        """Read a batch and make a step."""
        with accepting_features(self.frozen, LABEL_STRIDE):
            self.frozen.train()
            self.frozen.train_step(next(self.batches), self.optimizers[0])

    def step_end_to_end(self) -> None:
        """Make a step, with a batch that is there."""
        self.whole.train()
        self.whole.train_step(pseudo_collate(self.crops), self.optimizers[1])

    def build_cache(self) -> FeatureCache:
        """Build a new cache."""
        folder = self.root / str(next(self.caches))
        return build_cache(self.frozen, self.cfg, self.options, folder)

    def run_backbone(self) -> None:
        """Run the backbone as often as the building of a cache does."""
        with evaluating(self.frozen):
            for _ in self.cache.items:
                self.frozen.backbone(self.image)


def build(cfg: Config) -> Any:
    """Build a model as the fit trains it."""
    torch.manual_seed(0)
    model = revert_sync_batchnorm(MODELS.build(cfg.model))
    model.init_weights()
    return model.to(memory_format=torch.channels_last)


def batches_of(cache: FeatureCache, batch_size: int) -> Iterator[dict]:
    """Read a cache for ever, in random order."""
    loader = dict(
        batch_size=batch_size,
        num_workers=0,
        sampler=dict(type='InfiniteSampler', shuffle=True),
        dataset=dict(type='mmproto.CachedFeatures', folder=str(cache.folder)),
    )
    return iter(Runner.build_dataloader(loader, seed=0))


def random_batch(number: int, size: tuple[int, int]) -> list[dict]:
    """Draw images with labels."""
    batch = []
    for _ in range(number):
        labels = PixelData(data=torch.randint(0, 11, (1, *size)))
        sample = SegDataSample(gt_sem_seg=labels)
        sample.set_metainfo(dict(img_shape=size, ori_shape=size))
        image = torch.randint(0, 256, (3, *size), dtype=torch.uint8)
        batch.append(dict(inputs=image, data_samples=sample))
    return batch


def in_folder(
    act: Callable[[Config, Path, Namespace], float],
    number: int,
    args: Namespace,
) -> float:
    """Act on drawn images, which are gone afterwards."""
    logging.disable(logging.INFO)
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        draw_images(root, number, tuple(args.size))
        cfg = fitted_config(args.config, root, tuple(args.size))
        return act(cfg, root, args)


def memory(cfg: Config, root: Path, args: Namespace) -> float:
    """MiB at most to build a cache and go through it."""
    model = build(cfg)
    cache = build_cache(model, cfg, CacheOptions(), root / 'cache')
    batches = batches_of(cache, args.batch_size)
    for _ in range(len(cache.images) // args.batch_size):
        next(batches)
    return peak_of_process()


def compare(cfg: Config, root: Path, args: Namespace) -> float:
    """Print times and their ratios; the share of a step."""
    acts = Candidates(cfg, root, args)
    seconds = interleaved_medians(
        {
            'step on kept features': acts.step_on_features,
            'step end to end': acts.step_end_to_end,
            'building the cache': acts.build_cache,
            'forward passes': acts.run_backbone,
        },
        args.repeats,
        warm_up=1,
    )
    for name, value in seconds.items():
        print(f'{name:22} {value:8.3f} s')
    kept, whole, built, passes = seconds.values()
    views, taken = len(acts.cache.items), acts.cache.taken
    size = taken.bytes / taken.count / 1e6
    print(f'{views} views of {taken.count} images, {size:.2f} MB an image')
    print(f'step: ratio     {kept / whole:.3f} (target <= 0.125)')
    print(f'building: ratio {built / passes:.3f} (target <= 1.2)')
    return kept / whole


def measure(args: Namespace) -> None:
    """Print medians, memory and ratios."""
    print(f'{args.config}, batches of {args.batch_size}, crops '
          f'{tuple(args.crop)}, {args.threads} thread(s), median of '
          f'{args.repeats}')  # fmt: skip
    in_folder(compare, args.images, args)
    context = multiprocessing.get_context('spawn')
    peaks = []
    for number in (args.images, 4 * args.images):
        with context.Pool(1) as pool:
            peaks.append(pool.apply(in_folder, (memory, number, args)))
    few, many = peaks
    print(f'memory: {many:.0f} MiB over {few:.0f} = {many / few:.3f}, '
          f'for {4 * args.images} images over {args.images}')  # fmt: skip
