"""Load a checkpoint, and write another one that is derived from it."""

from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner.checkpoint import (
    load_checkpoint,
    save_checkpoint,
    weights_to_cpu,
)
from mmseg.apis import init_model
from torch import nn

from mmproto.models.facts import get_prototype_head
from mmproto.utils.files import atomic_path, check_writable


def choose_paths(
    checkpoint: str | Path, out: str | Path | None, ending: str
) -> tuple[Path, Path]:
    """Choose where to read and where to write.

    Args:
        checkpoint: Existing checkpoint.
        out: New checkpoint, by default ``<name>_<ending>.pth`` beside it.
        ending: A word for what is done, such as ``'edited'``.

    Returns:
        Paths of the existing and of the new checkpoint.

    Raises:
        FileNotFoundError: If the checkpoint is missing.
        ValueError: If ``out`` is the checkpoint itself or cannot be written.
    """
    source = Path(checkpoint)
    if not source.is_file():
        raise FileNotFoundError(f'there is no checkpoint at {source}')
    target = source.with_name(f'{source.stem}_{ending}.pth')
    target = target if out is None else Path(out)
    if target.resolve() == source.resolve():
        raise ValueError(
            f'{target} is the checkpoint itself, which is never overwritten; '
            f'choose another name for the {ending} one'
        )
    check_writable(target)
    return source, target


def load_strictly(
    cfg: Config, checkpoint: str | Path, device: str = 'cpu'
) -> tuple[Any, dict]:
    """Load a model, and refuse missing or unexpected weights.

    Args:
        cfg: Config of the training.
        checkpoint: File or URL.
        device: Device of the model.

    Returns:
        The model, as ``mmseg.apis.init_model`` returns it, and the meta
        information of the checkpoint.

    Raises:
        FileNotFoundError: If the checkpoint is missing.
        ValueError: If it does not fit the config, or the config has no
            ``PrototypeHead``.
    """
    if '://' not in str(checkpoint) and not Path(checkpoint).is_file():
        raise FileNotFoundError(f'there is no checkpoint at {checkpoint}')
    model = init_model(cfg, None, device)
    get_prototype_head(model)
    try:
        loaded = load_checkpoint(
            model, str(checkpoint), device, strict=True, logger='silent'
        )
    except RuntimeError as error:
        raise ValueError(
            f'{checkpoint} does not fit the config; give the config of its '
            f'training ({error})'
        ) from error
    meta = dict(loaded.get('meta') or {})
    model.dataset_meta = meta.get('dataset_meta') or {}
    return model, meta


def load_whole(cfg: Config, checkpoint: str | Path) -> tuple[Any, dict]:
    """Load a model, and refuse it without the names of its classes as well.

    Args:
        cfg: Config of the training.
        checkpoint: File or URL.

    Returns:
        The same as :func:`load_strictly`, on the CPU.

    Raises:
        FileNotFoundError: If the checkpoint is missing.
        ValueError: If it does not fit the config or names no classes.
    """
    model, meta = load_strictly(cfg, checkpoint)
    if not model.dataset_meta.get('classes'):
        raise ValueError(
            f'{checkpoint} does not name its classes '
            '(meta.dataset_meta.classes), as the checkpoints of a training '
            'do; add them'
        )
    return model, meta


def save_weights(model: nn.Module, meta: dict, target: Path) -> None:
    """Write weights and meta data, completely or not at all.

    Without the state of an optimizer, the checkpoint is for testing and for
    further training (``load_from``), not for resuming.
    """
    weights = weights_to_cpu(model.state_dict())
    with atomic_path(target) as temporary:
        save_checkpoint(dict(meta=meta, state_dict=weights), str(temporary))
