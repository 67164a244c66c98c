"""A model with a projection record."""

import pytest
from mmengine.runner import Runner

from mmproto.projection import project_prototypes, projection_dataloader


@pytest.fixture
def projected(tiny_model):
    """The tiny model with a record, as ``init_model`` would give it."""
    loader = Runner.build_dataloader(projection_dataloader(tiny_model.cfg))
    record = project_prototypes(tiny_model, loader, topk=3)
    tiny_model.dataset_meta['projection'] = record
    return tiny_model
