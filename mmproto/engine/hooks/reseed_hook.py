"""Hook that gives dead concepts a new start during training."""

from typing import Any

import torch
from mmengine.dist import (
    all_reduce,
    broadcast,
    broadcast_object_list,
    is_main_process,
)
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from mmproto.models.decode_heads.concept_state import labels_at_size
from mmproto.models.facts import bare_model, get_prototype_head
from mmproto.prototypes.reseeding import forget_moments, reseed
from mmproto.registry import HOOKS

PEAKS = 'concept_peaks'


@HOOKS.register_module()
class PrototypeReseedHook(Hook):
    """Moves dead concepts to what is explained worst, every ``interval``.

    A concept is dead if no pixel of all batches since the last look activated
    it by ``threshold``. Its prototypes, its classifier column and their
    moments in the optimizer are replaced, see
    :func:`mmproto.prototypes.reseeding.reseed`, by what the first rank
    saw in the last batch. Looks on at the training's own forward passes.

    The new weight is one of middle size for its class. Where ``SparsifyHook``
    holds a density it takes another weight's place, or is pruned again if it
    is among the smallest by then. Nothing is replaced while the prototypes or
    the classifier are frozen, nor where no loss needs the classifier.

    The largest activations so far are kept in the message hub, with which
    they are saved and resumed.

    Args:
        interval: Iterations between looks, long enough for all that is rare
            to be seen.
        begin: First iteration that is looked at.
        end: First iteration that no longer is, None for never. Leave the
            new ones time to learn.
        threshold: Activation that shows a concept to be alive.

    Raises:
        ValueError: ``interval`` is below 1, ``threshold`` not positive,
            ``begin`` negative or ``end`` less than ``interval`` after it; and,
            when training starts, the layer has no vectors.
    """

    # Before the classifier is made sparse, prototypes are projected and
    # averaged copies updated.
    priority = 'HIGH'

    def __init__(
        self,
        interval: int,
        begin: int = 0,
        end: int | None = None,
        threshold: float = 0.1,
    ) -> None:
        if interval < 1 or not threshold > 0:
            raise ValueError(
                'interval must be at least 1 and threshold above 0, got '
                f'interval={interval} and threshold={threshold}'
            )
        if begin < 0 or (end is not None and end < begin + interval):
            raise ValueError(
                'begin must be at least 0 and end an interval after it or '
                f'more, got begin={begin}, end={end} and interval={interval}'
            )
        self.interval = interval
        self.begin = begin
        self.end = end
        self.threshold = threshold
        self._peaks = torch.zeros(0)
        self._watching = self._due = False
        self._step: dict[str, Any] = {}
        self._handles: list[RemovableHandle] = []

    def before_train(self, runner: Runner) -> None:
        """Begins to listen to the model."""
        model: Any = bare_model(runner.model)
        head = get_prototype_head(model)
        layer, weight = head.prototype_layer, head.conv_seg.weight
        if layer.vectors is None:
            raise ValueError(
                f'{type(layer).__name__} has no prototype vectors to re-seed; '
                'remove PrototypeReseedHook'
            )
        self._peaks = weight.new_zeros(head.num_concepts)
        resumed = runner.message_hub.get_info(PEAKS)
        if resumed is not None:
            self._peaks.copy_(resumed)
        self._handles = [
            model.data_preprocessor.register_forward_hook(self._hear_samples),
            layer.register_forward_pre_hook(self._hear_latents),
            head.conv_seg.register_forward_hook(self._hear_evidence),
        ]

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Decides whether this iteration is watched, or even the last."""
        now = runner.iter
        ended = self.end is not None and now >= self.end
        self._watching = now >= self.begin and not ended
        passed = now + 1 - self.begin
        self._due = self._watching and passed % self.interval == 0

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Joins the ranks and, where it is time, looks for the dead."""
        if self._watching:
            all_reduce(self._peaks, 'max')
        if self._due:
            self._look(runner)
        if self._watching:
            runner.message_hub.update_info(PEAKS, self._peaks.clone())
        # Until the next iteration nothing that passes is training.
        self._watching = self._due = False

    def after_train(self, runner: Runner) -> None:
        """Leaves nothing behind in the model."""
        for handle in self._handles:
            handle.remove()

    def _hear_samples(
        self, module: nn.Module, inputs: tuple, output: dict
    ) -> None:
        """The padded label maps of the batch."""
        if self._due:
            self._step['samples'] = output['data_samples']

    def _hear_latents(self, module: nn.Module, inputs: tuple) -> None:
        """What the prototypes are compared with."""
        if self._due:
            self._step['latents'] = inputs[0].detach()

    def _hear_evidence(
        self, module: nn.Module, inputs: tuple, output: Tensor
    ) -> None:
        """The classifier's input, for the peaks, and its output."""
        if self._watching:
            peaks = inputs[0].detach().amax(dim=(0, 2, 3))
            self._peaks = self._peaks.maximum(peaks.to(self._peaks))
        if self._due:
            self._step['evidence'] = output.detach()

    def _look(self, runner: Runner) -> None:
        """Finds the dead, has them replaced, and starts to count anew."""
        step, self._step = self._step, {}
        head = get_prototype_head(runner.model)
        parameters = (head.prototype_layer.vectors, head.conv_seg.weight)
        trains = all(parameter.requires_grad for parameter in parameters)
        dead = (self._peaks < self.threshold).nonzero().flatten()
        self._peaks = torch.zeros_like(self._peaks)
        if 'evidence' not in step or not trains:
            return
        seeded = self._reseed(runner, dead, step) if len(dead) else []
        runner.message_hub.update_scalar(
            'train/concepts_reseeded', len(seeded)
        )
        if seeded:
            print_log(
                f'Re-seeded {len(seeded)} of {len(dead)} dead concepts: '
                f'{", ".join(map(str, seeded))}',
                logger='current',
            )

    def _reseed(self, runner: Runner, dead: Tensor, step: dict) -> list[int]:
        """Acts on the first rank, hands the parameters to all others."""
        head = get_prototype_head(runner.model)
        shared: list[list[int]] = [[]]
        if is_main_process():
            evidence = step['evidence']  # N,C,H,W
            labels = labels_at_size(step['samples'], evidence.shape[-2:])
            wrong = evidence.argmax(dim=1) != labels
            found = reseed(head, dead, step['latents'], labels, wrong)
            shared = [found.tolist()]
        broadcast_object_list(shared)
        for parameter in (head.prototype_layer.vectors, head.conv_seg.weight):
            broadcast(parameter.data)
        concepts = torch.as_tensor(shared[0], device=dead.device).long()
        forget_moments(_optimizers(runner), head, concepts)
        return shared[0]


def _optimizers(runner: Runner) -> list[Optimizer]:
    """All optimizers of the training."""
    wrapper = runner.optim_wrapper
    several = isinstance(wrapper, OptimWrapperDict)
    wrappers = wrapper.values() if several else [wrapper]
    return [each.optimizer for each in wrappers]
