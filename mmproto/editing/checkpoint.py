"""Edit a checkpoint into a new one, with an entry in the log."""

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path

from mmengine.config import Config

from mmproto.checkpoints.derived import choose_paths, load_whole, save_weights
from mmproto.models.decode_heads import NonNegativeConv2d
from mmproto.models.facts import ModelFacts
from mmproto.utils.files import atomic_path, check_writable, file_hash

from .audit_log import append_entry, find_log
from .concepts import EditableConcepts


def edit_checkpoint(
    cfg: Config,
    checkpoint: str | Path,
    edits: Sequence[Callable[[EditableConcepts], dict]],
    by: str,
    reason: str,
    out: str | Path | None = None,
    log: str | Path | None = None,
) -> tuple[Path, dict]:
    """Edit concepts of a checkpoint, and log who did what and why.

    All edits make one new checkpoint and one entry; if one of them is
    impossible, nothing is written. The checkpoint holds weights and meta
    data only. The log is written just before the checkpoint takes its place,
    so that there is no edit without an entry.

    Args:
        cfg: Config of the training.
        checkpoint: File to edit, which stays as it is.
        edits: Edits in order, such as ``[methodcaller('disable', 17)]``.
        by: Who wants them.
        reason: Why.
        out: New checkpoint, by default ``<name>_edited.pth`` beside the old
            one.
        log: Audit log, by default ``audit.jsonl`` beside the checkpoint.

    Returns:
        Path of the new checkpoint, and its entry in the log.

    Raises:
        FileNotFoundError: If the checkpoint is missing.
        ValueError: If there is no edit, ``by`` or ``reason`` is blank, the
            new checkpoint exists, the old one does not fit the config or
            does not name its classes, a file cannot be written, the log was
            tampered with, or an edit is impossible or has no effect.
    """
    _check_named(by, reason)
    if not edits:
        raise ValueError('there is no edit to make; give at least one')
    source, target = choose_paths(checkpoint, out, 'edited')
    if target.exists():
        raise ValueError(
            f'{target} exists, and edited checkpoints are never overwritten; '
            'choose another name'
        )
    log = find_log(source, log)
    check_writable(log)
    model, meta = load_whole(cfg, source)
    classifier = ModelFacts.of(model).head.conv_seg
    concepts = EditableConcepts(
        classifier.weight,
        model.dataset_meta,
        signed=not isinstance(classifier, NonNegativeConv2d),
    )
    actions = [edit(concepts) for edit in edits]
    meta['dataset_meta'] = concepts.dataset_meta
    now = datetime.datetime.now(datetime.timezone.utc)
    with atomic_path(target) as temporary:
        save_weights(model, meta, temporary)
        entry = append_entry(
            log,
            dict(
                time=now.isoformat(timespec='seconds'),
                by=by.strip(),
                reason=reason.strip(),
                actions=actions,
                before=dict(file=source.name, sha256=file_hash(source)),
                after=dict(file=target.name, sha256=file_hash(temporary)),
            ),
        )
    return target, entry


def _check_named(by: str, reason: str) -> None:
    if not by.strip() or not reason.strip():
        raise ValueError(
            f'an edit needs who wants it and why, got by={by!r} and '
            f'reason={reason!r}; both go into the audit log'
        )
