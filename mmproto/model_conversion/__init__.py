"""Public checkpoints of ProtoSeg and ScaleProtoSeg as mmproto's.

Pure functions from state dict to state dict; ``files`` reads and writes.
"""

from .files import convert_file
from .protoseg import convert_protoseg
from .scaleprotoseg import convert_scaleprotoseg

__all__ = ['convert_file', 'convert_protoseg', 'convert_scaleprotoseg']
