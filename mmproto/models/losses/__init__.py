"""Losses on concepts: pure functions and the modules around them."""

from .alignment_loss import AlignmentLoss as AlignmentLoss
from .cluster_loss import ClusterLoss as ClusterLoss
from .cluster_loss import SeparationLoss as SeparationLoss
from .compactness_loss import CompactnessLoss as CompactnessLoss
from .distance_diversity_loss import (
    DistanceDiversityLoss as DistanceDiversityLoss,
)
from .group_entropy_loss import GroupEntropyLoss as GroupEntropyLoss
from .jeffreys_loss import JeffreysDiversityLoss as JeffreysDiversityLoss
from .jeffreys_loss import jeffreys_diversity as jeffreys_diversity
from .jensen_shannon_loss import (
    JensenShannonDiversityLoss as JensenShannonDiversityLoss,
)
from .presence_loss import PresenceLoss as PresenceLoss
from .sparsity_loss import SparsityLoss as SparsityLoss
from .usage_balance_loss import UsageBalanceLoss as UsageBalanceLoss
