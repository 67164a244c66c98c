"""Which losses of a head count in a phase of training."""

from collections.abc import Iterable
from typing import Any

from torch import nn


class LossChoice:
    """The losses of a head by name, of which a phase may choose some."""

    loss_decode: Any  # of mmseg: one loss or several
    concept_losses: Any
    active_losses: frozenset[str] | None

    @property
    def loss_names(self) -> tuple[str, ...]:
        """Names of all losses, those of mmseg first."""
        return tuple(
            loss.loss_name
            for loss in [*self._decode_losses, *self.concept_losses]
        )

    def set_active_losses(self, names: Iterable[str] | None) -> None:
        """Choose the losses that are computed.

        Args:
            names: Loss names, or ``None`` for all.

        Raises:
            ValueError: If the head has no loss of a name.
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
