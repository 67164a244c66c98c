"""Losses on concepts: pure functions and the modules around them."""

from mmproto.models.losses.alignment_loss import (
    AlignmentLoss,
    alignment_loss,
    one_sided_alignment,
)
from mmproto.models.losses.cluster_loss import ClusterLoss, cluster_cost
from mmproto.models.losses.compactness_loss import (
    CompactnessLoss,
    compactness,
)
from mmproto.models.losses.distance_diversity_loss import (
    DistanceDiversityLoss,
    published_labels,
)
from mmproto.models.losses.group_entropy_loss import (
    GroupEntropyLoss,
    group_entropy,
)
from mmproto.models.losses.jeffreys_loss import (
    JeffreysDiversityLoss,
    jeffreys_diversity,
)
from mmproto.models.losses.jensen_shannon_loss import (
    JensenShannonDiversityLoss,
    jensen_shannon_diversity,
)
from mmproto.models.losses.presence_loss import (
    PresenceLoss,
    concept_presence,
    presence_loss,
)
from mmproto.models.losses.separation_loss import (
    SeparationLoss,
    separation_cost,
)
from mmproto.models.losses.sparsity_loss import SparsityLoss, sparsity_loss
from mmproto.models.losses.usage_balance_loss import (
    UsageBalanceLoss,
    class_usage,
    usage_imbalance,
)

__all__ = [
    'AlignmentLoss',
    'ClusterLoss',
    'CompactnessLoss',
    'DistanceDiversityLoss',
    'GroupEntropyLoss',
    'JeffreysDiversityLoss',
    'JensenShannonDiversityLoss',
    'PresenceLoss',
    'SeparationLoss',
    'SparsityLoss',
    'UsageBalanceLoss',
    'alignment_loss',
    'class_usage',
    'cluster_cost',
    'compactness',
    'concept_presence',
    'group_entropy',
    'jeffreys_diversity',
    'jensen_shannon_diversity',
    'one_sided_alignment',
    'presence_loss',
    'published_labels',
    'separation_cost',
    'sparsity_loss',
    'usage_imbalance',
]
