"""List the concepts of a model: classes, use and training patches."""

import argparse
from pathlib import Path

# Says what is wrong with the stack before mmseg is imported.
import mmproto  # noqa: F401 - configs find their bases
from mmproto.utils.command_line import add_model_arguments
from mmproto.utils.files import check_writable
from mmproto.utils.origin import Origin


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_model_arguments(parser)
    parser.add_argument(
        '--out',
        default='work_dirs/concepts',
        help='folder for concepts.json, concepts.csv and the pages (default: '
        '%(default)s)',
    )
    return parser.parse_args()


def main() -> None:
    """Print a line for every concept, the most used first."""
    args = parse_args()
    # after the command line: this takes seconds and prints of mmseg
    from mmengine.config import Config
    from mmengine.runner import Runner

    from mmproto.checkpoints.derived import load_strictly
    from mmproto.explanations.concepts import (
        concept_usage,
        list_concepts,
        model_summary,
        unused_summary,
    )
    from mmproto.models.facts import ModelFacts
    from mmproto.visualization.concept_pages import save_concepts

    try:
        check_writable(Path(args.out, 'concepts.json'))
        cfg = Config.fromfile(args.config)
        model, _ = load_strictly(cfg, args.checkpoint, args.device)
        facts = ModelFacts.of(model)
        loader = Runner.build_dataloader(cfg.val_dataloader)
        usage = concept_usage(facts, loader)
        concepts = list_concepts(facts, usage, args.data_root)
        origin = Origin(args.config, args.checkpoint)
        paths = save_concepts(concepts, facts, usage, args.out, origin)
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'error: {error}') from error
    for concept in concepts:
        print(concept.sentence())
    print(model_summary(facts, usage))
    if unused := unused_summary(concepts):
        print(unused)
    for path in paths:
        print(path)


if __name__ == '__main__':
    main()
