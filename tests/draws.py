"""Random shapes and numbers for tests against the original formulas."""

import numpy as np
import originals
import pytest
import torch
from golden import OUTPUT
from hypothesis import settings
from hypothesis import strategies as st

examples = settings(
    max_examples=25, deadline=None, derandomize=True, database=None
)
both = pytest.mark.parametrize('dtype', OUTPUT)
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 4)


class Draw:
    """Random numbers that float32 and float64 hold alike."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def uniform(self, *shape, low=0.0, high=1.0):
        values = self.rng.uniform(low, high, shape)
        return np.round(values * 2**16) / 2**16

    def shares(self, *shape, axis=-1):
        """Numbers that sum to about one along an axis, none of them 0."""
        values = originals.softmax(self.rng.normal(0, 2, shape), axis)
        return np.ceil(values * 2**20) / 2**20

    def identity(self, prototypes, classes):
        """One class of each prototype, (P,C); some classes may have none."""
        return np.eye(classes)[self.rng.integers(0, classes, prototypes)]


def tensor(array, dtype):
    return torch.tensor(array, dtype=dtype)


def close(value, expected, dtype):
    assert value.dtype == dtype
    rtol, atol = OUTPUT[dtype]
    np.testing.assert_allclose(
        value.detach().double().numpy(), expected, rtol=rtol, atol=atol
    )
