"""Registries of mmproto: children of mmengine's root, scope ``mmproto``."""

from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import FUNCTIONS as MMENGINE_FUNCTIONS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import LOOPS as MMENGINE_LOOPS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISUALIZERS as MMENGINE_VISUALIZERS
from mmengine.registry import Registry


def _child(name: str, parent: Registry, *locations: str) -> Registry:
    return Registry(
        name, parent=parent, scope='mmproto', locations=list(locations)
    )


MODELS = _child('model', MMENGINE_MODELS, 'mmproto.models')
HOOKS = _child('hook', MMENGINE_HOOKS, 'mmproto.engine', 'mmproto.datasets')
LOOPS = _child('loop', MMENGINE_LOOPS, 'mmproto.engine')
DATASETS = _child(
    'dataset', MMENGINE_DATASETS, 'mmproto.datasets', 'mmproto.feature_cache'
)
TRANSFORMS = _child(
    'transform',
    MMENGINE_TRANSFORMS,
    'mmproto.datasets',
    'mmproto.evaluation',
)
FUNCTIONS = _child('function', MMENGINE_FUNCTIONS, 'mmproto.datasets')
METRICS = _child('metric', MMENGINE_METRICS, 'mmproto.evaluation')
VISUALIZERS = _child(
    'visualizer', MMENGINE_VISUALIZERS, 'mmproto.visualization'
)
