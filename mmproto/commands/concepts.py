"""List the concepts of a model: classes, use and training patches."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmproto.commands.command import Command
from mmproto.commands.flags import (
    add_model_arguments,
    load_model,
    read_config,
)
from mmproto.utils.files import check_writable
from mmproto.utils.origin import Origin


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    add_model_arguments(parser)
    parser.add_argument(
        '--out',
        default='work_dirs/concepts',
        help='folder for concepts.json, concepts.csv and the pages (default: '
        '%(default)s)',
    )


def work(args: Namespace) -> None:
    """Print a line for every concept, the most used first."""
    check_writable(Path(args.out, 'concepts.json'))
    from mmengine.runner import Runner

    from mmproto.explanations.concepts import (
        concept_usage,
        list_concepts,
        model_summary,
        unused_summary,
    )
    from mmproto.models.facts import ModelFacts
    from mmproto.visualization.concept_pages import save_concepts

    cfg = read_config(args)
    facts = ModelFacts.of(load_model(args, cfg))
    usage = concept_usage(facts, Runner.build_dataloader(cfg.val_dataloader))
    concepts = list_concepts(facts, usage, args.data_root)
    origin = Origin(args.config, args.checkpoint)
    paths = save_concepts(concepts, facts, usage, args.out, origin)
    for concept in concepts:
        print(concept.sentence())
    print(model_summary(facts, usage))
    if facts.surrogate is not None:
        print(facts.surrogate.sentence())
    if unused := unused_summary(concepts):
        print(unused)
    for path in paths:
        print(path)


COMMAND = Command(
    __doc__,
    (
        'my_proto.py model.pth',
        'my_proto.py model.pth --data-root data/mine --out concepts',
    ),
    add_arguments,
    work,
)
