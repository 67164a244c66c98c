"""Read public files and write checkpoints of mmproto."""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from mmseg.datasets import CityscapesDataset
from torch import Tensor

from mmproto.checkpoints.derived import choose_paths
from mmproto.utils.files import atomic_path

from .places import ScaleRanges

EXPORT = (
    "export it where the public code runs: model = torch.load('model.pth'); "
    'torch.save(dict(state_dict=model.state_dict(), '
    'prototype_class_identity=model.prototype_class_identity, '
    "scale_num_prototypes=getattr(model, 'scale_num_prototypes', None)), "
    "'exported.pth')"
)


# convert_protoseg or convert_scaleprotoseg
Converter = Callable[
    [Mapping[str, Tensor], int, Tensor | None, ScaleRanges | None],
    dict[str, Tensor],
]


def convert_file(
    checkpoint: str | Path,
    out: str | Path,
    convert: Converter,
    prototypes_per_class: int,
) -> str:
    """Convert an exported public model into a checkpoint.

    Args:
        checkpoint: A state dict, or a dict of ``state_dict`` and, for pruned
            models, ``prototype_class_identity`` and ``scale_num_prototypes``.
        out: Checkpoint to write, whole or not at all.
        convert: Converter of its state dict.
        prototypes_per_class: For ``convert``.

    Returns:
        What was written, in one line.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If it is not an exported model of that kind, or ``out`` is
            the checkpoint itself.
    """
    source, target = choose_paths(checkpoint, out, 'converted')
    content = read_export(source)
    state = convert(
        content['state_dict'],
        prototypes_per_class,
        content.get('prototype_class_identity'),
        content.get('scale_num_prototypes'),
    )
    classes = len(state['decode_head.conv_seg.weight'])
    kept = state['decode_head.prototype_layer.kept']
    with atomic_path(target) as temporary:
        torch.save(dict(state_dict=state, meta=make_meta(classes)), temporary)
    return f'{int(kept.sum())} of {len(kept)} prototypes in {target}'


def read_export(path: Path) -> dict[str, Any]:
    """Read an exported model, without running code of the file.

    Args:
        path: The file.

    Returns:
        At least ``state_dict``.

    Raises:
        ValueError: If it is no state dict, such as a pickled model.
    """
    try:
        content = torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(
            f'{path} is no file of tensors, such as the pickled model that '
            f'the public code saves, which could run any code; {EXPORT}'
        ) from error
    if isinstance(content, dict) and 'state_dict' not in content:
        content = dict(state_dict=content)
    if not isinstance(content, dict) or not _is_state(content['state_dict']):
        raise ValueError(f'{path} holds no state dict; {EXPORT}')
    return content


def make_meta(num_classes: int) -> dict[str, dict]:
    """Return classes and palette if their number is that of Cityscapes.

    Args:
        num_classes: Number of classes; the public code orders the 19 as
            mmseg does.
    """
    cityscapes = CityscapesDataset.METAINFO
    if num_classes != len(cityscapes['classes']):
        return {}
    return dict(dataset_meta=dict(cityscapes))


def _is_state(state: Any) -> bool:
    return isinstance(state, dict) and all(
        isinstance(value, Tensor) for value in state.values()
    )
