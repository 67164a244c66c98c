"""Write the card of a model: Markdown with YAML, as on Hugging Face.

    python tools/model_card.py CONFIG CHECKPOINT --report report.json \
        --out README.md

Blocks between "<!-- hand-written: NAME -->" and "<!-- end of NAME -->" stay
when a card is written again.
"""

import argparse

# Says what is wrong with the stack before mmseg is imported.
import mmproto  # noqa: F401 - configs find their bases


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='checkpoint, left as it is')
    parser.add_argument(
        '--report',
        required=True,
        help='JSON of tools/analysis_tools/evaluate_explanations.py',
    )
    parser.add_argument('--out', required=True, help='card, such as README.md')
    return parser.parse_args()


def main() -> None:
    """Write the card, and print its path."""
    args = parse_args()
    # after the command line: this takes seconds and prints of mmseg
    from mmengine.config import Config

    from mmproto.model_card import write_card
    from mmproto.utils.files import check_writable

    try:
        check_writable(args.out)
        cfg = Config.fromfile(args.config)
        write_card(cfg, args.checkpoint, args.report, args.out)
    except (ValueError, FileNotFoundError, ImportError) as error:
        raise SystemExit(f'error: {error}') from error
    print(args.out)


if __name__ == '__main__':
    main()
