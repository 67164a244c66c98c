"""Weights, config and meta information in one file that runs no code.

The config is stored as a Python literal, not as a program: loading a
stranger's file is safe, and tuples, which mmseg distinguishes from lists, stay
tuples.
"""

import ast
import json
from pathlib import Path
from pprint import pformat
from typing import Any

import numpy as np
from mmengine.config import Config
from mmseg.apis import init_model

from mmproto.utils.files import atomic_path
from mmproto.utils.requirements import require
from mmproto.version import __version__

# Everything else in the metadata is about the data set: classes, palette, ...
OWN = ('format', 'mmproto', 'config')


def save_safetensors(model: Any, path: str | Path) -> None:
    """Write weights, and everything needed to build and explain the model.

    The metadata has ``config``, a Python literal, and ``classes``,
    ``palette``, ``projection`` and whatever else the model knows about its
    data set, each as JSON.

    Args:
        model: Model from ``mmseg.apis.init_model``.
        path: File to write.

    Raises:
        ImportError: If safetensors is not installed.
        ValueError: If the config or the meta information of the data set has
            values that are not plain types.
    """
    torch_format = require('safetensors.torch')
    tensors = {
        # in memory of its own: safetensors refuses tensors that share memory
        name: value.detach().cpu().clone().contiguous()
        for name, value in model.state_dict().items()
    }
    metadata = dict(
        format='pt',
        mmproto=__version__,
        config=_to_literal(model.cfg.to_dict()),
        **{
            key: _to_json(key, value)
            for key, value in model.dataset_meta.items()
            if key not in OWN
        },
    )
    with atomic_path(path) as temporary:
        # save_file would make the file readable for its owner only
        temporary.write_bytes(torch_format.save(tensors, metadata))


def load_safetensors(path: str | Path, device: str = 'cpu') -> Any:
    """Load a model, as ``mmseg.apis.init_model`` does.

    Import modules outside mmseg and mmproto that the config names before:
    its ``custom_imports`` are ignored.

    Args:
        path: File from ``mmproto export``.
        device: Device of the model.

    Returns:
        The segmentor in evaluation mode, with ``cfg`` and ``dataset_meta``.

    Raises:
        ImportError: If safetensors is not installed.
        FileNotFoundError: If the file is missing.
        ValueError: If the file is not from ``mmproto export``.

    Example:
        >>> model = load_safetensors('model.safetensors')  # doctest: +SKIP
        >>> explanation = mmproto.explain(
        ...     model, 'street.png', point=(640, 360)
        ... )  # doctest: +SKIP
    """
    safetensors = require('safetensors')
    if not Path(path).is_file():
        raise FileNotFoundError(f'there is no file {path}')
    try:
        with safetensors.safe_open(path, 'pt', device='cpu') as file:
            metadata = file.metadata() or {}
        meta = {k: json.loads(v) for k, v in metadata.items() if k not in OWN}
        model = init_model(
            Config(ast.literal_eval(metadata['config'])), None, device
        )
        model.load_state_dict(require('safetensors.torch').load_file(path))
    except (
        safetensors.SafetensorError,
        KeyError,
        RuntimeError,
        SyntaxError,
        ValueError,
    ) as error:
        raise ValueError(
            f'{path} is no model of mmproto export: {error}'
        ) from error
    model.dataset_meta = meta
    return model


def _to_literal(config: dict) -> str:
    text = pformat(config, sort_dicts=False)
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise ValueError(
            f'the config is more than plain types ({error}); name types by '
            'strings'
        ) from error
    return text


def _to_json(key: str, value: Any) -> str:
    try:
        return json.dumps(value, default=_plain)
    except TypeError as error:
        raise ValueError(
            f'{key} cannot be written as JSON: {error}; use plain types'
        ) from error


def _plain(value: Any) -> Any:
    """Turn arrays, which data sets use for palettes, into lists."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f'{value!r} is a {type(value).__name__}')
