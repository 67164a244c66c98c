"""Changing what single concepts say, with a record that can be checked."""

from .audit_log import find_damage
from .checkpoint import edit_checkpoint
from .concepts import EditableConcepts
from .verification import verified_history
from .words import describe_actions

__all__ = [
    'EditableConcepts',
    'describe_actions',
    'edit_checkpoint',
    'find_damage',
    'verified_history',
]
