"""Edits of a checkpoint into a new one, each with a line in the log."""

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path

from mmengine.config import Config

from mmproto.checkpoints.derived import choose_paths, load_whole, save_weights
from mmproto.models.decode_heads import NonNegativeConv2d
from mmproto.models.facts import get_prototype_head
from mmproto.utils.files import atomic_path, check_writable, file_hash

from .audit_log import append_entry
from .concepts import EditableConcepts
from .verification import find_log


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

    All edits make one new checkpoint and one entry, or, if one of them is
    impossible, nothing. The checkpoint holds weights and meta data only. The
    log is written just before it takes its place: there is no edit without
    an entry.

    Args:
        cfg: Config of its training.
        checkpoint: The file, which stays as it is.
        edits: Do it in turn, such as ``[methodcaller('disable', 17)]``.
        by: Who wants it.
        reason: Why.
        out: The new checkpoint, ``<name>_edited.pth`` beside the old one by
            default.
        log: The audit log, ``audit.jsonl`` beside the checkpoint by default.

    Returns:
        Path of the new checkpoint, and its entry in the log.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If there is no edit, nobody or no reason is named, the new
            checkpoint exists, the old one does not fit the config or names no
            classes, a file cannot be written, the log was tampered with, or
            an edit is impossible or without effect.
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
    classifier = get_prototype_head(model).conv_seg
    concepts = EditableConcepts(
        classifier.weight,
        model.dataset_meta,
        signed=not isinstance(classifier, NonNegativeConv2d),
    )
    actions = [edit(concepts) for edit in edits]
    meta['dataset_meta'] = concepts.dataset_meta
    with atomic_path(target) as temporary:
        save_weights(model, meta, temporary)
        entry = append_entry(
            log,
            dict(
                time=utc_time(),
                by=by.strip(),
                reason=reason.strip(),
                actions=actions,
                before=dict(file=source.name, sha256=file_hash(source)),
                after=dict(file=target.name, sha256=file_hash(temporary)),
            ),
        )
    return target, entry


def utc_time() -> str:
    """The time of day in UTC, as ISO 8601 writes it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.isoformat(timespec='seconds')


def _check_named(by: str, reason: str) -> None:
    if not by.strip() or not reason.strip():
        raise ValueError(
            f'an edit needs who wants it and why, got by={by!r} and '
            f'reason={reason!r}; both go into the audit log'
        )
