"""An explanation over time: a video with a strip of its concepts."""

from .frames import Frames
from .save import check_out, save_video

__all__ = ['Frames', 'check_out', 'save_video']
