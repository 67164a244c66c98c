"""Changing what single concepts say, with a record that can be checked."""

from .audit_log import find_damage
from .checkpoint import edit_checkpoint
from .concepts import EditableConcepts, concept_names, disabled_concepts
from .verification import verified_history
from .words import describe_actions

__all__ = [
    'EditableConcepts',
    'concept_names',
    'describe_actions',
    'disabled_concepts',
    'edit_checkpoint',
    'find_damage',
    'verified_history',
]
