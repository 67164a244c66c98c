"""Trainings of equal cost: as many samples for every system."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from mmengine.registry import init_default_scope

from mmproto.datasets.config_checks import leaf_configs, list_images

from .budget import rescale
from .configs import projection_iteration, training_length
from .rows import Row
from .runs import Run
from .sweep import Sweep

TOLERANCE = 0.01  # of the samples of all systems


@dataclass(frozen=True)
class Length:
    """How long one stage of a system trains.

    Args:
        iterations: Steps of the optimizer.
        samples: Of each step.
    """

    iterations: int
    samples: int

    def __str__(self) -> str:
        """As a message writes it."""
        return f'{self.iterations} x {self.samples}'


def prepare(row: Row, config: dict, epochs: float | None) -> dict:
    """The config of a row of a comparison.

    Args:
        row: Has the share of its stage.
        config: Of plain types.
        epochs: Passes over the training images; ``None`` leaves the length
            as it is.

    Returns:
        A config of that length, validated right before its projection.

    Raises:
        ValueError: The training cannot have that length.
    """
    if epochs is not None:
        samples = samples_a_step(config)
        budget = Fraction(str(epochs)) * Fraction(str(row.share))
        iterations = math.ceil(budget * count_images(config) / samples)
        try:
            config = rescale(config, iterations)
        except ValueError as error:
            raise ValueError(f'row {row.name} {error}') from error
    before = projection_iteration(config)
    if before is not None:
        # mmengine also validates at multiples of it, and at the end
        config['train_cfg']['val_interval'] = before
    return config


def samples_a_step(config: Mapping) -> int:
    """Samples that reach the model in one iteration of one process.

    Args:
        config: Of plain types; second views of images are samples as well.
    """
    loader = config['train_dataloader']
    images = loader['batch_size']
    collate = loader.get('collate_fn') or {}
    if collate.get('type', '').rpartition('.')[2] != 'two_view_collate':
        return images
    seconds = collate.get('second_views')
    return images + (images if seconds is None else min(seconds, images))


def count_images(config: Mapping) -> int:
    """Images of the training set, each once, as the data set lists them.

    Raises:
        FileNotFoundError: A folder is missing.
        ValueError: There is no image.
    """
    init_default_scope(config.get('default_scope', 'mmseg'))
    dataset = config['train_dataloader']['dataset']
    return sum(len(list_images(leaf)[1]) for leaf in leaf_configs(dataset))


def check_systems(sweep: Sweep) -> None:
    """Refuse rows that a comparison cannot treat alike.

    Raises:
        ValueError: A row goes on from another, or the shares of the stages of
            a system are not all of the budget.
    """
    for row in sweep.rows.values():
        if row.start is not None:
            raise ValueError(
                f'row {row.name} starts from another; rows of a comparison '
                'begin anew, or after another'
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


def system_lengths(runs: Sequence[Run]) -> dict[str, list[Length]]:
    """The lengths of all stages of each system.

    Args:
        runs: Those of stages are part of others.

    Raises:
        ValueError: A training counts epochs.
    """
    lengths = {}
    for run in runs:
        if run.row.stage:
            continue
        lengths[run.row.name] = [_length(stage) for stage in run.stages]
    return lengths


def check_equal(lengths: Mapping[str, Sequence[Length]]) -> None:
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


def total_samples(stages: Sequence[Length]) -> int:
    """All that a system sees."""
    return sum(stage.iterations * stage.samples for stage in stages)


def join(stages: Sequence[Length]) -> str:
    """As a message writes the stages of a system."""
    return ' + '.join(map(str, stages))


def _length(run: Run) -> Length:
    iterations = training_length(run.config)
    if iterations is None:
        raise ValueError(
            f'row {run.row.name} counts epochs: a comparison needs '
            'train_cfg.max_iters'
        )
    return Length(iterations, samples_a_step(run.config))
