"""The folder of a fit: what lies where, and what an interrupted one left."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from mmproto.fitting.options import FitOptions
from mmproto.utils.environment import SCOPES, config_folder
from mmproto.utils.files import check_writable, file_hash, write_json

# What may change while a fit is interrupted.
FREE = ('cache_gb', 'min_agreement')


@dataclass(frozen=True)
class FitFolder:
    """Paths of a fit.

    Args:
        root: The folder that the user named.
    """

    root: Path

    @property
    def config(self) -> Path:
        """Config of the concept model."""
        return self.root / 'concepts.py'

    @property
    def checkpoint(self) -> Path:
        """The concept model; written last but for the report."""
        return self.root / 'concepts.pth'

    @property
    def report(self) -> Path:
        """The findings, as JSON."""
        return self.root / 'report.json'

    @property
    def cache(self) -> Path:
        """Features of the frozen backbone."""
        return self.root / 'cache'

    @property
    def work_dir(self) -> Path:
        """Logs of the fit, and checkpoints to go on from."""
        return self.root / 'fit'

    @property
    def start(self) -> Path:
        """Weights of the black box, under the concept model's names."""
        return self.work_dir / 'start.pth'

    @property
    def projection(self) -> Path:
        """Record of the projection."""
        return self.work_dir / 'projection.json'

    @property
    def task(self) -> Path:
        """What is fitted, to know it again."""
        return self.work_dir / 'task.json'

    def begin(self, task: dict, resume: bool) -> dict:
        """Begin a fit, or take up the one that was interrupted.

        Args:
            task: What is to be fitted, in plain types.
            resume: Whether to go on with what is there.

        Returns:
            The task, with what was decided about it before.

        Raises:
            ValueError: If the folder cannot be written, or holds a fit and
                ``resume`` is not given, or one of another task, or a
                finished one.
        """
        for path in (self.config, self.task):
            check_writable(path)
        if not self.task.is_file():
            if self.checkpoint.exists() or self.config.exists():
                raise ValueError(
                    f'{self.root} holds a concept model already: choose '
                    'another folder'
                )
            write_json(task, self.task)
            return task
        if not resume:
            raise ValueError(
                f'{self.root} holds a fit already: go on with it by --resume, '
                'or choose another folder'
            )
        if self.checkpoint.exists() and self.report.exists():
            raise ValueError(
                f'{self.root} holds a finished fit, there is nothing to go on '
                'with: choose another folder'
            )
        before = json.loads(self.task.read_text(encoding='utf-8'))
        for name, value in task.items():
            if name not in FREE and before.get(name) != value:
                raise ValueError(
                    f'{self.root} holds a fit with {name}='
                    f'{before.get(name)!r}, now it is {value!r}: give what '
                    'it began with, or choose another folder'
                )
        return before | {name: task[name] for name in FREE if name in task}

    def decide(self, task: dict, **decisions: object) -> dict:
        """Record what was decided on the way, for a resumed fit."""
        task = task | decisions
        write_json(task, self.task)
        return task

    def tidy(self) -> None:
        """Remove what only an interrupted fit needs."""
        for path in self.work_dir.rglob('*.pth'):
            path.unlink()
        (self.work_dir / 'last_checkpoint').unlink(missing_ok=True)


def describe_task(
    config: str | Path,
    checkpoint: str | Path,
    data: str | Path | None,
    options: FitOptions,
) -> dict:
    """Say what is to be fitted, in plain types."""
    return dict(
        config=os.path.abspath(config),
        checkpoint_sha256=file_hash(checkpoint),
        data=data and os.path.abspath(data),
        **json.loads(json.dumps(asdict(options))),
    )


def base_name(config: str | Path, folder: Path) -> str:
    """Name a config so that one in another folder inherits it.

    Args:
        config: Path of the config.
        folder: Of the config that inherits.

    Returns:
        ``mmproto::...`` or ``mmseg::...`` for a config of these packages,
        else the path from the folder.
    """
    path = Path(config).resolve()
    for scope in SCOPES:
        known = config_folder(scope.removesuffix('::')).resolve()
        if path.is_relative_to(known):
            return f'{scope}{path.relative_to(known).as_posix()}'
    return Path(os.path.relpath(path, folder.resolve())).as_posix()
