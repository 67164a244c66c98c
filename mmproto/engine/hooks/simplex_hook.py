"""Hook that keeps the weights of groups on the simplex."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmproto.models.decode_heads import PrototypeHead, SimplexGroups
from mmproto.models.facts import get_prototype_head
from mmproto.registry import HOOKS


@HOOKS.register_module()
class SimplexHook(Hook):
    """Project the weights of ``SimplexGroups`` after every step.

    Projected gradient descent: ScaleProtoSeg,
    https://arxiv.org/abs/2409.09497, section 3.2. Pruned prototypes, also
    those of the checkpoint that training starts from, get no weight.

    Raises:
        ValueError: The head has no groups, when training starts.
    """

    # Before averaged copies are updated and checkpoints are saved.
    priority = 'ABOVE_NORMAL'

    def before_train(self, runner: Runner) -> None:
        """Project what was loaded."""
        head = self._head = get_prototype_head(runner.model)
        if not isinstance(head.concept_pooling, SimplexGroups):
            raise ValueError(
                'SimplexHook needs decode_head.concept_pooling=dict(type='
                f"'mmproto.SimplexGroups'), the head has "
                f'{head.concept_pooling}'
            )
        project_groups(head)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Project what the optimizer moved."""
        if self._head.concept_pooling.weight.requires_grad:
            project_groups(self._head)


def project_groups(head: PrototypeHead) -> None:
    """Put the group weights of a head on the simplex, in place."""
    kept = getattr(head.prototype_layer, 'kept', None)
    head.concept_pooling.project(kept)
