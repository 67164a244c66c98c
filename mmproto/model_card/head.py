"""The YAML in front of a card, as Hugging Face reads it."""

import re

import yaml

from .facts import CardFacts, data_set_name

FENCE = '---\n'
HEAD = re.compile(r'---\n(.*?)^---\n', re.DOTALL | re.MULTILINE)
# Accuracy in percent, as mmseg has it: Hugging Face's name and ours.
METRICS = dict(mIoU=('mean_iou', 'mIoU'), aAcc=('accuracy', 'pixel accuracy'))


def make_head(facts: CardFacts, old: dict) -> str:
    """Write the YAML.

    Args:
        facts: Of the model.
        old: YAML of the card before; what we do not write ourselves stays.
    """
    head: dict = dict(
        library_name='mmproto',
        pipeline_tag='image-segmentation',
        tags=[
            'semantic-segmentation',
            'interpretability',
            'prototypes',
            'mmsegmentation',
        ],
    )
    results = make_results(facts)
    if results:
        head['model-index'] = [dict(name=facts.name, results=results)]
    kept = {k: v for k, v in old.items() if k not in {*head, 'model-index'}}
    text = yaml.safe_dump(head | kept, sort_keys=False, allow_unicode=True)
    return FENCE + text + FENCE


def make_results(facts: CardFacts) -> list[dict]:
    """Accuracy as results of a model index; values are shares of one."""
    accuracy = facts.report['accuracy']
    metrics = [
        dict(type=kind, name=name, value=round(accuracy[key] / 100, 6))
        for key, (kind, name) in METRICS.items()
        if accuracy.get(key) is not None
    ]
    data_set = data_set_name(facts.report['data_set'])
    task = dict(type='image-segmentation', name='Semantic segmentation')
    dataset = dict(type=data_set.lower(), name=data_set)
    return [dict(task=task, dataset=dataset, metrics=metrics)][: len(metrics)]


def read_head(text: str) -> dict:
    """Read the YAML in front of a card.

    Raises:
        ValueError: If it is no YAML, or no table.
    """
    found = HEAD.match(text)
    try:
        head = yaml.safe_load(found[1]) or {} if found else {}
    except yaml.YAMLError as error:
        raise ValueError(f'the YAML cannot be read: {error}') from error
    if not isinstance(head, dict):
        raise ValueError(f'the YAML is no table, but {head!r}')
    return head
