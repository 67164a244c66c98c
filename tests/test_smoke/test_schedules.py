"""When what happens in every config, and that it follows the length.

schedules.txt has the iterations that the configs named one by one before they
counted in shares of the run.
"""

import re
from itertools import combinations
from pathlib import Path
from uuid import uuid4

import pytest
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from mmproto.ablation.equal_budget import change_length
from mmproto.engine.shares import resolve_moments

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / 'configs'


def read_table():
    """Lines of every config: what happens, and its iterations."""
    table = {}
    for block in (HERE / 'schedules.txt').read_text().split('\n\n'):
        lines = block.splitlines()
        names = [line[2:] for line in lines if line.startswith('# ')]
        table |= {name: lines[len(names) :] for name in names}
    return table


TABLE = read_table()


class Nothing(BaseModel):
    """A model with a parameter to schedule."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return self.layer(inputs)


def schedule(name, folder, **options):
    """What mmengine and the hooks make of a config."""
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    cfg.merge_from_dict(options)
    runner = Runner(
        model=Nothing(),
        work_dir=str(folder),
        train_dataloader=DataLoader(range(8)),
        experiment_name=uuid4().hex,
        log_level='ERROR',
        **{
            key: cfg[key]
            for key in (
                'train_cfg',
                'optim_wrapper',
                'param_scheduler',
                'default_hooks',
                'custom_hooks',
                'default_scope',
            )
        },
    )
    # as Runner.train does
    loop = runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    schedulers = runner.build_param_scheduler(runner.param_schedulers)
    saves = next(hook for hook in runner.hooks if hasattr(hook, 'save_last'))
    lines = [
        f'train {loop.max_iters} validate {loop.val_interval} '
        f'save {saves.interval}'
    ]
    lines += [
        f'{type(each).__name__} begin={each.begin} end={each.end}'
        for each in schedulers
    ]
    for hook in runner.hooks:
        moments = getattr(hook, 'moments', None)
        if moments is None:
            continue
        kind = type(hook).__name__
        steps = resolve_moments(kind, moments, loop.max_iters)
        lines.append(' '.join([kind, *(f'{k}={v}' for k, v in steps.items())]))
    assert all(not each.by_epoch for each in schedulers)
    return lines


def numbers(lines):
    """Iterations of a schedule but those of checkpoints."""
    text = re.sub(r'save \d+', '', '\n'.join(lines))
    return [int(found) for found in re.findall(r'(?<=[= ])\d+', text)]


def test_all_configs_are_in_the_table():
    paths = [*CONFIGS.glob('*.py'), *CONFIGS.glob('relatives/*.py')]
    names = [str(p.relative_to(CONFIGS).with_suffix('')) for p in paths]
    assert sorted(TABLE) == sorted(names)


@pytest.mark.parametrize('name', TABLE)
def test_iterations_are_those_of_the_table(name, tmp_path):
    lines = schedule(name, tmp_path)
    # in the order in which hooks of one priority are called
    assert [lines[0], *sorted(lines[1:])] == [
        TABLE[name][0],
        *sorted(TABLE[name][1:]),
    ]


@pytest.mark.parametrize('factor', [0.3, 7])
@pytest.mark.parametrize('name', TABLE)
def test_max_iters_alone_moves_everything(name, factor, tmp_path):
    old = numbers(TABLE[name])
    length = round(factor * old[0])
    lines = schedule(name, tmp_path, **{'train_cfg.max_iters': length})
    order = {line.split()[0]: line for line in lines}
    new = numbers([order[line.split()[0]] for line in TABLE[name]])
    assert new[0] == length
    rounding = 0.5 / old[0] + 0.5 / length
    for before, after in zip(old, new, strict=True):
        assert abs(before / old[0] - after / length) <= rounding + 1e-12
    for (x, a), (y, b) in combinations(zip(old, new), 2):
        if x == y:  # what happened together still does
            assert a == b
        elif x < y:  # and what came first, first
            assert a < b


def test_the_shortest_run_that_the_readme_names():
    config = Config.fromfile(CONFIGS / 'proto_camvid.py').to_dict()
    change_length(config, 12)
    with pytest.raises(ValueError, match='must come after'):
        change_length(config, 11)
