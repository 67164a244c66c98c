"""Golden reference numbers: the files of one function as test cases.

The folder is the environment variable ``MMPROTO_GOLDEN``, by default
``../shared/golden`` beside the repository; its README says what each key is.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / os.environ.get('MMPROTO_GOLDEN', '../shared/golden')
# relative and absolute tolerance of outputs and of gradients
OUTPUT = {torch.float64: (1e-9, 1e-11), torch.float32: (2e-5, 1e-6)}
GRADIENT = {torch.float64: (1e-7, 1e-11), torch.float32: (1e-4, 1e-6)}


class Case:
    """One file, with its inputs in one precision.

    Args:
        path: The file.
        dtype: Precision of the inputs that are real numbers.
    """

    def __init__(self, path, dtype):
        with np.load(path) as arrays:
            self.arrays = dict(arrays)
        self.dtype = dtype

    def __contains__(self, name):
        return name in self.arrays

    def __getitem__(self, name):
        return torch.as_tensor(self.arrays[name])

    def input(self, name):
        """Input of that name; real numbers are leaves with a gradient."""
        tensor = self['in_' + name]
        if not tensor.is_floating_point():
            return tensor
        return tensor.to(self.dtype).requires_grad_()

    def check(self, value, name='out_loss', scale=1.0, offset=0.0):
        """Compare with ``scale * self[name] + offset``."""
        assert value.dtype == self.dtype
        self._close(value, self[name] * scale + offset, OUTPUT)

    def check_grad(self, gradient, name, scale=1.0):
        """Compare with ``scale * self[name]``."""
        self._close(gradient, self[name] * scale, GRADIENT)

    def _close(self, value, expected, tolerances):
        single = torch.float32 in (self.dtype, expected.dtype)
        rtol, atol = tolerances[torch.float32 if single else torch.float64]
        torch.testing.assert_close(
            value.detach().double(), expected.double(), rtol=rtol, atol=atol
        )


def _function(path):
    with np.load(path) as arrays:
        return json.loads(str(arrays['meta']))['name']


def golden(function):
    """Parametrise a test with ``case``: every file of a function.

    Args:
        function: ``<system>_<function>`` of the file names.
    """
    paths = [
        path
        for path in sorted(FOLDER.glob(f'{function}_*.npz'))
        if _function(path) == function  # not those of a longer name
    ]
    # the files lie outside the repository: without them nothing can be
    # compared, and the skipped test says so
    reason = f'no golden files of {function} in {FOLDER}'
    absent = pytest.param(None, marks=pytest.mark.skip(reason=reason))
    cases = [
        pytest.param(Case(path, dtype), id=f'{path.stem}-{str(dtype)[6:]}')
        for path in paths
        for dtype in OUTPUT
    ]
    return pytest.mark.parametrize('case', cases or [absent])
