"""Runs of the tiny config, and what keeps what happened in them."""

import random
from uuid import uuid4

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmproto.visualization import PrototypeVisualizer


class Recorder(Hook):
    """Keeps what ``look(runner, outputs)`` returns in every iteration."""

    priority = 'LOWEST'

    def __init__(self, look):
        self.look = look
        self.seen = []

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        self.seen.append(self.look(runner, outputs))


@pytest.fixture
def build(tiny_config, monkeypatch):
    """Builds runners of the tiny config with hooks, without validation."""
    # Half the time of a run goes into layouting its config for the log.
    monkeypatch.setattr(Config, 'pretty_text', '')

    def build_runner(*hooks, look=None, val=False, **overrides):
        cfg = tiny_config.copy()
        cfg.log_level = 'ERROR'
        # Runners of one name share their logs and message hub.
        cfg.experiment_name = uuid4().hex
        cfg.default_hooks.checkpoint.interval = 1000
        if not val:
            cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
        # Keys with dots, such as 'train_cfg.max_iters', reach inside.
        cfg.merge_from_dict(overrides)
        cfg.custom_hooks = list(hooks)
        runner = Runner.from_cfg(cfg)
        runner.recorder = Recorder(look or (lambda runner, outputs: None))
        runner.register_hook(runner.recorder)
        return runner

    return build_runner


@pytest.fixture
def train(build, monkeypatch):
    """Trains with hooks and a visualizer that draws into files."""
    # calls compilers to say which versions there are
    monkeypatch.setattr(Runner, '_log_env', lambda *_: None)

    def run(*hooks, start=Runner.train, **overrides):
        settings = {
            'visualizer.type': 'mmproto.PrototypeVisualizer',
            'visualizer.name': uuid4().hex,  # those of one name are one
            'visualizer.vis_backends': [dict(type='LocalVisBackend')],
        }
        runner = build(
            *hooks,
            val=True,
            look=lambda runner, outputs: (
                outputs['loss'].item(),
                random.getstate(),
                np.random.get_state()[1].tolist(),
                torch.get_rng_state().tolist(),
            ),
            **{**settings, **overrides},
        )
        start(runner)
        return runner

    return run


class Shown(list):
    """What visualizers are given: (name, explanation or concepts, step)."""

    def __init__(self, monkeypatch):
        for method in ('add_explanation', 'add_concepts'):
            monkeypatch.setattr(
                PrototypeVisualizer,
                method,
                lambda _, name, what, *rest: self.append(
                    (name, what, next(r for r in rest if type(r) is int))
                ),
            )

    def names(self):
        return [(name, step) for name, _, step in self]

    def explanations(self):
        return [what for name, what, _ in self if name != 'concepts']


@pytest.fixture
def shown(monkeypatch):
    """Keeps what would be drawn, which takes most of the time."""
    return Shown(monkeypatch)
