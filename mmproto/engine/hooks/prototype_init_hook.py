"""Hook: prototypes from clusters of latents, at one point of training."""

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmproto.initialization import init_prototypes
from mmproto.models.utils import get_prototype_head
from mmproto.projection_data import projection_dataloader
from mmproto.registry import HOOKS


@HOOKS.register_module()
class PrototypeInitHook(Hook):
    """Cluster the latents before one iteration; see ``init_prototypes``.

    Put it where a phase begins that trains prototypes and classifier: what
    came before only has to make the latents separate the classes. A resumed
    training that is past that iteration does not cluster again.

    Args:
        begin: Iteration before which the prototypes are initialised.
        pixels_per_class: Pixels drawn of each class of each image, at most.
        min_share: Smaller shares of a concept become exact zeros.
        seed: Of the draw and of the clustering.

    Raises:
        ValueError: If ``begin`` is negative.
    """

    # Before the phases' hook, which may have the model wrapped anew.
    priority = 'VERY_HIGH'

    def __init__(
        self,
        begin: int,
        pixels_per_class: int = 20,
        min_share: float = 0.05,
        seed: int = 0,
    ) -> None:
        if begin < 0:
            raise ValueError(f'begin must be an iteration, got {begin}')
        self.begin = begin
        self.pixels_per_class = pixels_per_class
        self.min_share = min_share
        self.seed = seed

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Cluster where the time has come."""
        if runner.iter != self.begin:
            return
        loader = Runner.build_dataloader(
            projection_dataloader(runner.cfg), seed=self.seed
        )
        print_log('Initialising prototypes by clustering', logger='current')
        init_prototypes(
            runner.model,
            loader,
            self.pixels_per_class,
            self.min_share,
            self.seed,
        )
        self._forget_moments(runner)

    def _forget_moments(self, runner: Runner) -> None:
        """Drop the optimiser's state of the parameters just replaced."""
        head = get_prototype_head(runner.model)
        for parameter in (head.prototype_layer.vectors, head.conv_seg.weight):
            runner.optim_wrapper.optimizer.state.pop(parameter, None)
