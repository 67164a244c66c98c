"""Runs of the tiny config, and a hook that keeps what happened."""

from uuid import uuid4

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner


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
