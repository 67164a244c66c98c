"""Trainings of equal cost: the same number of samples for every system."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from mmengine.registry import init_default_scope

from mmproto.datasets.config_checks import leaf_configs, list_images
from mmproto.engine.shares import SCHEDULED, resolve_moments
from mmproto.registry import HOOKS

from .configs import known_length, projection_iteration
from .options import type_name
from .runs import Run
from .sweep import Row, Sweep

TOLERANCE = 0.01  # of the samples of the system that sees most
# of one system: iterations and samples per step of each
Stages = Sequence[Mapping[str, int]]


def prepare(row: Row, config: dict, epochs: float | None) -> dict:
    """Return the config of a row of a comparison.

    Args:
        row: Says the share of its stage.
        config: Of plain types.
        epochs: Passes over the training images; ``None`` leaves the length
            as it is.

    Returns:
        A config of that length, validated right before its projection.

    Raises:
        ValueError: The training cannot have that length.
    """
    if epochs is not None:
        budget = Fraction(str(epochs)) * Fraction(str(row.share))
        samples = budget * count_images(config)
        iterations = math.ceil(samples / samples_per_step(config))
        known_length(row.name, config)
        try:
            config = change_length(config, iterations)
        except ValueError as error:
            raise ValueError(f'row {row.name}: {error}') from error
    before = projection_iteration(config)
    if before is not None:
        # mmengine also validates at multiples of it, and at the end.
        config['train_cfg']['val_interval'] = before
    return config


def change_length(config: dict, iterations: int) -> dict:
    """Return the config of a training that is longer or shorter.

    Args:
        config: Of plain types, whose hooks and schedulers count in shares.
        iterations: The new length.

    Raises:
        ValueError: Something in the training would not follow the length, or
            the length is too short for its phases.
    """
    _check_schedulers(config.get('param_scheduler'))
    init_default_scope(config.get('default_scope', 'mmseg'))
    for cfg in config.get('custom_hooks') or []:
        hook = HOOKS.build(cfg)
        # only hooks that take shares have moments
        moments = getattr(hook, 'moments', None)
        if not moments:
            continue
        if any(isinstance(m, int) and m > 0 for m in moments.values()):
            raise ValueError(
                f'{cfg["type"]} counts iterations, which do not follow a '
                f'budget: give shares of the run instead of {moments}'
            )
        resolve_moments(type(hook).__name__, moments, iterations)
    return {
        **config,
        'train_cfg': {**config['train_cfg'], 'max_iters': iterations},
    }


def _check_schedulers(node: Any) -> None:
    """Refuse what a new length would not move."""
    if isinstance(node, (list, tuple)):
        for child in node:
            _check_schedulers(child)
    elif isinstance(node, Mapping):
        counted = {key: node[key] for key in SCHEDULED if node.get(key)}
        if any(isinstance(value, int) for value in counted.values()):
            raise ValueError(
                f'{node.get("type")} of param_scheduler counts iterations, '
                'which do not follow a budget: give shares of the run instead '
                f'of {counted}, or leave out the end'
            )
        if 'type' not in node:
            _check_schedulers(list(node.values()))


def samples_per_step(config: Mapping) -> int:
    """Return the samples of one iteration of one process.

    Args:
        config: Of plain types; second views of images are samples as well.
    """
    loader = config['train_dataloader']
    images = loader['batch_size']
    collate = loader.get('collate_fn')
    if type_name(collate) != 'two_view_collate':
        return images
    seconds = collate.get('second_views')
    return images + (images if seconds is None else min(seconds, images))


def count_images(config: Mapping) -> int:
    """Count the images of the training set, each once.

    Raises:
        FileNotFoundError: A folder is missing.
        ValueError: There is no image.
    """
    init_default_scope(config.get('default_scope', 'mmseg'))
    dataset = config['train_dataloader']['dataset']
    return sum(len(list_images(leaf)[1]) for leaf in leaf_configs(dataset))


def check_systems(sweep: Sweep) -> None:
    """Refuse rows that cannot be compared with equal budget.

    Raises:
        ValueError: A row goes on from another, or the shares of the stages of
            a system do not add up to the budget.
    """
    for row in sweep.rows.values():
        if row.start is not None:
            raise ValueError(
                f'row {row.name} starts from another; rows of a comparison '
                'begin from scratch, or after another'
            )
        share, stage = row.share, row
        while stage.after is not None:
            stage = sweep.rows[stage.after]
            share += stage.share
        if not row.stage and not math.isclose(share, 1):
            raise ValueError(
                f'the shares of row {row.name} and of those that it comes '
                f'after add up to {share}, not to 1'
            )


def system_lengths(runs: Sequence[Run]) -> dict[str, Stages]:
    """Return the lengths of all stages of each system.

    Args:
        runs: All runs; those that are a stage count for another one.

    Raises:
        ValueError: A training counts epochs.
    """
    return {
        run.row.name: [
            dict(
                iterations=known_length(stage.row.name, stage.config),
                samples=samples_per_step(stage.config),
            )
            for stage in run.stages
        ]
        for run in runs
        if not run.row.stage
    }


def check_equal(lengths: Mapping[str, Stages]) -> None:
    """Refuse systems that see more samples than others.

    Raises:
        ValueError: They differ by more than 1 %.
    """
    totals = [total_samples(stages) for stages in lengths.values()]
    if max(totals) - min(totals) > TOLERANCE * max(totals):
        each = '; '.join(f'{k}: {join(v)}' for k, v in lengths.items())
        raise ValueError(
            'the systems differ in iterations x samples, give --budget to '
            f'train them equally: {each}'
        )


def total_samples(stages: Stages) -> int:
    """Return how many samples a system sees."""
    return sum(stage['iterations'] * stage['samples'] for stage in stages)


def join(stages: Stages) -> str:
    """Return the stages of a system as messages show them."""
    return ' + '.join('{iterations} x {samples}'.format(**s) for s in stages)
