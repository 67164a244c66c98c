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
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mmproto.engine.run_state import optimizer_wrappers
from mmproto.engine.shares import (
    Moment,
    check_moments,
    hook_steps,
    resolve_interval,
)
from mmproto.models.decode_heads.concept_state import labels_at_size
from mmproto.models.facts import bare_model, get_prototype_head
from mmproto.prototypes.reseeding import forget_moments, reseed
from mmproto.registry import HOOKS

PEAKS = 'concept_peaks'


@HOOKS.register_module()
class PrototypeReseedHook(Hook):
    """Move dead concepts to what is explained worst, every ``interval``.

    A concept is dead if no pixel of the batches since the last look activated
    it by ``threshold``. Its prototypes, its column of the classifier and their
    moments in the optimizer are replaced, see
    :func:`mmproto.prototypes.reseeding.reseed`, by what the first rank saw in
    the last batch. The hook watches the training's own forward passes.

    The new weight is of middle size for its class. Where ``SparsifyHook``
    holds a density, it takes the place of another weight, or is pruned again
    if it is among the smallest by then. Nothing is replaced while the
    prototypes or the classifier are frozen, nor where no loss needs the
    classifier.

    The message hub keeps the largest activations so far, so that they are
    saved and resumed with it.

    Args:
        interval: Iterations between looks, or a share of the run; long enough
            for everything rare to be seen.
        begin: First iteration to watch, or a share of the run.
        end: First iteration no longer watched, or a share; None for the end
            of the run. Leave new concepts time to learn.
        threshold: Activation that shows a concept to be alive.

    Raises:
        ValueError: ``interval`` is below 1, ``threshold`` not positive,
            ``begin`` negative or ``end`` less than ``interval`` after it; and,
            when training starts, it ends before that, or the layer has no
            vectors.
    """

    # Before the classifier is made sparse, prototypes are projected and
    # averaged copies updated.
    priority = 'HIGH'

    def __init__(
        self,
        interval: Moment,
        begin: Moment = 0,
        end: Moment | None = None,
        threshold: float = 0.1,
    ) -> None:
        if not threshold > 0:
            raise ValueError(f'threshold must be above 0, got {threshold}')
        check_moments('PrototypeReseedHook', {'interval': interval}, least=1)
        self.moments = check_moments(
            'PrototypeReseedHook', {'begin': begin, 'end': end}
        )
        self.interval = interval
        self.threshold = threshold
        self._begin = self._end = self._interval = 0
        self._peaks = torch.zeros(0)
        self._watching = self._due = False
        self._step: dict[str, Any] = {}
        self._handles: list[RemovableHandle] = []

    def before_train(self, runner: Runner) -> None:
        """Check that there is time for a look, and listen to the model."""
        self._resolve(runner)
        model: Any = bare_model(runner.model)
        head = self._head = get_prototype_head(model)
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

    def _resolve(self, runner: Runner) -> None:
        owner = 'PrototypeReseedHook'
        steps = hook_steps(self, runner)
        self._begin, self._end = steps['begin'], steps['end']
        self._interval = resolve_interval(
            owner, self.interval, runner.max_iters
        )
        if self._end < self._begin + self._interval:
            raise ValueError(
                f'{owner} has no time for a look: interval={self._interval} '
                f'from begin={self._begin} is after end={self._end}; shorten '
                'the interval or move the other two apart'
            )

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Decide whether to watch this iteration, and to look after it."""
        now = runner.iter
        self._watching = self._begin <= now < self._end
        passed = now + 1 - self._begin
        self._due = self._watching and passed % self._interval == 0

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Join the ranks and, when it is time, look for dead concepts."""
        if self._watching:
            all_reduce(self._peaks, 'max')
        if self._due:
            self._look(runner)
        if self._watching:
            runner.message_hub.update_info(PEAKS, self._peaks.clone())
        # Until the next iteration nothing that passes is training.
        self._watching = self._due = False

    def after_train(self, runner: Runner) -> None:
        """Leave nothing behind in the model."""
        for handle in self._handles:
            handle.remove()

    def _hear_samples(
        self, module: nn.Module, inputs: tuple, output: dict
    ) -> None:
        """Keep the padded label maps of the batch."""
        if self._due:
            self._step['samples'] = output['data_samples']

    def _hear_latents(self, module: nn.Module, inputs: tuple) -> None:
        """Keep the latents that prototypes are compared with."""
        if self._due:
            self._step['latents'] = inputs[0].detach()

    def _hear_evidence(
        self, module: nn.Module, inputs: tuple, output: Tensor
    ) -> None:
        """Keep the peaks of the classifier's input, and its output."""
        if self._watching:
            peaks = inputs[0].detach().amax(dim=(0, 2, 3))
            self._peaks = self._peaks.maximum(peaks.to(self._peaks))
        if self._due:
            self._step['evidence'] = output.detach()

    def _look(self, runner: Runner) -> None:
        """Replace dead concepts and start a new count."""
        step, self._step = self._step, {}
        trains = all(each.requires_grad for each in self._parameters())
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
        """Act on the first rank, hand the parameters to all others."""
        head = self._head
        shared: list[list[int]] = [[]]
        if is_main_process():
            evidence = step['evidence']  # N,C,H,W
            labels = labels_at_size(step['samples'], evidence.shape[-2:])
            wrong = evidence.argmax(dim=1) != labels
            found = reseed(head, dead, step['latents'], labels, wrong)
            shared = [found.tolist()]
        broadcast_object_list(shared)
        for parameter in self._parameters():
            broadcast(parameter.data)
        concepts = torch.as_tensor(shared[0], device=dead.device).long()
        wrappers = optimizer_wrappers(runner)
        optimizers = [each.optimizer for each in wrappers]
        forget_moments(optimizers, head, concepts)
        return shared[0]

    def _parameters(self) -> list[nn.Parameter]:
        """Return what decides where concepts are and what they speak for."""
        return [self._head.prototype_layer.vectors, self._head.conv_seg.weight]
