"""Hook that clusters latents into prototypes, once during training."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmproto.datasets.plain_loader import projection_dataloader
from mmproto.engine.shares import Moment, check_moments, hook_steps
from mmproto.models.facts import get_prototype_head
from mmproto.prototypes.init_options import InitOptions
from mmproto.prototypes.initialization import init_prototypes
from mmproto.registry import HOOKS


@HOOKS.register_module()
class PrototypeInitHook(Hook):
    """Cluster the latents before one iteration; see ``init_prototypes``.

    Put it where a phase begins that trains prototypes and classifier: until
    then the latents only have to learn to separate the classes. A resumed
    training that is past that iteration does not cluster again.

    The images are those of a projection, unless the config has an
    ``init_dataloader``.

    Args:
        begin: Iteration before which the prototypes are initialised, or a
            share of the run.
        **options: Of :class:`mmproto.prototypes.init_options.InitOptions`.

    Raises:
        ValueError: ``begin`` is negative or an option out of range; and, when
            training starts, it ends before ``begin``.
    """

    # Before the phases' hook, which may wrap the model again.
    priority = 'VERY_HIGH'

    def __init__(self, begin: Moment, **options: Any) -> None:
        self.moments = check_moments(
            'PrototypeInitHook', {'begin': begin, 'end': None}
        )
        self.options = InitOptions(**options)
        self._begin = 0

    def before_train(self, runner: Runner) -> None:
        """Check that training comes to the iteration."""
        self._begin = hook_steps(self, runner)['begin']

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Cluster when the iteration has come."""
        if runner.iter != self._begin:
            return
        images = runner.cfg.get('init_dataloader')
        loader = Runner.build_dataloader(
            images or projection_dataloader(runner.cfg),
            seed=self.options.seed,
        )
        print_log('Initialising prototypes by clustering', logger='current')
        init_prototypes(runner.model, loader, self.options)
        self._forget(runner)

    def _forget(self, runner: Runner) -> None:
        """Drop what optimizer and losses remember of the old concepts."""
        head = get_prototype_head(runner.model)
        for memory in head.concept_losses.buffers():
            memory.zero_()
        for parameter in (head.prototype_layer.vectors, head.conv_seg.weight):
            runner.optim_wrapper.optimizer.state.pop(parameter, None)
