"""The list of confusions that people take along."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from mmproto.utils.files import relative_link
from mmproto.utils.markdown import escape, table, weight_list

from .text import both_names, concept_label, find_concept, sentence, title

READING = """\
Evidence adds up: at every wrong pixel, the lead of the predicted over the true
class is the sum of what the concepts contribute to it, and the concept with
the largest part leads. That describes a mistake. What a concept causes is
seen by predicting again without it: how many wrong pixels become right, and
how many right ones wrong.
"""


def markdown(data: dict, folder: Path, sheets: Sequence[str]) -> str:
    """Write the list.

    Args:
        data: From :func:`~mmproto.confusions.table.confusion_data`.
        folder: Where the list will be; links start there.
        sheets: Contact sheets of the first confusions, in the same order.
    """
    parts = ['# Confusions by concept', _overview(data), READING.rstrip()]
    parts += [f'* {escape(note)}' for note in data['notes']]
    for number, (row, sheet) in enumerate(zip(data['confusions'], sheets), 1):
        parts += _section(number, data, row, sheet, folder)
    if data['concepts']:
        parts += ['## All concepts in use', _concepts(data)]
    return '\n\n'.join(parts) + '\n'


def _overview(data: dict) -> str:
    files = (data[key] for key in ('checkpoint', 'config', 'split'))
    checkpoint, config, split = map(escape, files)
    text = (
        f'{checkpoint} with {config}, split {split}: {data["num_images"]:,} '
        f'images, {data["labelled_pixels"]:,} labelled pixels, '
    )
    if not data['labelled_pixels']:
        return f'{text}so nothing can be wrong.'
    if not data['wrong_pixels']:
        return f'{text}none of them wrong.'
    share = data['wrong_pixels'] / data['labelled_pixels']
    return f'{text}{data["wrong_pixels"]:,} of them wrong ({share:.2%}).'


def _section(
    number: int, data: dict, row: dict, sheet: str, folder: Path
) -> list[str]:
    """Write the paragraphs about one confusion."""
    places = [
        f'* [{escape(Path(place["image"]).name)}]'
        f'({relative_link(place["image"], folder)}): '
        f'x {place["box"][0]} to {place["box"][2] - 1}, '
        f'y {place["box"][1]} to {place["box"][3] - 1}, '
        f'{place["pixels"]:,} wrong pixels'
        for place in row['places']
    ]
    parts = [
        f'## {number}. {title(data, row, escape)}',
        sentence(data, row, escape),
        f'[Contact sheet]({quote(sheet)}). Largest places:',
        '\n'.join(places),
    ]
    concept = find_concept(data, row['concept'])
    if concept is not None:
        command = (
            f'mmproto edit {shlex.quote(data["config"])} '
            f'{shlex.quote(data["checkpoint"])} '
            f'--disable {row["concept"]} --by "" --reason ""'
        )
        parts += [
            f'To switch concept {row["concept"]} off ({_net(concept)} right '
            'pixels in all), fill in who wants it and why:',
            f'```bash\n{command}\n```',
        ]
    return parts


def _concepts(data: dict) -> str:
    """Tabulate what each concept leads, mends and breaks."""
    header = (
        'concept', 'weights', 'leads wrong pixels', 'most of them',
        'without it: right', 'without it: wrong', 'net',
    )  # fmt: skip
    rows = [
        (
            concept_label(concept, escape),
            _weights(concept),
            f'{concept["led"]:,}',
            _largest(data, concept),
            f'{concept["mended"]:,}',
            f'{concept["broken"]:,}',
            _net(concept),
        )
        for concept in sorted(data['concepts'], key=lambda c: -c['led'])
    ]
    return table(header, rows)


def _net(concept: dict) -> str:
    return f'{concept["mended"] - concept["broken"]:+,}'


def _weights(concept: dict) -> str:
    weights = [(w['name'], w['weight']) for w in concept['class_weights']]
    return weight_list(sorted(weights, key=lambda w: -abs(w[1])))


def _largest(data: dict, concept: dict) -> str:
    """Name the confusion that has most of the pixels that a concept leads."""
    for row in data['confusions']:  # most pixels first
        if row['concept'] == concept['concept'] and row['pixels']:
            truth, predicted = both_names(row, escape)
            return f'{truth} taken for {predicted}'
    return '-'
