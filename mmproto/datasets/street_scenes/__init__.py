"""Drawn street scenes with class, instance and part labels."""

from .parts import CLASS_NAMES, CLASSES, PARTS, UNSEEN, part_id
from .scene import Scene, draw_scene, draw_unseen_scene

__all__ = [
    'CLASSES',
    'CLASS_NAMES',
    'PARTS',
    'UNSEEN',
    'Scene',
    'draw_scene',
    'draw_unseen_scene',
    'part_id',
]
