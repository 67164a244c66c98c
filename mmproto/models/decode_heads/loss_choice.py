"""Which losses of a head count in a phase of training."""

from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn


class LossChoice:
    """Hold the losses of a head; a phase may choose some of them by name."""

    loss_decode: Any  # of mmseg: one loss or several
    concept_losses: Any
    active_losses: frozenset[str] | None

    @property
    def loss_names(self) -> tuple[str, ...]:
        """Names of all losses, mmseg's first."""
        return tuple(
            loss.loss_name
            for loss in [*self._decode_losses, *self.concept_losses]
        )

    def set_active_losses(self, names: Iterable[str] | None) -> None:
        """Choose the losses to compute.

        Args:
            names: Loss names, or ``None`` for all.

        Raises:
            ValueError: If the head has no loss of that name.
        """
        unknown = set(names or ()) - set(self.loss_names)
        if unknown:
            raise ValueError(
                f'unknown losses {sorted(unknown)}; this head has '
                f'{list(self.loss_names)}'
            )
        self.active_losses = None if names is None else frozenset(names)

    @property
    def _decode_losses(self) -> list[Any]:
        if isinstance(self.loss_decode, nn.ModuleList):
            return list(self.loss_decode)
        return [self.loss_decode]

    def _counts(self, loss: Any) -> bool:
        active = self.active_losses
        return bool(
            loss.loss_weight != 0
            and (active is None or loss.loss_name in active)
        )

    def _concept_loss_values(self, state: Any) -> dict[str, Tensor]:
        """Compute the concept losses that count from what they ask for."""
        return {
            loss.loss_name: loss(**{n: getattr(state, n) for n in loss.inputs})
            for loss in self.concept_losses
            if self._counts(loss)
        }
