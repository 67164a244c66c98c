"""Convert public checkpoints of ProtoSeg and ScaleProtoSeg to mmproto's.

Pure functions from state dict to state dict; ``files`` reads and writes.
"""

from .files import convert_file as convert_file
from .model import convert_protoseg as convert_protoseg
from .model import convert_scaleprotoseg as convert_scaleprotoseg
