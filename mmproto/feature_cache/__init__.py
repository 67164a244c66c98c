"""Features of a frozen backbone, kept on disk and trained on.

Build a cache (``build``), read it (``cache``) as a data set (``dataset``),
and let a segmentor take kept features where it takes images (``accepting``).
"""

from .accepting import accepting_features as accepting_features
from .build import build_cache as build_cache
from .cache import FeatureCache as FeatureCache
from .dataset import CachedFeatures as CachedFeatures
from .maps import FeatureMaps as FeatureMaps
from .options import CacheOptions as CacheOptions
