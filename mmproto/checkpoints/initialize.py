"""Write a checkpoint whose prototypes are initialised from clusters."""

from pathlib import Path

from mmengine.config import Config
from mmengine.runner import CheckpointLoader, Runner
from mmseg.apis import init_model
from torch import nn

from mmproto.checkpoints.derived import choose_paths, save_weights
from mmproto.datasets.plain_loader import projection_dataloader
from mmproto.models.facts import get_prototype_head
from mmproto.prototypes.init_options import InitOptions, InitReport
from mmproto.prototypes.initialization import init_prototypes

# Prototypes and classifier are replaced; what a loss remembers is about
# concepts that no longer exist.
REPLACED = (
    'decode_head.prototype_layer.vectors',
    'decode_head.conv_seg.weight',
    'decode_head.concept_losses.',
)


def init_checkpoint(
    cfg: Config,
    checkpoint: str | Path,
    out: str | Path | None = None,
    options: InitOptions | None = None,
    device: str = 'cpu',
) -> tuple[Path, InitReport, list[str]]:
    """Initialise prototypes for a model whose latents separate the classes.

    The new checkpoint holds weights and meta data only: it is for further
    training (``load_from``) and for testing, not for resuming.

    Args:
        cfg: Config of the new model, with its numbers of concepts and
            prototypes.
        checkpoint: Source of all other weights; it stays as it is, and its
            own prototypes and classifier are ignored.
        out: New checkpoint, by default ``<name>_clustered.pth`` beside the
            old one.
        options: Options of the initialisation.
        device: Device to compute on.

    Returns:
        Path of the new checkpoint, report of the initialisation, and names
        of the classes.

    Raises:
        FileNotFoundError: If the checkpoint is missing.
        ValueError: If ``out`` is the checkpoint itself, a weight is missing
            or has another shape, or for the reasons of
            :func:`mmproto.prototypes.initialization.init_prototypes`.
    """
    source, target = choose_paths(checkpoint, out, 'clustered')
    model = init_model(cfg, None, device)
    get_prototype_head(model)
    old = CheckpointLoader.load_checkpoint(str(source), map_location='cpu')
    _load_others(model, old.get('state_dict', old), source)
    loader = Runner.build_dataloader(projection_dataloader(cfg))
    report = init_prototypes(model, loader, options)
    meta = dict(old.get('meta') or {}, cfg=cfg.pretty_text)
    dataset_meta = dict(meta.get('dataset_meta') or loader.dataset.metainfo)
    # it is about the old prototypes
    dataset_meta.pop('projection', None)
    meta['dataset_meta'] = dataset_meta
    save_weights(model, meta, target)
    return target, report, list(loader.dataset.metainfo['classes'])


def _load_others(model: nn.Module, weights: dict, source: Path) -> None:
    """Load all weights except those that are replaced."""
    own = model.state_dict()
    loaded = {
        name: own[name] if name.startswith(REPLACED) else weights[name]
        for name in own
        if name.startswith(REPLACED) or name in weights
    }
    try:
        model.load_state_dict(loaded)
    except RuntimeError as error:
        raise ValueError(
            f'{source} does not fit the config, and only prototypes and '
            f'classifier are replaced: {error}'
        ) from error
