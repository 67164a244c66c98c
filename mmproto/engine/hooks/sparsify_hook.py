"""Hook that drives weights of the classifier to exact zeros."""

from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import Tensor

from mmproto.engine.run_state import optimizer_wrappers, progress
from mmproto.engine.shares import Moment, check_moments, hook_steps
from mmproto.engine.weight_pruning import (
    gradual_share,
    keep_largest,
    proximal_step,
    zero_smallest,
)
from mmproto.models.decode_heads import NonNegativeConv2d
from mmproto.models.facts import get_prototype_head
from mmproto.prototypes.clustering import share_concepts
from mmproto.registry import HOOKS

PIXELS = 'class_pixels'  # under this name in the runner's messages


@HOOKS.register_module()
class SparsifyHook(Hook):
    """Drive class weights to exact zeros, by a penalty or to a density.

    With ``strength``, every class weight loses the current learning rate
    times ``strength`` after each step of the optimizer, down to zero: what a
    gradient step on ``strength * sum(weights)`` would do, but with exact
    zeros. As the learning rate decays, so does the step.

    With ``target_zeros``, more and more of the smallest weights are set to
    zero, until that share is zero at ``end``; it is held from then on. The
    result does not depend on the learning rate or the link. With
    ``class_power``, each class keeps its own share of the weights,
    proportional to its pixels to this power. Without it the smallest weights
    of all classes go, which favours pure concepts and thus easy classes:
    classes that look different from case to case are left with one or two
    concepts.

    A weight at zero gets no gradient through the classifier's relu, but an
    optimizer with momentum still moves it for a while. The hook acts in
    training only, and not while the classifier is frozen.

    Args:
        strength: Factor of the L1 penalty, per unit of learning rate.
        target_zeros: Share of exact zeros to end with.
        class_power: Exponent of the pixels of a class, which are counted in
            training; 0 for the same number of weights per class, None to
            prune all classes together.
        begin: First iteration (or epoch) with steps, or a share of the run.
        end: First iteration (or epoch) without steps of the penalty, None for
            never; or the one by which the target is reached. May be a share.
        by_epoch: Whether ``begin`` and ``end`` count epochs.

    Raises:
        ValueError: Not exactly one of ``strength`` and ``target_zeros`` is
            given, one is out of range, ``end`` is not after ``begin``, or
            there is a target but no ``end``; and, when training starts, it
            ends before ``end``, no optimizer holds the classifier, or the
            classifier has negative weights.
    """

    # Before averaged copies are updated and before the scheduler changes the
    # learning rate of the step just made.
    priority = 'ABOVE_NORMAL'

    def __init__(
        self,
        strength: float | None = None,
        target_zeros: float | None = None,
        class_power: float | None = None,
        begin: Moment = 0,
        end: Moment | None = None,
        by_epoch: bool = False,
    ) -> None:
        _check_options(strength, target_zeros, class_power, end)
        self.moments = check_moments(
            'SparsifyHook', {'begin': begin, 'end': end}
        )
        self.strength = strength
        self.target_zeros = target_zeros
        self.class_power = class_power
        self.by_epoch = by_epoch
        self._begin = self._end = 0
        self._weight: Any = None

    def before_train(self, runner: Runner) -> None:
        """Check that the classifier has a learning rate, and time to prune."""
        steps = hook_steps(self, runner)
        self._begin, self._end = steps['begin'], steps['end']
        head = get_prototype_head(runner.model)
        if not isinstance(head.conv_seg, NonNegativeConv2d):
            raise ValueError(
                'SparsifyHook ends at weights of at least 0, but '
                f'{type(head.conv_seg).__name__} has negative ones too; use '
                'mmproto.SparsityLoss(spare_own_class=True), or '
                "classifier=dict(type='mmproto.NonNegativeConv2d')"
            )
        self._weight = head.conv_seg.weight
        find_group(runner, self._weight)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Take the step and log the share of zeros as classifier_zeros."""
        weight = self._weight
        if self.class_power is not None:
            count_pixels(runner, data_batch, len(weight))
        wrapper, group = find_group(runner, weight)
        # While gradients accumulate there is no optimizer step to follow.
        stepped = weight.requires_grad and wrapper.should_update()
        if stepped and self._is_due(runner):
            self._sparsify(runner, weight, group['lr'])
        zeros = (weight <= 0).float().mean().item()
        runner.message_hub.update_scalar('train/classifier_zeros', zeros)

    def _sparsify(self, runner: Runner, weight: Tensor, lr: float) -> None:
        if self.strength is not None:
            proximal_step(weight, lr * self.strength)
        elif self.target_zeros is not None:
            steps = progress(runner, self.by_epoch) + 1 - self._begin
            passed = min(steps / (self._end - self._begin), 1.0)
            self._prune(
                runner, weight, gradual_share(self.target_zeros, passed)
            )

    def _prune(self, runner: Runner, weight: Tensor, share: float) -> None:
        if self.class_power is None:
            zero_smallest(weight, share)
            return
        kept = max(round((1 - share) * weight.numel()), len(weight))
        # a class that did not occur yet keeps a weight all the same
        pixels = torch.tensor(runner.message_hub.get_info(PIXELS)).clamp(min=1)
        keep_largest(weight, share_concepts(pixels, kept, self.class_power))

    def _is_due(self, runner: Runner) -> bool:
        now = progress(runner, self.by_epoch)
        return now >= self._begin and (
            self.strength is None or now < self._end
        )


def count_pixels(runner: Runner, data_batch: dict, num_classes: int) -> None:
    """Add the labels of a batch of all ranks to what was seen before.

    The counts are kept with the runner's messages, so that they are resumed.
    """
    labels = torch.cat(
        [s.gt_sem_seg.data.flatten() for s in data_batch['data_samples']]
    )
    found = labels[labels < num_classes].long().bincount(minlength=num_classes)
    all_reduce(found)
    hub = runner.message_hub
    if PIXELS in hub.runtime_info:
        found = found.cpu() + torch.tensor(hub.get_info(PIXELS))
    hub.update_info(PIXELS, found.tolist())


def _check_options(
    strength: float | None,
    target_zeros: float | None,
    class_power: float | None,
    end: Moment | None,
) -> None:
    if (strength is None) == (target_zeros is None):
        raise ValueError(
            'SparsifyHook needs either strength or target_zeros, got '
            f'strength={strength} and target_zeros={target_zeros}'
        )
    if strength is not None and strength < 0:
        raise ValueError(f'strength must be at least 0, got {strength}')
    if target_zeros is not None and not 0 <= target_zeros < 1:
        raise ValueError(f'target_zeros must be in [0, 1), got {target_zeros}')
    if class_power is not None and (target_zeros is None or class_power < 0):
        raise ValueError(
            f'class_power={class_power} must be at least 0 and needs '
            'target_zeros, whose weights it shares out'
        )
    if target_zeros is not None and end is None:
        raise ValueError(
            f'target_zeros={target_zeros} needs an end, by which it is reached'
        )


def find_group(runner: Runner, weight: Tensor) -> tuple[OptimWrapper, dict]:
    """Return the optimizer wrapper and group that hold a parameter.

    Raises:
        ValueError: None does.
    """
    for wrapper in optimizer_wrappers(runner):
        for group in wrapper.optimizer.param_groups:
            if any(parameter is weight for parameter in group['params']):
                return wrapper, group
    raise ValueError(
        'no optimizer holds decode_head.conv_seg.weight, so its step has no '
        'learning rate; remove mmproto.SparsifyHook or the paramwise_cfg or '
        'optimizer constructor that leaves the classifier out'
    )
