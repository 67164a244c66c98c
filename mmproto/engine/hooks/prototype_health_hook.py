"""Hook that watches how concepts are used on the validation set."""

import logging
from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mmproto.evaluation.functional.concept_usage import (
    BatchUsage,
    ConceptHealth,
    compute_health,
    duplicate_pairs,
    empty_usage,
    measure_batch,
    reduce_usage,
    update_usage,
)
from mmproto.evaluation.functional.states import merge_states
from mmproto.models.facts import get_prototype_head
from mmproto.registry import HOOKS

SHOWN = 20


@HOOKS.register_module()
class PrototypeHealthHook(Hook):
    """Find concepts that explain nothing, while a model is validated.

    *Dead* concepts reach the threshold in no image, *one-image* concepts in
    exactly one. *Duplicates* are pairs of prototypes of different concepts
    with nearly the same direction; where the prototype layer has no vectors,
    pairs of concepts with nearly the same maps. The entropy of the concepts'
    shares of all activation, and its exponential, the effective number of
    concepts, fall when concepts collapse. All are logged as
    ``val/concepts_*`` (no key may contain the word that marks losses), their
    ids as warnings.

    The hook looks at the input of the head's classifier in every forward pass
    of the validation loop, including passes that a metric adds. Memory does
    not grow with the number of images.

    Args:
        interval: Watch every ``interval``-th validation of the run.
        dead_threshold: Activation that shows a concept to be present.
        duplicate_cosine: Cosine above which two count as the same.

    Raises:
        ValueError: ``interval`` is below 1, or a number is outside [0, 1].
    """

    # Before averaged weights are swapped out: the vectors have to be those
    # that were validated.
    priority = 'ABOVE_NORMAL'

    def __init__(
        self,
        interval: int = 1,
        dead_threshold: float = 0.1,
        duplicate_cosine: float = 0.95,
    ) -> None:
        if interval < 1:
            raise ValueError(f'interval must be at least 1, got {interval}')
        for name, value in (
            ('dead_threshold', dead_threshold),
            ('duplicate_cosine', duplicate_cosine),
        ):
            if not 0 <= value <= 1:
                raise ValueError(f'{name} must be in [0, 1], got {value}')
        self.interval = interval
        self.dead_threshold = dead_threshold
        self.duplicate_cosine = duplicate_cosine
        self._validations = 0
        self._handle: RemovableHandle | None = None
        self._batch: BatchUsage | None = None

    def before_val_epoch(self, runner: Runner) -> None:
        """Begin to listen to the classifier's input."""
        # A validation that failed never reached its end.
        self._stop()
        self._validations += 1
        if self._validations % self.interval:
            return
        head = self._head = get_prototype_head(runner.model)
        self._usage = empty_usage(head.num_concepts)
        self._with_gram = head.prototype_layer.vectors is None
        self._handle = head.conv_seg.register_forward_pre_hook(self._listen)

    def _listen(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        batch = measure_batch(inputs[0], self._with_gram)
        if self._batch is not None:
            if self._batch.peak.shape == batch.peak.shape:
                batch = merge_states(self._batch, batch)
            else:
                self._finish_batch()
        self._batch = batch

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence | None = None,
    ) -> None:
        """Add the batch, all of whose windows have been seen by now."""
        self._finish_batch()

    def _finish_batch(self) -> None:
        if self._batch is not None:
            self._usage = update_usage(
                self._usage, self._batch, self.dead_threshold
            )
        self._batch = None

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Join the ranks, log and warn."""
        if self._handle is None:
            return
        self._stop()
        reduce_usage(self._usage)
        vectors = self._head.prototype_layer.vectors
        if vectors is None:
            pairs = duplicate_pairs(self._usage.gram, self.duplicate_cosine)
        else:
            vectors = vectors.detach().double()
            concepts = self._head.prototype_concepts.tolist()
            pairs = [
                (first, second)
                for first, second in duplicate_pairs(
                    vectors @ vectors.T, self.duplicate_cosine
                )
                if concepts[first] != concepts[second]
            ]
        health = compute_health(self._usage, pairs)
        for name, value in scalars(health).items():
            runner.message_hub.update_scalar(f'val/concepts_{name}', value)
        kind = 'concepts' if vectors is None else 'prototypes'
        for line in warnings(health, kind):
            print_log(line, logger='current', level=logging.WARNING)

    def after_run(self, runner: Runner) -> None:
        """Leave nothing behind in the model."""
        self._stop()

    def _stop(self) -> None:
        if self._handle is not None:
            self._handle.remove()
        self._handle = self._batch = None


def scalars(health: ConceptHealth) -> dict[str, float]:
    """Return the logged numbers by name."""
    return {
        'dead': len(health.dead),
        'one_image': len(health.one_image),
        'duplicates': len(health.duplicates),
        'entropy': health.entropy,
        'effective': health.effective_number,
    }


def warnings(health: ConceptHealth, kind: str) -> list[str]:
    """Return a sentence for each kind of unhealthy concepts.

    Args:
        health: The numbers.
        kind: What the duplicates are pairs of.
    """
    found = (
        (health.dead, 'dead concepts, active in no validation image'),
        (health.one_image, 'concepts active in one validation image only'),
        (health.duplicates, f'pairs of {kind} that are nearly the same'),
    )
    return [f'{len(ids)} {what}: {_some(ids)}' for ids, what in found if ids]


def _some(ids: list) -> str:
    shown = ', '.join(str(item) for item in ids[:SHOWN])
    return shown + (', ...' if len(ids) > SHOWN else '')
