"""Hook: prototypes from clusters of latents, at one point of training."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmproto.datasets.plain_loader import projection_dataloader
from mmproto.models.facts import get_prototype_head
from mmproto.prototypes.init_options import InitOptions
from mmproto.prototypes.initialization import init_prototypes
from mmproto.registry import HOOKS


@HOOKS.register_module()
class PrototypeInitHook(Hook):
    """Cluster the latents before one iteration; see ``init_prototypes``.

    Put it where a phase begins that trains prototypes and classifier: what
    came before only has to make the latents separate the classes. A resumed
    training that is past that iteration does not cluster again.

    Args:
        begin: Iteration before which the prototypes are initialised.
        **options: Of :class:`mmproto.prototypes.init_options.InitOptions`.

    Raises:
        ValueError: If ``begin`` is negative or an option out of range.
    """

    # Before the phases' hook, which may have the model wrapped anew.
    priority = 'VERY_HIGH'

    def __init__(self, begin: int, **options: Any) -> None:
        if begin < 0:
            raise ValueError(f'begin must be an iteration, got {begin}')
        self.begin = begin
        self.options = InitOptions(**options)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Cluster where the time has come."""
        if runner.iter != self.begin:
            return
        loader = Runner.build_dataloader(
            projection_dataloader(runner.cfg), seed=self.options.seed
        )
        print_log('Initialising prototypes by clustering', logger='current')
        init_prototypes(runner.model, loader, self.options)
        self._forget(runner)

    def _forget(self, runner: Runner) -> None:
        """Drop what optimiser and losses remember of the old concepts."""
        head = get_prototype_head(runner.model)
        for memory in head.concept_losses.buffers():
            memory.zero_()
        for parameter in (head.prototype_layer.vectors, head.conv_seg.weight):
            runner.optim_wrapper.optimizer.state.pop(parameter, None)
