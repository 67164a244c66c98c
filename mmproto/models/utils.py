"""Finding mmproto's parts in a model."""

from typing import Any

from mmengine.model import is_model_wrapper

from .decode_heads import PrototypeHead


def get_prototype_head(model: Any) -> PrototypeHead:
    """Find the prototype head of a segmentor.

    Args:
        model: A segmentor, or a data-parallel wrapper of one.

    Raises:
        ValueError: If its decode head is not a ``PrototypeHead``.
    """
    if is_model_wrapper(model):
        model = model.module
    head = getattr(model, 'decode_head', None)
    if not isinstance(head, PrototypeHead):
        raise ValueError(
            f'{type(model).__name__} has decode head {type(head).__name__}; '
            'expected an mmproto.PrototypeHead'
        )
    return head
