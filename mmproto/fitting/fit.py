"""Fit a concept head to a trained segmentor, on its frozen features."""

import copy
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.apis import init_model

from mmproto.checkpoints.comparison import compare_models
from mmproto.checkpoints.derived import save_weights
from mmproto.feature_cache import CacheOptions, FeatureCache, build_cache
from mmproto.model_card.facts import data_sets
from mmproto.models.facts import ModelFacts
from mmproto.utils.files import write_json

from .black_box import load_black_box, read_black_box_config
from .files import FitFolder, base_name, describe_task
from .found_maps import find_maps
from .model_config import concept_model_config, frozen_weights
from .options import DEFAULT_ITERS, SHORTEST, FitOptions
from .recipe import LABEL_STRIDE
from .report import FitReport
from .run_config import (
    changed_data,
    check_data,
    comparison_loader,
    first_image,
    training_config,
    with_data,
    write_config,
)
from .stages import StageChoice, choose_stages


@dataclass
class Fit:
    """A fit on its way.

    Args:
        folder: Where everything goes.
        options: Of the user.
        keep: Features to keep.
        name: Of the black box.
        cfg: Config of the black box, with the data to use.
        black_box: The segmentor that is explained.
        meta: Names and colours of its classes.
        choice: Maps of its backbone to use.
        seconds: Time of each step so far.
    """

    folder: FitFolder
    options: FitOptions
    keep: CacheOptions
    name: str
    cfg: Config
    black_box: Any
    meta: dict
    choice: StageChoice
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        start = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - start


def fit_concepts(
    config: str | Path,
    checkpoint: str | Path,
    out: str | Path,
    options: FitOptions | None = None,
    data: str | Path | None = None,
    resume: bool = False,
    trusted: bool = False,
) -> FitReport:
    """Give a trained segmentor a concept head, and compare the two.

    The segmentor stays as it is: its backbone is frozen, and its features of
    every training image are kept on the disk. Neck and ``PrototypeHead`` are
    fitted on them, and prototypes are projected onto training patches.

    Args:
        config: Config of the segmentor, of mmseg's ``EncoderDecoder`` or
            ``CascadeEncoderDecoder``.
        checkpoint: Its weights.
        out: Folder; gets ``concepts.py``, ``concepts.pth``, ``report.json``.
        options: What to fit; the defaults if ``None``.
        data: Config whose data is used instead.
        resume: Whether to go on with what an interrupted fit left in ``out``.
        trusted: Whether the checkpoint may run code while it is read.

    Returns:
        The findings, which ``out`` holds as well.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: The segmentor, its data or the folder cannot be used.
    """
    options = options or FitOptions()
    keep = CacheOptions(
        sizes=options.sizes,
        cache_gb=options.cache_gb,
        target=options.target,
        seed=options.seed,
    )
    own = read_black_box_config(config)
    cfg = with_data(own, data and Config.fromfile(data))
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    box, meta = load_black_box(cfg, checkpoint, trusted, get_device())
    if options.concepts < box.num_classes:
        raise ValueError(
            f'{options.concepts} concepts cannot tell {box.num_classes} '
            f'classes apart: give at least {box.num_classes}'
        )
    check_data(cfg, options.target)
    found = find_maps(box, first_image(box, cfg, options.target))
    choice = choose_stages(found, options.layers)
    folder = FitFolder(Path(out))
    task = describe_task(config, checkpoint, data, options)
    task = folder.begin(task, resume)
    name = Path(config).stem
    fit = Fit(folder, options, keep, name, cfg, box, meta, choice)
    model = concept_model_config(
        cfg.model, box, choice, options.concepts, options.target
    )
    base = base_name(config, folder.root)
    write_config(folder.config, base, cfg, model, changed_data(cfg, own))
    cache = _keep_features(fit)
    max_iters = task.get('iterations') or _length(fit)
    folder.decide(task, iterations=max_iters)
    with fit.step('fit'):
        concepts = _train(fit, max_iters, folder.work_dir).model
    return _finish(fit, concepts, cache, max_iters)


def _keep_features(fit: Fit) -> FeatureCache:
    """Keep the features of the training images, and the frozen weights."""
    weights = frozen_weights(
        fit.black_box.state_dict(), fit.cfg.model, fit.options.target
    )
    cfg = _training_config(fit, SHORTEST)
    torch.manual_seed(fit.options.seed)
    # a copy: timm changes the arguments that it is built with
    model = init_model(copy.deepcopy(cfg), None, get_device())
    with _without_messages():
        model.init_weights()
    model.load_state_dict(weights, strict=False)
    with fit.step('features'):
        cache = build_cache(model, cfg, fit.keep, fit.folder.cache)
    save_weights(model, {}, fit.folder.start)
    return cache


@contextmanager
def _without_messages() -> Iterator[None]:
    """Keep mmengine from listing weights, hooks and all of the config."""
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        # they remember what was off until their level is set
        logger = MMLogger.get_current_instance()
        logger.setLevel(logger.level)


def _training_config(fit: Fit, max_iters: int) -> Config:
    hook = dict(
        cache=str(fit.folder.cache),
        label_stride=LABEL_STRIDE,
        **asdict(fit.keep),
    )
    cfg = Config.fromfile(fit.folder.config)
    return training_config(cfg, fit.options, max_iters, hook)


def _length(fit: Fit) -> int:
    """Choose how many iterations to make."""
    options = fit.options
    if options.minutes is None:
        return options.max_iters or DEFAULT_ITERS
    # Short as it is, it does all that the fit will do.
    with fit.step('trial'):
        folder = fit.folder.work_dir / 'trial'
        runner = _train(fit, SHORTEST, folder)
    times = runner.message_hub.get_scalar('train/time').data[0]
    return iterations_in(options.minutes, times.tolist())


def iterations_in(minutes: float, times: list[float]) -> int:
    """Tell how many iterations a machine makes in a time.

    Args:
        minutes: The time.
        times: Seconds of each iteration of a short fit, in which clustering
            and projection come once.
    """
    step = median(times)
    once = sum(times) - step * len(times)
    return max(SHORTEST, round((60 * minutes - once) / step))


def _train(fit: Fit, max_iters: int, work_dir: Path) -> Runner:
    cfg = _training_config(fit, max_iters)
    cfg.work_dir = str(work_dir)
    cfg.resume = any(work_dir.glob('iter_*.pth'))
    # mmengine would resume from what `load_from` names
    cfg.load_from = None if cfg.resume else str(fit.folder.start)
    with _without_messages():
        runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def _finish(
    fit: Fit, model: Any, cache: FeatureCache, max_iters: int
) -> FitReport:
    """Compare the models, write the new one, and report."""
    folder, options = fit.folder, fit.options
    facts = ModelFacts.of(model, fit.meta)
    weights = facts.head.class_weights
    with fit.step('comparison'):
        loader = comparison_loader(fit.cfg)
        found = compare_models(
            (fit.black_box, model),
            Runner.build_dataloader(loader),
            facts.classes,
            facts.head.ignore_index,
        )
    report = FitReport(
        black_box=fit.name,
        target=options.target,
        stages=list(fit.choice.stages),
        reasons=list(fit.choice.reasons),
        data_set=data_sets(loader['dataset'])[0],
        comparison=found,
        num_concepts=facts.head.num_concepts,
        used_concepts=int(weights.any(dim=0).sum()),
        zeros=float((weights == 0).float().mean()),
        iterations=max_iters,
        seconds=fit.seconds,
        cache_bytes=cache.taken.bytes,
        min_agreement=options.min_agreement,
    )
    meta = fit.meta | dict(
        projection=json.loads(folder.projection.read_text(encoding='utf-8'))
    )
    if options.target == 'model':
        meta['surrogate'] = report.surrogate()
    save_weights(model, dict(dataset_meta=meta), folder.checkpoint)
    write_json(report.to_dict(), folder.report)
    folder.tidy()
    return report
