"""Hook that drives weights of the classifier to exact zeros."""

from collections.abc import Iterator
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor

from mmproto.engine.run_state import bare_model, check_unit, progress
from mmproto.models.utils import get_prototype_head
from mmproto.registry import HOOKS


@torch.no_grad()
def proximal_step(weight: Tensor, threshold: float) -> None:
    """Soft threshold on the non-negative side, in place.

    ``w <- max(w - threshold, 0)``, the proximal operator of
    ``threshold * sum(w)`` on ``w >= 0`` (Parikh and Boyd, Proximal
    Algorithms, 2014, section 6.5.2). PIP-Net's classifier
    (https://arxiv.org/abs/2304.13643) takes it with a threshold of 1e-3.

    Args:
        weight: Any shape.
        threshold: What every weight loses, at least 0.
    """
    weight.sub_(threshold).clamp_(min=0)


@torch.no_grad()
def zero_smallest(weight: Tensor, share: float) -> None:
    """Set the smallest weights to zero, in place.

    The largest weight of each class stays: without any, a class could never
    be predicted again.

    Args:
        weight: Class weights (C,K,...); what is below zero counts as zero.
        share: Of all weights that have to be zero.
    """
    flat = weight.view(len(weight), -1)
    protected = flat.clone()
    protected.scatter_(1, flat.argmax(dim=1, keepdim=True), torch.inf)
    number = min(round(share * flat.numel()), flat.numel() - len(flat))
    smallest = protected.flatten().argsort(stable=True)[:number]
    weight.view(-1)[smallest] = 0
    weight.clamp_(min=0)


def gradual_share(target: float, passed: float) -> float:
    """Share of zeros on the way to a target, fast first and slow at the end.

    Zhu and Gupta 2017 (https://arxiv.org/abs/1710.01878), equation 1, from
    no zeros at all.

    Args:
        target: Share of zeros at the end.
        passed: Part of the way, from 0 to 1.
    """
    return target * (1 - (1 - passed) ** 3)


@HOOKS.register_module()
class SparsifyHook(Hook):
    """Drives class weights to exact zeros, by a penalty or to a density.

    With ``strength``, every class weight loses the current learning rate
    times ``strength`` after each step of the optimizer, down to zero: what a
    gradient step on ``strength * sum(weights)`` would do, but with exact
    zeros. As the learning rate decays, so does the step.

    With ``target_zeros``, the smallest weights are set to zero, more and more
    of them, until at ``end`` that share is zero; it is held from then on.
    This is the same whatever the learning rate and the link.

    A weight at zero gets no gradient through the classifier's relu, but an
    optimizer with momentum moves it all the same for a while. Runs in
    training only, and not while the classifier is frozen.

    Args:
        strength: Factor of the L1 penalty, per unit of learning rate.
        target_zeros: Share of exact zeros to end with.
        begin: First iteration (or epoch) with steps.
        end: First iteration (or epoch) without steps of the penalty again,
            None for never; or by which the target is reached.
        by_epoch: Whether ``begin`` and ``end`` count epochs.

    Raises:
        ValueError: Not exactly one of ``strength`` and ``target_zeros`` is
            given, one is out of range, ``end`` is not after ``begin``, or
            there is a target but no ``end``; and, when training starts, no
            optimizer holds the classifier.
    """

    # Before averaged copies are updated and before the scheduler changes the
    # learning rate of the step just made.
    priority = 'ABOVE_NORMAL'

    def __init__(
        self,
        strength: float | None = None,
        target_zeros: float | None = None,
        begin: int = 0,
        end: int | None = None,
        by_epoch: bool = False,
    ) -> None:
        _check_options(strength, target_zeros, end)
        if begin < 0 or (end is not None and end <= begin):
            raise ValueError(
                f'begin must be at least 0 and end after it, got begin={begin}'
                f' and end={end}'
            )
        self.strength = strength
        self.target_zeros = target_zeros
        self.begin = begin
        self.end = end
        self.by_epoch = by_epoch

    def before_train(self, runner: Runner) -> None:
        """Checks that the classifier has a learning rate."""
        check_unit(runner, self.by_epoch, type(self).__name__)
        head = get_prototype_head(bare_model(runner))
        find_group(runner.optim_wrapper, head.conv_seg.weight)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Takes the step and logs the share of zeros as classifier_zeros."""
        weight = get_prototype_head(bare_model(runner)).conv_seg.weight
        wrapper, group = find_group(runner.optim_wrapper, weight)
        # While gradients accumulate there is no optimizer step to follow.
        stepped = weight.requires_grad and wrapper.should_update()
        if stepped and self._is_due(runner):
            self._sparsify(runner, weight, group['lr'])
        zeros = (weight <= 0).float().mean().item()
        runner.message_hub.update_scalar('train/classifier_zeros', zeros)

    def _sparsify(self, runner: Runner, weight: Tensor, lr: float) -> None:
        if self.strength is not None:
            proximal_step(weight, lr * self.strength)
        elif self.target_zeros is not None and self.end is not None:
            steps = progress(runner, self.by_epoch) + 1 - self.begin
            passed = min(steps / (self.end - self.begin), 1.0)
            zero_smallest(weight, gradual_share(self.target_zeros, passed))

    def _is_due(self, runner: Runner) -> bool:
        now = progress(runner, self.by_epoch)
        ended = self.end is not None and now >= self.end
        return now >= self.begin and (self.strength is None or not ended)


def _check_options(
    strength: float | None, target_zeros: float | None, end: int | None
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
    if target_zeros is not None and end is None:
        raise ValueError(
            f'target_zeros={target_zeros} needs an end, by which it is reached'
        )


def find_group(
    optim_wrapper: OptimWrapper | OptimWrapperDict, weight: Tensor
) -> tuple[OptimWrapper, dict]:
    """The optimizer wrapper and parameter group that hold a parameter.

    Raises:
        ValueError: None does.
    """
    for wrapper in _wrappers(optim_wrapper):
        for group in wrapper.optimizer.param_groups:
            if any(parameter is weight for parameter in group['params']):
                return wrapper, group
    raise ValueError(
        'no optimizer holds decode_head.conv_seg.weight, so its step has no '
        'learning rate; remove mmproto.SparsifyHook or the paramwise_cfg or '
        'optimizer constructor that leaves the classifier out'
    )


def _wrappers(
    optim_wrapper: OptimWrapper | OptimWrapperDict,
) -> Iterator[OptimWrapper]:
    if isinstance(optim_wrapper, OptimWrapperDict):
        yield from optim_wrapper.values()
    else:
        yield optim_wrapper
