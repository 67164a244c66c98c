"""Drawn street scenes with class, instance and part labels."""

from .parts import CLASS_NAMES, CLASSES, PARTS, part_id
from .scene import Scene, draw_scene

__all__ = [
    'CLASSES',
    'CLASS_NAMES',
    'PARTS',
    'Scene',
    'draw_scene',
    'part_id',
]
