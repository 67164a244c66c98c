"""Build a trained segmentor of mmseg, and load its weights."""

import copy
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.logging import print_log
from mmengine.registry import Registry, init_default_scope
from mmseg.models import DepthEstimator, EncoderDecoder
from mmseg.registry import DATASETS, MODELS
from torch import Tensor, nn

from mmproto.models.decode_heads import PrototypeHead
from mmproto.models.metainfo import class_colors, class_names

from .checkpoint_file import read_checkpoint

FIRST = 3  # names that a sentence about weights gives
AUXILIARY = 'auxiliary_head.'
COUNTER = 'num_batches_tracked'  # of a batch norm; evaluation ignores it


def read_black_box_config(path: str | Path) -> Config:
    """Read a config, which may import other packages.

    Raises:
        ValueError: If one of them is not installed.
    """
    try:
        return Config.fromfile(path)
    except ImportError as error:
        found = re.search(r'import (\w+)', str(error.__cause__ or error))
        if found is None:
            raise
        raise _missing_package(path, found[1]) from error


def load_black_box(
    cfg: Config,
    checkpoint: str | Path,
    trusted: bool = False,
    device: str = 'cpu',
) -> tuple[Any, dict]:
    """Load a segmentor that is to be explained.

    Args:
        cfg: Config of its training.
        checkpoint: Its file, see :func:`read_checkpoint`.
        trusted: Whether the file may run code.
        device: Device of the model.

    Returns:
        The segmentor in evaluation mode, without auxiliary heads, and
        ``dict(classes=..., palette=...)``: names and RGB colours, from the
        checkpoint, else from the data set of the config, else numbers.

    Raises:
        FileNotFoundError: If there is no checkpoint.
        ValueError: If the model is of another kind or cannot be built here,
            or the checkpoint cannot be read or does not fit.
    """
    model = _build(cfg)
    weights, meta = read_checkpoint(checkpoint, trusted)
    _load_weights(model, weights, checkpoint)
    model.dataset_meta = _dataset_meta(
        meta, cfg, model.num_classes, checkpoint
    )
    model.cfg = cfg  # mmseg.apis look for it
    return model.to(device).eval(), dict(model.dataset_meta)


def _build(cfg: Config) -> Any:
    """Build the model without weights; nothing is downloaded."""
    name = cfg.filename or 'the config'
    model_cfg = copy.deepcopy(cfg.get('model'))
    if not model_cfg:
        raise ValueError(f'{name} has no model')
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    _require_packages(model_cfg, name)
    kind = _class(MODELS, model_cfg.get('type'))
    if not issubclass(kind, EncoderDecoder) or issubclass(
        kind, DepthEstimator
    ):
        raise ValueError(
            f'{name} has a model of type {model_cfg.get("type")}, which '
            'cannot be explained: expected an EncoderDecoder or a '
            'CascadeEncoderDecoder of mmseg'
        )
    model_cfg.pop('auxiliary_head', None)  # of training only
    for part in _dicts(model_cfg):
        if 'pretrained' in part or part.get('type') == 'TIMMBackbone':
            part['pretrained'] = None
    try:
        model = MODELS.build(model_cfg)
    except Exception as error:  # whatever a type says to its arguments
        reason = str(error).strip().partition('\n')[0]
        raise ValueError(
            f'the model of {name} cannot be built here: {reason}'
        ) from error
    if any(isinstance(part, PrototypeHead) for part in model.modules()):
        raise ValueError(
            f'{name} is a model of mmproto already, which explains itself: '
            'see `mmproto explain`'
        )
    return model


def _class(registry: Registry, kind: Any) -> type:
    """Look up a type of a config, which may be the class itself."""
    found = kind if isinstance(kind, type) else registry.get(str(kind))
    return found or object


def _require_packages(model_cfg: dict, name: str) -> None:
    """Name the package of a type such as ``mmdet.X``, if it is missing."""
    scopes = {
        part['type'].partition('.')[0]
        for part in _dicts(model_cfg)
        if isinstance(part.get('type'), str) and '.' in part['type']
    }
    for scope in sorted(scopes & set(MODULE2PACKAGE)):
        if find_spec(scope) is None:
            raise _missing_package(name, scope)


def _missing_package(name: str | Path, module: str) -> ValueError:
    return ValueError(
        f'{name} needs the package {module}, which is not installed: run '
        f'`pip install {MODULE2PACKAGE.get(module, module)}`'
    )


def _dicts(cfg: Any) -> Iterator[dict]:
    """Walk through a config, down to every dict in it."""
    if isinstance(cfg, dict):
        yield cfg
        cfg = list(cfg.values())
    if isinstance(cfg, (list, tuple)):
        for part in cfg:
            yield from _dicts(part)


def _load_weights(
    model: nn.Module, weights: Mapping[str, Tensor], path: str | Path
) -> None:
    """Load all weights, and refuse if one is missing or has another shape."""
    try:
        # unlike mmengine's, it returns what is missing
        missing, unexpected = model.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        wrong = re.findall(r'size mismatch for (\S+):', str(error))
        if not wrong:
            raise
        raise ValueError(
            f'{path} does not fit the config: {_some(wrong)} of other shapes; '
            'give the config of its training, with its number of classes'
        ) from error
    missing = [name for name in missing if not name.endswith(COUNTER)]
    unexpected = [n for n in unexpected if not n.startswith(AUXILIARY)]
    if missing:
        raise ValueError(
            f'{path} does not fit the config: of {len(model.state_dict())} '
            f'weights it lacks {_some(missing)}'
            + (f' and has {_some(unexpected)} too many' if unexpected else '')
            + '; give the config of its training'
        )
    if unexpected:
        print_log(
            f'{path} has {_some(unexpected)} that the model of the config '
            'lacks: is it the config of its training?',
            logger='current',
            level=logging.WARNING,
        )


def _some(names: Sequence[str]) -> str:
    """Count names of weights and give the first few."""
    more = f', and {len(names) - FIRST} more' if len(names) > FIRST else ''
    return f'{len(names)} ({", ".join(names[:FIRST])}{more})'


def _dataset_meta(
    meta: Mapping, cfg: Config, num_classes: int, path: str | Path
) -> dict:
    """Look for the names of the classes, and check their number."""
    source, found = str(path), dict(meta.get('dataset_meta') or {})
    if not found.get('classes'):  # mmseg 0.x
        found = dict(classes=meta.get('CLASSES'), palette=meta.get('PALETTE'))
    if not found['classes']:
        source, found = 'the data set of the config', _data_set_meta(cfg)
    classes, palette = found.get('classes') or (), found.get('palette')
    if classes and len(classes) != num_classes:
        raise ValueError(
            f'{source} names {len(classes)} classes, but the model of the '
            f'config has {num_classes}'
        )
    if palette is None or any(len(colour) != 3 for colour in palette):
        palette = ()  # a colour may be an array, which was not read
    return dict(
        classes=class_names(dict(classes=classes), num_classes),
        palette=class_colors(dict(palette=palette), num_classes),
    )


def _data_set_meta(cfg: Config) -> dict:
    """Ask the first data set of the config, whose files may be elsewhere."""
    for split in ('train', 'val', 'test'):
        data = (cfg.get(f'{split}_dataloader') or {}).get('dataset')
        while data and ('dataset' in data or 'datasets' in data):  # wrappers
            data = data.get('dataset') or data['datasets'][0]
        if data and _class(DATASETS, data['type']) is not object:
            lazy = dict(data, pipeline=[], lazy_init=True)
            return dict(DATASETS.build(lazy).metainfo)
    return {}
