import gc
import weakref

import pytest
import torch
from mmengine.model import is_model_wrapper

from mmproto.engine.run_state import rewrap_model
from mmproto.models.facts import bare_model

WRAPPER = dict(
    type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False
)
PHASES = dict(
    type='mmproto.TrainingPhaseHook',
    phases=[
        dict(name='head', end=2, train=['decode_head']),
        dict(name='all'),
    ],
)


@pytest.fixture
def distributed(tmp_path, monkeypatch):
    """A process group of this process alone."""
    monkeypatch.setenv('LOCAL_RANK', '0')
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1
    )
    yield
    torch.distributed.destroy_process_group()


def test_wrapper_is_rebuilt_when_the_trained_set_changes(build, distributed):
    def look(runner, outputs):
        return weakref.ref(runner.model), outputs['loss'].item()

    plain = build(PHASES, look=lambda runner, outputs: outputs['loss'].item())
    plain.train()
    runner = build(
        PHASES, look=look, launcher='pytorch', model_wrapper_cfg=WRAPPER
    )
    model, first = runner.model.module, weakref.ref(runner.model)
    runner.train()
    gc.collect()
    wrappers, losses = zip(*runner.recorder.seen)
    assert bare_model(runner.model) is model
    # Built for everything, then the head, then everything again.
    assert [wrapper() is None for wrapper in wrappers] == [True] * 2 + [
        False
    ] * 2
    assert first() is None
    assert wrappers[2]() is wrappers[3]() is runner.model
    held = runner.optim_wrapper.optimizer.param_groups[0]['params']
    assert [id(p) for p in held] == [id(p) for p in model.parameters()]
    assert losses == pytest.approx(plain.recorder.seen, abs=1e-5)


def test_compiled_step_survives(build, distributed, monkeypatch):
    """mmengine compiles the wrapper's step, so a new wrapper needs it too."""
    compiled = []
    monkeypatch.setattr(
        torch, 'compile', lambda step, **_: compiled.append(step) or step
    )
    runner = build(
        PHASES, launcher='pytorch', model_wrapper_cfg=WRAPPER, compile=True
    )
    runner.train()
    assert compiled[-1].__self__ is runner.model


def test_model_without_wrapper_stays_as_it_is(build):
    runner = build()
    model = runner.model
    rewrap_model(runner)
    assert runner.model is model


def test_unknown_wrapper(build, distributed):
    runner = build(launcher='pytorch', model_wrapper_cfg=WRAPPER)
    runner.model.__class__ = type(
        'Sharded', (torch.nn.parallel.DataParallel,), {}
    )
    assert is_model_wrapper(runner.model)
    with pytest.raises(ValueError, match='Sharded'):
        rewrap_model(runner)
