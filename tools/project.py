"""Project the prototypes of a checkpoint onto training patches."""

import argparse
import json

import torch

# Says what is wrong with the stack before mmseg is imported.
import mmproto  # noqa: F401 - configs find their bases


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='checkpoint, left as it is')
    parser.add_argument(
        '--out',
        help='new checkpoint, by default <checkpoint>_projected.pth; its '
        'record is written beside it as JSON',
    )
    parser.add_argument(
        '--topk', type=int, default=10, help='patches of each prototype'
    )
    parser.add_argument(
        '--mode',
        choices=('project', 'mine'),
        default='project',
        help='overwrite prototypes by their nearest latent, or only record',
    )
    parser.add_argument(
        '--device',
        default='cuda:0' if torch.cuda.is_available() else 'cpu',
        help='where to compute (default: %(default)s)',
    )
    return parser.parse_args()


def main() -> None:
    """Project, and print the path of the new checkpoint last."""
    args = parse_args()
    # after the command line: this takes seconds and prints of mmseg
    from mmengine.config import Config

    from mmproto.checkpoints.project import project_checkpoint
    from mmproto.prototypes.projection import mean_similarity

    try:
        path = project_checkpoint(
            Config.fromfile(args.config),
            args.checkpoint,
            args.out,
            args.topk,
            args.mode,
            args.device,
        )
    except (ValueError, FileNotFoundError) as error:
        raise SystemExit(f'error: {error}') from error
    record = json.loads(path.with_suffix('.projection.json').read_text())
    print(
        f'{len(record["prototypes"])} prototypes, mean similarity to the '
        f'nearest training latent {mean_similarity(record):.4f}'
    )
    print(path)


if __name__ == '__main__':
    main()
