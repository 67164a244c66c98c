"""Write a checkpoint whose prototypes are projected."""

from collections.abc import Mapping
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner, load_checkpoint
from mmseg.apis import init_model

from mmproto.checkpoints.derived import choose_paths, save_weights
from mmproto.datasets.plain_loader import projection_dataloader
from mmproto.models.fingerprint import fingerprint
from mmproto.models.surrogate_record import SURROGATE, without_agreement
from mmproto.prototypes.projection import project_prototypes
from mmproto.utils.files import write_json


def project_checkpoint(
    cfg: Config,
    checkpoint: str | Path,
    out: str | Path | None = None,
    topk: int = 10,
    mode: str = 'project',
    device: str = 'cpu',
) -> Path:
    """Project a checkpoint's prototypes, and record where they come from.

    The new checkpoint holds weights and meta data only: it is for testing,
    explaining and fine-tuning (``load_from``), not for resuming. The record
    is also written beside it, as JSON. What is known of a surrogate's
    agreement is forgotten, if prototypes move.

    Args:
        cfg: Config of the training.
        checkpoint: File to project, which stays as it is.
        out: New checkpoint, by default ``<name>_projected.pth`` beside the
            old one.
        topk: Number of places to record for each prototype.
        mode: ``'project'`` or ``'mine'``.
        device: Device to compute on.

    Returns:
        Path of the new checkpoint.

    Raises:
        FileNotFoundError: If the checkpoint is missing.
        ValueError: If ``out`` is the checkpoint itself, or for the reasons of
            :func:`mmproto.project_prototypes`.
    """
    source, target = choose_paths(checkpoint, out, 'projected')
    model = init_model(cfg, None, device)
    old = load_checkpoint(model, str(source), map_location='cpu')
    before = fingerprint(model)
    loader = Runner.build_dataloader(projection_dataloader(cfg))
    record = project_prototypes(model, loader, topk, mode)
    meta = dict(old.get('meta') or {})
    dataset_meta = meta.get('dataset_meta') or loader.dataset.metainfo
    meta['dataset_meta'] = {**dataset_meta, 'projection': record}
    known = dataset_meta.get(SURROGATE)
    if isinstance(known, Mapping) and fingerprint(model) != before:
        meta['dataset_meta'][SURROGATE] = without_agreement(known)
    save_weights(model, meta, target)
    write_json(record, target.with_suffix('.projection.json'))
    return target
