"""How often concepts decide on a data set, from ``concepts.json``."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmproto.explanations.concepts_table import CONCEPTS_VERSION


def read_usage(
    path: str | Path, classes: Sequence[str], class_weights: np.ndarray
) -> list[float]:
    """Share of the cells of a data set that each concept decides.

    Args:
        path: ``concepts.json`` of ``tools/analysis_tools/list_concepts.py``.
        classes: Names of the model's classes.
        class_weights: Its classifier (C,K).

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such file, or about other weights.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'there is no list of concepts at {path}')
    try:
        table = json.loads(Path(path).read_text(encoding='utf-8'))
        known = table['version'] == CONCEPTS_VERSION
        usage = {
            c['concept']: float(c['top_share']) for c in table['concepts']
        }
        same = known and _weights(table) == _used(class_weights, classes)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f'{path} is no list of concepts; make one with '
            'tools/analysis_tools/list_concepts.py'
        ) from error
    if not same:
        raise ValueError(
            f'{path} is about another model, or about this one before it was '
            'changed: its class weights differ. Run '
            'tools/analysis_tools/list_concepts.py with this checkpoint'
        )
    return [usage[concept] for concept in range(class_weights.shape[1])]


def _weights(table: Any) -> dict[int, dict[str, float]]:
    """Weights other than zero of all concepts, as the list has them."""
    return {
        c['concept']: {w['name']: w['weight'] for w in c['class_weights']}
        for c in table['concepts']
    }


def _used(
    class_weights: np.ndarray, classes: Sequence[str]
) -> dict[int, dict[str, float]]:
    """The same of a classifier (C,K)."""
    return {
        concept: {
            name: float(weight)
            for name, weight in zip(classes, column)
            if weight
        }
        for concept, column in enumerate(class_weights.T)
    }
