"""The whole card, and its file."""

from pathlib import Path

from mmengine.config import Config

from mmproto.utils.files import atomic_path
from mmproto.utils.requirements import require

from . import sections
from .blocks import fill_blocks, read_blocks
from .concepts import concepts
from .explanations import explanations
from .facts import CardFacts, gather_facts
from .head import make_head, read_head


def write_card(
    cfg: Config,
    checkpoint: str | Path,
    report: str | Path,
    out: str | Path,
) -> None:
    """Write the card of a model, or write it anew.

    The same files give the same bytes. Of a card that is there, hand-written
    blocks stay, and what people added to the YAML.

    Args:
        cfg: Config of the training, from a file.
        checkpoint: The model.
        report: JSON of ``tools/analysis_tools/evaluate_explanations.py``.
        out: The card.

    Raises:
        ImportError: If huggingface_hub is not installed.
        FileNotFoundError: If a file is not there.
        ValueError: If the files do not fit together, or ``out`` is something
            else than a card or has damaged blocks; it is left as it is then.
    """
    text = make_card(gather_facts(cfg, checkpoint, report), read_card(out))
    with atomic_path(out) as temporary:
        temporary.write_text(text, encoding='utf-8')


def read_card(path: str | Path) -> str:
    """Read the card that is there, if there is any.

    Raises:
        ValueError: If the file is something else.
    """
    if not Path(path).is_file():
        return ''
    text = Path(path).read_text(encoding='utf-8-sig')
    if 'summary' not in read_blocks(text):
        raise ValueError(
            f'{path} exists and is no card of tools/model_card.py (it has no '
            'block "<!-- hand-written: summary -->"); choose another name'
        )
    return text


def make_card(facts: CardFacts, old: str = '') -> str:
    """Put facts into words.

    Args:
        facts: Of :func:`gather_facts`.
        old: Text of the card before.

    Returns:
        Text of the card, which Hugging Face's own reader accepts.

    Raises:
        ImportError: If huggingface_hub is not installed.
        ValueError: If the YAML of the old card cannot be kept.
    """
    body = '\n\n'.join(
        section(facts)
        for section in (
            sections.title,
            sections.data,
            sections.intended_use,
            sections.accuracy,
            explanations,
            concepts,
            sections.limits,
        )
    )
    body = fill_blocks(f'{body}\n', read_blocks(old))
    text = f'{make_head(facts, read_head(old))}\n{body}'
    # parses the YAML and checks the results in it; asks no server
    require('huggingface_hub').ModelCard(text)
    return text
