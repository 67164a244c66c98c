"""Training phases as data: which parameters train, which losses count.

Pure functions on names; ``mmproto.TrainingPhaseHook`` applies them to a run.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from mmproto.engine.shares import (
    Moment,
    Moments,
    check_moments,
)

OWNER = 'TrainingPhaseHook'  # in messages


@dataclass(frozen=True)
class Phase:
    """One stretch of training.

    A pattern is a regular expression that must match at the start of a name,
    so that a plain prefix such as ``'decode_head'`` is a pattern.

    Args:
        name: What the logs call it.
        end: First iteration (or epoch) that no longer belongs to the phase,
            or a share of the run; None for the last phase.
        train: Patterns of what trains; None for everything.
        freeze: Patterns of what does not train although ``train`` names it.
        losses: Names of the losses that count; None for all.
    """

    name: str
    end: Moment | None = None
    train: tuple[str, ...] | None = None
    freeze: tuple[str, ...] = ()
    losses: tuple[str, ...] | None = None

    def selects(self, name: str) -> bool:
        """Return whether the parameter or buffer of this name may change."""
        wanted = self.train is None or _matches(self.train, name)
        return wanted and not _matches(self.freeze, name)


def _matches(patterns: Iterable[str], name: str) -> bool:
    return any(re.match(pattern, name) for pattern in patterns)


def _strings(phase: str, key: str, value: Any) -> tuple[str, ...]:
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    if not is_list or not all(isinstance(item, str) for item in value):
        raise ValueError(
            f"phase '{phase}': {key} must be a list of strings, got {value!r}"
        )
    return tuple(value)


def _parse_phase(config: Mapping[str, Any]) -> Phase:
    known = [field.name for field in fields(Phase)]
    unknown = [key for key in config if key not in known]
    name = config.get('name')
    if unknown or not isinstance(name, str) or not name:
        raise ValueError(
            f'a phase is a dict with a name and any of {known[1:]}, '
            f'got {dict(config)}'
        )
    lists = {
        key: _strings(name, key, config[key])
        for key in ('train', 'freeze', 'losses')
        if config.get(key) is not None
    }
    for pattern in lists.get('train', ()) + lists.get('freeze', ()):
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(
                f"phase '{name}': pattern {pattern!r} is not a regular "
                f'expression ({error})'
            ) from error
    return Phase(name=name, end=config.get('end'), **lists)


def parse_phases(configs: Sequence[Mapping[str, Any]]) -> tuple[Phase, ...]:
    """Read the phases of a config and check their names and ends.

    Args:
        configs: Dicts with the fields of :class:`Phase`, in order of time.

    Raises:
        ValueError: There is no phase; a key is unknown; two phases share a
            name; the ends do not increase; the last phase has an end or
            another one has none.
    """
    phases = tuple(_parse_phase(config) for config in configs)
    if not phases:
        raise ValueError('phases is empty; give at least one phase')
    names = [phase.name for phase in phases]
    if len(set(names)) < len(names):
        raise ValueError(f'names of phases must differ, got {names}')
    ends = [phase.end for phase in phases]
    if ends[-1] is not None:
        raise ValueError(
            f"the last phase, '{names[-1]}', lasts until training ends: "
            f'remove its end={ends[-1]}'
        )
    endless = [phase.name for phase in phases[:-1] if phase.end is None]
    if endless:
        raise ValueError(
            f"phase '{endless[0]}' needs an end, where the next phase begins: "
            'an iteration (or epoch) or a share of the run'
        )
    check_moments(OWNER, phase_ends(phases), least=1)
    return phases


def phase_ends(phases: Iterable[Phase]) -> Moments:
    """Return the ends of phases by name."""
    return {f'{phase.name}.end': phase.end for phase in phases}


def phase_at(phases: Sequence[Phase], progress: int) -> Phase:
    """Return the phase at an iteration (or epoch), counted from zero."""
    for phase in phases[:-1]:
        if phase.end is not None and progress < phase.end:
            return phase
    return phases[-1]


def trainable_names(phase: Phase, names: Iterable[str]) -> set[str]:
    """Return those of the names that the phase trains.

    Args:
        phase: The phase.
        names: Names of the parameters that the model allows to train.

    Raises:
        ValueError: None is left.
    """
    chosen = {name for name in names if phase.selects(name)}
    if not chosen:
        raise ValueError(
            f"phase '{phase.name}' trains no parameter: train={phase.train}, "
            f'freeze={phase.freeze}'
        )
    return chosen


def check_patterns(phases: Sequence[Phase], names: Iterable[str]) -> None:
    """Check that every pattern matches at least one parameter.

    Args:
        phases: The phases.
        names: Names of all parameters of the model.

    Raises:
        ValueError: A pattern matches no name.
    """
    names = list(names)
    for phase in phases:
        for pattern in (phase.train or ()) + phase.freeze:
            if not any(re.match(pattern, name) for name in names):
                known = sorted({_prefix(name) for name in names})
                raise ValueError(
                    f"phase '{phase.name}': pattern {pattern!r} matches no "
                    f'parameter; the names begin with {", ".join(known)}'
                )


def _prefix(name: str) -> str:
    return '.'.join(name.split('.')[:2])
