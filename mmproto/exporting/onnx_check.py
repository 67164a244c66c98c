"""Check that an ONNX file computes what its model does."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmproto.explanations.evidence import replaced
from mmproto.prototypes.features import evaluating
from mmproto.utils.requirements import require

# No side equals that of the trace, and one is odd.
SIZES = ((1, 3, 96, 160), (3, 3, 161, 136))
TOLERANCE = 1e-4  # of the largest output, if that is above one


def check_onnx(model: Any, path: Path) -> float:
    """Compare a file with its model on random images.

    Args:
        model: Model from ``mmseg.apis.init_model``, on the CPU.
        path: Path of the ONNX file.

    Returns:
        Largest difference of any output, relative to the largest output if
        that is above one.

    Raises:
        ImportError: If onnxruntime is not installed.
        ValueError: If the difference is above 1e-4.
    """
    session = require('onnxruntime').InferenceSession(
        str(path), providers=['CPUExecutionProvider']
    )
    generator = torch.Generator().manual_seed(0)
    errors = []
    for size in SIZES:
        image = torch.randint(256, size, generator=generator).float()
        found = session.run(['logits', 'concepts'], {'image': image.numpy()})
        for expected, array in zip(expected_outputs(model, image), found):
            errors.append(relative_error(torch.tensor(array), expected))
    largest = float(torch.tensor(errors).max())  # NaN if any is
    if not largest <= TOLERANCE:
        raise ValueError(
            f'the exported model differs from the model by {largest:.1e} on '
            f'images of {SIZES}, where {TOLERANCE} is allowed; its backbone '
            'or neck does something else for other sizes than that of the '
            'trace'
        )
    return largest


def expected_outputs(model: Any, image: Tensor) -> tuple[Tensor, Tensor]:
    """Compute evidence (N,C,h,w) and activations (N,K,H,W) as mmseg does.

    Args:
        model: A segmentor with a ``PrototypeHead``.
        image: RGB from 0 to 255 (N,3,h,w).
    """
    preprocessor = model.data_preprocessor
    with evaluating(model), replaced(preprocessor, test_cfg=None):
        data = dict(inputs=list(image.flip(1)))  # as mmseg loads: BGR
        inputs = preprocessor(data, False)['inputs']
        meta = dict(img_shape=tuple(image.shape[2:]))
        logits = model.encode_decode(inputs, [meta] * len(image))
        concepts = model.decode_head.activations(model.extract_feat(inputs))
    return logits, concepts[0]


def relative_error(found: Tensor, expected: Tensor) -> float:
    """Measure the largest difference (any shape), relative above one."""
    if found.shape != expected.shape:
        return torch.inf
    scale = max(1.0, float(expected.abs().max()))
    return float((found - expected).abs().max()) / scale
