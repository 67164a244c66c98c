"""The whole card, and its file."""

from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from mmengine.config import Config

from mmproto.models.surrogate_record import percent
from mmproto.utils import markdown
from mmproto.utils.files import atomic_path
from mmproto.utils.requirements import require
from mmproto.version import __version__

from .blocks import fill_blocks, read_blocks
from .facts import CardFacts, gather_facts, nearest_images

# Accuracy in percent, as mmseg has it: Hugging Face's name and ours.
METRICS = dict(mIoU=('mean_iou', 'mIoU'), aAcc=('accuracy', 'pixel accuracy'))


def write_card(
    cfg: Config,
    checkpoint: str | Path,
    report: str | Path,
    out: str | Path,
) -> None:
    """Write the card of a model.

    The same files give the same bytes. If the card exists, its hand-written
    blocks stay, and so does what people added to the YAML.

    Args:
        cfg: Config of the training, from a file.
        checkpoint: The model.
        report: JSON of ``mmproto evaluate``.
        out: The card.

    Raises:
        ImportError: If huggingface_hub is not installed.
        FileNotFoundError: If a file is missing.
        ValueError: If the files do not fit together, or ``out`` is something
            other than a card or has damaged blocks; it is then left alone.
    """
    text = make_card(gather_facts(cfg, checkpoint, report), read_card(out))
    with atomic_path(out) as temporary:
        temporary.write_text(text, encoding='utf-8')


def read_card(path: str | Path) -> str:
    """Read the existing card, if any.

    Raises:
        ValueError: If the file is something else.
    """
    if not Path(path).is_file():
        return ''
    text = Path(path).read_text(encoding='utf-8-sig')
    if 'summary' not in read_blocks(text):
        raise ValueError(
            f'{path} exists and is no card of mmproto card (it has no '
            'block "<!-- hand-written: summary -->"); choose another name'
        )
    return text


def make_card(facts: CardFacts, old: str = '') -> str:
    """Put facts into words.

    Args:
        facts: From :func:`gather_facts`.
        old: Text of the previous card.

    Returns:
        Text of the card, which Hugging Face's own reader accepts.

    Raises:
        ImportError: If huggingface_hub is not installed.
        ValueError: If the YAML of the old card cannot be kept.
    """
    body = fill_blocks(_render(facts), read_blocks(old))
    text = f'---\n{_make_head(facts, old)}\n---\n{body}'
    # parses the YAML and checks the results in it; asks no server
    require('huggingface_hub').ModelCard(text)
    return text


def _render(facts: CardFacts) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        escape=markdown.escape,
        listed=markdown.listed,
        number=markdown.number,
        percent=percent,
        weight_list=markdown.weight_list,
    )
    return environment.get_template('card.md.j2').render(
        facts=facts,
        nearest=nearest_images(facts.projection),
        version=__version__,
    )


def _make_head(facts: CardFacts, old: str) -> str:
    """Write the YAML; keep what people added to that of the old card."""
    hub = require('huggingface_hub')
    try:
        # the results in it, which are replaced, may be damaged
        data = hub.ModelCard(
            old or '---\n\n---\n', ignore_metadata_errors=True
        ).data
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(
            f'the YAML of the card cannot be kept: {error}'
        ) from error
    data['library_name'] = 'mmproto'
    data['pipeline_tag'] = 'image-segmentation'
    data['tags'] = [
        'semantic-segmentation',
        'interpretability',
        'prototypes',
        'mmsegmentation',
    ]
    accuracy = facts.report['accuracy']
    results = [
        hub.EvalResult(
            task_type='image-segmentation',
            task_name='Semantic segmentation',
            dataset_type=facts.test_data.lower(),
            dataset_name=facts.test_data,
            metric_type=kind,
            metric_name=name,
            metric_value=round(accuracy[key] / 100, 6),
        )
        for key, (kind, name) in METRICS.items()
        if accuracy.get(key) is not None
    ]
    data['eval_results'] = results or None
    data['model_name'] = facts.name if results else None
    return data.to_yaml()
