"""Pictures of explanations and of concepts."""

from .prototype_visualizer import PrototypeVisualizer

__all__ = ['PrototypeVisualizer']
