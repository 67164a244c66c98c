"""What every concept loss has in common."""

import math
from typing import ClassVar

from torch import Tensor, nn


class ConceptLoss(nn.Module):
    """Base of losses on what :class:`PrototypeHead` computes beside evidence.

    The head looks up the tensors named in :attr:`inputs` and passes them to
    ``forward``; it leaves the loss out when ``loss_weight`` is 0.

    Args:
        loss_weight: Factor of the loss, at least 0.
        loss_name: Key in the log. It has to contain ``loss``, because
            mmengine adds exactly such keys to the total.

    Raises:
        ValueError: If the weight is negative or not finite, or if the name
            would not count as a loss.
    """

    inputs: ClassVar[tuple[str, ...]] = ()
    # Whether the classifier gets a gradient.
    trains_classifier: ClassVar[bool] = False

    def __init__(self, loss_weight: float, loss_name: str) -> None:
        super().__init__()
        if not math.isfinite(loss_weight) or loss_weight < 0:
            raise ValueError(
                f'{type(self).__name__}: loss_weight is {loss_weight}, '
                'expected a finite number >= 0 (what has to grow carries '
                'its minus sign already)'
            )
        if 'loss' not in loss_name:
            raise ValueError(
                f"{type(self).__name__}: loss_name '{loss_name}' does not "
                "contain 'loss', so mmengine would log the value but not "
                "train on it; call it 'loss_...'"
            )
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def extra_repr(self) -> str:
        """Name the loss and its weight, for the printed model."""
        return f'{self.loss_name}, weight={self.loss_weight}'

    def _check_positive(self, **values: float) -> None:
        """Refuse arguments that are not finite numbers above 0."""
        for name, value in values.items():
            if not math.isfinite(value) or value <= 0:
                raise ValueError(
                    f'{type(self).__name__}: {name} is {value}, expected a '
                    'finite number > 0'
                )


def check_same_shape(first: Tensor, second: Tensor, names: str) -> None:
    """Refuse two tensors of different shapes.

    Args:
        first: Any tensor.
        second: Any tensor.
        names: What they are, for the message.

    Raises:
        ValueError: If the shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(
            f'{names} have to have the same shape, got '
            f'{tuple(first.shape)} and {tuple(second.shape)}'
        )
