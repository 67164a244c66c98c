"""Backbones: what lies between an image and the neck."""

from .backbone_with_neck import BackboneWithNeck as BackboneWithNeck
