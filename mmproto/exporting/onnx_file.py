"""Write whole models as ONNX."""

import inspect
import json
import warnings
from pathlib import Path
from typing import Any

import torch

from mmproto.models.facts import ModelFacts
from mmproto.utils.files import atomic_path
from mmproto.utils.requirements import require
from mmproto.version import __version__

from .graph import ImageToConcepts
from .onnx_check import check_onnx

OPSET = 17
TRACED = (2, 3, 128, 192)


def export_onnx(model: Any, path: str | Path) -> float:
    """Write a model as ONNX, for any batch size and image size.

    The input ``image`` is RGB from 0 to 255 (N,3,h,w); the outputs are
    ``logits`` (N,C,h,w), the evidence, and ``concepts`` (N,K,H,W). Classes,
    palette, link, its sharpness, class weights and concept names are metadata,
    as JSON, and so is how far a surrogate agrees with the model that it
    explains, which is not in the file itself.

    Args:
        model: Model from ``mmseg.apis.init_model``, on the CPU.
        path: File to write.

    Returns:
        Largest difference from the model; see
        :func:`~mmproto.exporting.onnx_check.check_onnx`.

    Raises:
        ImportError: If onnx or onnxruntime is not installed.
        ValueError: If the model has no prototype head, or if the file would
            give other results than the model; nothing is then written.
    """
    onnx, _ = require('onnx'), require('onnxruntime')
    facts = ModelFacts.of(model)
    graph = ImageToConcepts(facts.segmentor)
    with atomic_path(path) as temporary:
        _trace(graph, temporary)
        file = onnx.load(temporary)
        onnx.helper.set_model_props(file, _properties(facts))
        onnx.checker.check_model(file)
        onnx.save(file, temporary)
        return check_onnx(facts.segmentor, temporary)


def _trace(graph: ImageToConcepts, path: Path) -> None:
    """Export by a trace, in a hundredth of the time of ``dynamo=True``."""
    options: dict[str, Any] = dict(dynamo=False)  # torch 2.0 knows no other
    known = inspect.signature(torch.onnx.export).parameters
    with warnings.catch_warnings(), torch.no_grad():
        # whether the trace holds for other sizes is checked afterwards
        warnings.simplefilter('ignore')
        torch.onnx.export(
            graph,
            (torch.zeros(TRACED),),
            str(path),
            input_names=['image'],
            output_names=['logits', 'concepts'],
            dynamic_axes=dict(
                image={0: 'batch', 2: 'height', 3: 'width'},
                logits={0: 'batch', 2: 'height', 3: 'width'},
                concepts={0: 'batch', 2: 'rows', 3: 'columns'},
            ),
            opset_version=OPSET,
            **{k: v for k, v in options.items() if k in known},
        )


def _properties(facts: ModelFacts) -> dict[str, str]:
    """Write what a program needs to explain the numbers."""
    head = facts.head
    properties = dict(
        mmproto=__version__,
        classes=facts.classes,
        palette=facts.palette,
        link=head.link,
        sharpness=head.sharpness,
        class_weights=head.class_weights.tolist(),
        concept_names=facts.concept_names,
    )
    if facts.surrogate is not None:
        properties['surrogate'] = facts.surrogate.to_dict()
    return {key: json.dumps(value) for key, value in properties.items()}
