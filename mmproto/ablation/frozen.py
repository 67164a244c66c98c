"""Sweeps on the frozen features of one backbone."""

from pathlib import Path

from .runs import Edit
from .sweep import Row

HOOK = 'mmproto.FrozenFeaturesHook'


def on_features(checkpoint: str | Path, edit: Edit | None = None) -> Edit:
    """Let every row train all but its backbone, on features on the disk.

    Rows with the same backbone share their features.

    Args:
        checkpoint: A segmentor whose backbone all rows get.
        edit: Changes to make before.

    Returns:
        What changes the config of a row.

    Raises:
        FileNotFoundError: There is no checkpoint.
    """
    path = Path(checkpoint)
    if not path.is_file():
        raise FileNotFoundError(f'there is no checkpoint at {path}')
    start = dict(
        type='Pretrained', checkpoint=str(path.resolve()), prefix='backbone.'
    )

    def freeze(row: Row, config: dict) -> dict:
        """Freeze the backbone of a row."""
        if edit is not None:
            config = edit(row, config)
        model = config['model']
        backbone = {**model['backbone'], 'init_cfg': start}
        return config | dict(
            model={**model, 'backbone': backbone},
            custom_hooks=[*config.get('custom_hooks', []), dict(type=HOOK)],
        )

    return freeze
