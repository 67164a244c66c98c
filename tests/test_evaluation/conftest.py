"""Drawn scenes whose pictures are codes, for planted models."""

import pytest
from planted import plant_data


@pytest.fixture(scope='session')
def planted_data(tmp_path_factory):
    """Folder of coded scenes."""
    root = tmp_path_factory.mktemp('planted') / 'data'
    plant_data(root)
    return root
