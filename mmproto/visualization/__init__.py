"""Pictures of explanations and concepts."""

from .prototype_visualizer import PrototypeVisualizer

__all__ = ['PrototypeVisualizer']
