"""How often concepts decide on a data set, from ``concepts.json``."""

import json
from pathlib import Path

from mmproto.explanations.concepts_table import CONCEPTS_VERSION
from mmproto.models.facts import ModelFacts


def read_usage(path: str | Path, facts: ModelFacts) -> list[float]:
    """Read the share of cells of a data set that each concept decides.

    Args:
        path: ``concepts.json`` from ``mmproto concepts``.
        facts: The model.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such file, or about other weights.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'there is no list of concepts at {path}')
    try:
        table = json.loads(Path(path).read_text(encoding='utf-8'))
        known = table['version'] == CONCEPTS_VERSION
        usage, weights = {}, {}
        for entry in table['concepts']:
            usage[entry['concept']] = float(entry['top_share'])
            weights[entry['concept']] = [
                (w['name'], w['weight']) for w in entry['class_weights']
            ]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f'{path} is no list of concepts; make one with mmproto concepts'
        ) from error
    concepts = range(facts.head.num_concepts)
    if not known or weights != {
        k: facts.class_weights_of(k) for k in concepts
    }:
        raise ValueError(
            f'{path} is about another model, or about this one before it was '
            'changed: its class weights differ. Run '
            'mmproto concepts with this checkpoint'
        )
    return [usage[concept] for concept in concepts]
