"""Which weights a module has, in one number."""

import hashlib

import torch
from torch import nn


def fingerprint(model: nn.Module, without: tuple[str, ...] = ()) -> str:
    """Return a hash of the weights of a model.

    Args:
        model: Any module.
        without: Prefixes of the names of weights to leave out.
    """
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        if not name.startswith(without):
            # Flat first: numbers without dimensions have no bytes to view.
            values = value.detach().cpu().flatten().contiguous()
            digest.update(values.view(torch.uint8).numpy())
    return digest.hexdigest()
