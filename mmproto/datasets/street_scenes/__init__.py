"""Drawn street scenes with class, instance and part labels."""

from .parts import CLASS_NAMES as CLASS_NAMES
from .parts import CLASSES as CLASSES
from .parts import PARTS as PARTS
from .parts import UNSEEN as UNSEEN
from .parts import part_id as part_id
from .scene import Scene as Scene
from .scene import draw_scene as draw_scene
from .scene import draw_unseen_scene as draw_unseen_scene
