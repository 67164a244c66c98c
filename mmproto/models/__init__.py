"""Models: segmentors and their parts, losses and the TTA model."""

from . import losses as losses
from .backbones import BackboneWithNeck as BackboneWithNeck
from .decode_heads import ClassSpecificConv2d as ClassSpecificConv2d
from .decode_heads import NonNegativeConv2d as NonNegativeConv2d
from .decode_heads import PrototypeHead as PrototypeHead
from .decode_heads import SimplexGroups as SimplexGroups
from .necks import SeparateASPP as SeparateASPP
from .necks import SharedASPP as SharedASPP
from .prototype_layers import CosinePrototypes as CosinePrototypes
from .prototype_layers import DistancePrototypes as DistancePrototypes
from .prototype_layers import SoftmaxConcepts as SoftmaxConcepts
from .segmentors import SharedBackbone as SharedBackbone
from .segmentors import SurrogateEncoderDecoder as SurrogateEncoderDecoder
from .tta import EvidenceTTAModel as EvidenceTTAModel
from .weights import load_imagenet_weights as load_imagenet_weights
