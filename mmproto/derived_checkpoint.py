"""Checkpoints that are made from another one, which stays as it is."""

from pathlib import Path

from mmengine.runner.checkpoint import save_checkpoint, weights_to_cpu
from torch import nn

from mmproto.files import atomic_path


def choose_paths(
    checkpoint: str | Path, out: str | Path | None, ending: str
) -> tuple[Path, Path]:
    """Where to read and where to write.

    Args:
        checkpoint: What is there.
        out: What is to be, ``<name>_<ending>.pth`` beside it by default.
        ending: What was done to it, in a word.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If ``out`` is the checkpoint itself.
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
    return source, target


def save_weights(model: nn.Module, meta: dict, target: Path) -> None:
    """Write weights and meta data, whole or not at all.

    Without an optimiser's state the checkpoint is for testing and for
    training on (``load_from``), not for resuming.
    """
    weights = weights_to_cpu(model.state_dict())
    with atomic_path(target) as temporary:
        save_checkpoint(dict(meta=meta, state_dict=weights), str(temporary))
