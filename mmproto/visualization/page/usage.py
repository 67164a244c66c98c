"""How often concepts decide on a data set, from ``concepts.json``."""

import json
from collections.abc import Sequence
from pathlib import Path

from mmproto.concepts_table import CONCEPTS_VERSION


def read_usage(
    path: str | Path, classes: Sequence[str], num_concepts: int
) -> dict[int, float]:
    """Share of the cells of a data set that each concept decides.

    Args:
        path: ``concepts.json`` of ``tools/analysis_tools/list_concepts.py``.
        classes: Names of the model's classes.
        num_concepts: Of the model.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such file, or about another model.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'there is no list of concepts at {path}')
    try:
        table = json.loads(Path(path).read_text(encoding='utf-8'))
        known = table['version'], table['classes'], table['num_concepts']
        usage = {c['index']: float(c['top_share']) for c in table['concepts']}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f'{path} is no list of concepts; make one with '
            'tools/analysis_tools/list_concepts.py'
        ) from error
    if known != (CONCEPTS_VERSION, list(classes), num_concepts):
        raise ValueError(
            f'{path} is about another model: version {known[0]}, '
            f'{known[2]} concepts and classes {known[1]}; expected version '
            f'{CONCEPTS_VERSION}, {num_concepts} and {list(classes)}'
        )
    return usage
