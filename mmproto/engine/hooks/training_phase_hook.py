"""Hook that trains in named phases."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import nn

from mmproto.engine.phases import (
    Phase,
    check_patterns,
    parse_phases,
    phase_at,
    phase_ends,
    trainable_names,
)
from mmproto.engine.run_state import progress, rewrap_model
from mmproto.engine.shares import hook_steps
from mmproto.models import PrototypeHead
from mmproto.models.facts import bare_model, get_prototype_head
from mmproto.registry import HOOKS


@HOOKS.register_module()
class TrainingPhaseHook(Hook):
    """Decide, phase by phase, which parameters train and which losses count.

    Prototype networks learn in phases: ProtoPNet (Chen et al., 2019, section
    2.2) warms the prototypes up, then trains all, then the last layer alone;
    PIP-Net (Nauta et al., 2023, section 3.3) learns concepts before classes.

    The phase depends on the iteration (or epoch) alone, so a resumed run needs
    no state to be in the right one. A parameter that does not train has no
    gradient, so that optimizers skip it: no weight decay, no momentum.
    Normalisation layers whose running statistics a phase does not select are
    held in evaluation mode, as those change the function too. A phase never
    trains what the model itself froze (``frozen_stages``). The distributed
    wrapper is built again when the set of parameters changes.

    Args:
        phases: Dicts in order of time with ``name``, ``end`` (the first
            iteration that no longer belongs to the phase, or a share of the
            run; none for the last), ``train`` and ``freeze`` (lists of regular
            expressions that match at the start of a parameter's name, for
            instance ``['neck', 'decode_head']``; without ``train`` everything
            trains, ``freeze`` takes away from it) and ``losses`` (names of the
            head's losses that count; without it all do).
        by_epoch: Whether ``end`` counts epochs.

    Raises:
        ValueError: The phases are not well formed; and, when training starts,
            training ends before a phase begins, a pattern matches no
            parameter, a phase trains nothing, a loss is unknown, or the
            classifier trains without a loss that reaches it.

    Examples:
        >>> hook = dict(type='mmproto.TrainingPhaseHook', phases=[
        ...     dict(name='concepts', end=0.1, freeze=['backbone'],
        ...          losses=['loss_ce', 'loss_alignment']),
        ...     dict(name='all')])
    """

    def __init__(
        self, phases: Sequence[Mapping[str, Any]], by_epoch: bool = False
    ) -> None:
        self.phases: Sequence[Phase] = parse_phases(phases)
        self.moments = phase_ends(self.phases)
        self.by_epoch = by_epoch
        self._phase: Phase | None = None
        self._allowed: set[str] | None = None
        self._held: list[nn.Module] = []

    def before_train(self, runner: Runner) -> None:
        """Check all phases against the model and enter the one in force."""
        steps = hook_steps(self, runner)
        self._resolved = [
            replace(phase, end=end)
            for phase, end in zip(self.phases, steps.values())
        ]
        parameters = dict(bare_model(runner.model).named_parameters())
        if self._allowed is None:
            self._allowed = {
                name for name, p in parameters.items() if p.requires_grad
            }
        check_patterns(self.phases, parameters)
        for phase in self.phases:
            check_losses(
                phase,
                bare_model(runner.model),
                trainable_names(phase, self._allowed),
            )
        self._enter(runner, self._due(runner))

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Enter the phase that is due and hold its frozen statistics."""
        phase = self._due(runner)
        if phase is not self._phase:
            self._enter(runner, phase)
        # The loops call model.train() before every iteration or epoch.
        for module in self._held:
            module.eval()

    def _due(self, runner: Runner) -> Phase:
        return phase_at(self._resolved, progress(runner, self.by_epoch))

    def _enter(self, runner: Runner, phase: Phase) -> None:
        self._phase = phase
        model = bare_model(runner.model)
        chosen = trainable_names(phase, self._allowed or ())
        if set_trainable(model, chosen):
            rewrap_model(runner)
        if any(other.losses is not None for other in self.phases):
            get_prototype_head(model).set_active_losses(phase.losses)
        # Puts layers that the last phase held back into the model's own mode.
        runner.model.train()
        self._held = frozen_norms(model, phase)
        runner.message_hub.update_info('phase', phase.name)
        losses = 'all' if phase.losses is None else ', '.join(phase.losses)
        print_log(
            f"Phase '{phase.name}' from iteration {runner.iter}: "
            f'{len(chosen)} of {len(list(model.parameters()))} parameters '
            f'train, {len(self._held)} normalisation layers are held, '
            f'losses: {losses}',
            logger='current',
        )


def set_trainable(model: nn.Module, names: set[str]) -> bool:
    """Let exactly the named parameters train.

    Args:
        model: The model without a wrapper.
        names: Names of parameters.

    Returns:
        Whether anything changed.
    """
    changed = False
    for name, parameter in model.named_parameters():
        trains = name in names
        changed |= trains != parameter.requires_grad
        parameter.requires_grad_(trains)
        if not trains:
            # With a gradient, even of zeros, weight decay would go on.
            parameter.grad = None
    return changed


def frozen_norms(model: nn.Module, phase: Phase) -> list[nn.Module]:
    """Return layers with running statistics that the phase does not select."""
    return [
        module
        for name, module in model.named_modules()
        if getattr(module, 'running_mean', None) is not None
        and not phase.selects(f'{name}.running_mean')
    ]


def check_losses(phase: Phase, model: nn.Module, trained: set[str]) -> None:
    """Check the losses of a phase against the head.

    Args:
        phase: The phase.
        model: The model without a wrapper.
        trained: Names of the parameters that train in the phase.

    Raises:
        ValueError: A name is unknown, the list is empty, or the classifier
            trains while no loss that counts depends on it: distributed
            training would wait for its gradient for ever.
    """
    if phase.losses is None:
        return
    head = get_prototype_head(model)
    unknown = [name for name in phase.losses if name not in head.loss_names]
    if unknown or not phase.losses:
        raise ValueError(
            f"phase '{phase.name}': losses must name at least one of "
            f'{", ".join(head.loss_names)}, got {list(phase.losses)}'
        )
    reaching = classifier_losses(head)
    classifier = head.conv_seg.weight
    trains = any(
        p is classifier and name in trained
        for name, p in model.named_parameters()
    )
    if trains and not reaching.intersection(phase.losses):
        raise ValueError(
            f"phase '{phase.name}': the classifier (conv_seg) trains, but "
            f'none of the losses {list(phase.losses)} depends on it; add one '
            f"of {sorted(reaching)} or freeze 'decode_head.conv_seg'"
        )


def classifier_losses(head: PrototypeHead) -> set[str]:
    """Return names of the losses whose gradient reaches the classifier."""
    decode = head.loss_decode
    losses: list[Any] = (
        list(decode) if isinstance(decode, nn.ModuleList) else [decode]
    )
    concepts: list[Any] = list(head.concept_losses)
    losses += [loss for loss in concepts if loss.trains_classifier]
    return {loss.loss_name for loss in losses if loss.loss_weight}
