"""Change what single concepts say, with a record that can be checked."""

from .checkpoint import edit_checkpoint as edit_checkpoint
from .concepts import EditableConcepts as EditableConcepts
from .verification import verified_history as verified_history
from .words import describe_actions as describe_actions
