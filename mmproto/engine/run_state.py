"""What several hooks ask of, or do to, mmengine's runner."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from mmengine.model import is_model_wrapper
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def progress(runner: Runner, by_epoch: bool) -> int:
    """Epochs or iterations finished so far."""
    return runner.epoch if by_epoch else runner.iter


def check_unit(runner: Runner, by_epoch: bool, hook: str) -> None:
    """Refuses epochs where the loop does not count them.

    Raises:
        ValueError: ``by_epoch`` in an iteration-based loop, where the epoch
            stays 0 for ever.
    """
    if by_epoch and isinstance(runner.train_loop, IterBasedTrainLoop):
        raise ValueError(
            f'{hook}(by_epoch=True) needs an epoch-based train_cfg, got '
            'IterBasedTrainLoop; count in iterations with by_epoch=False'
        )


def rewrap_model(runner: Runner) -> None:
    """Builds the distributed wrapper anew; without one, does nothing.

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


def fingerprint(model: nn.Module, without: tuple[str, ...] = ()) -> str:
    """Hash of the weights of a model.

    Args:
        model: Any.
        without: What the names of weights begin with that do not count.
    """
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        if not name.startswith(without):
            # Flat first: numbers without dimensions have no bytes to view.
            values = value.detach().cpu().flatten().contiguous()
            digest.update(values.view(torch.uint8).numpy())
    return digest.hexdigest()


@contextmanager
def same_random_numbers() -> Iterator[None]:
    """Let Python and NumPy, by which pipelines draw, go on as before."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
