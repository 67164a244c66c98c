"""What several hooks ask of, or do to, mmengine's runner."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from torch.nn.parallel import DistributedDataParallel


def progress(runner: Runner, by_epoch: bool) -> int:
    """Return the epochs or iterations finished so far."""
    return runner.epoch if by_epoch else runner.iter


def optimizer_wrappers(runner: Runner) -> list[OptimWrapper]:
    """Return the wrappers of all optimizers of the training."""
    wrapper = runner.optim_wrapper
    several = isinstance(wrapper, OptimWrapperDict)
    return list(wrapper.values()) if several else [wrapper]


def rewrap_model(runner: Runner) -> None:
    """Build the distributed wrapper again; do nothing without one.

    ``DistributedDataParallel`` fixes the set of parameters it reduces, and
    their memory layout, when it is built: a parameter frozen later makes all
    ranks wait for its gradient. The parameters stay the same objects, so
    optimizers, schedulers and averaged copies keep their references. All
    ranks must come here together.

    Raises:
        ValueError: The wrapper is of another kind.
    """
    if not is_model_wrapper(runner.model):
        return
    if not isinstance(runner.model, DistributedDataParallel):
        raise ValueError(
            'phases and memory formats can change under '
            'DistributedDataParallel only, got '
            f'{type(runner.model).__name__} as model_wrapper_cfg'
        )
    # Dropped first, so that the old wrapper's buffers, as large as all
    # gradients, go before the new ones come.
    runner.model = runner.model.module
    runner.model = runner.wrap_model(
        runner.cfg.get('model_wrapper_cfg'), runner.model
    )
    # The runner compiles the wrapper's own train_step, once, at the start.
    runner._maybe_compile('train_step')


@contextmanager
def same_random_numbers() -> Iterator[None]:
    """Restore the random state of Python and NumPy, which pipelines use."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
