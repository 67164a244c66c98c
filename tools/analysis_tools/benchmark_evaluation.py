"""Cost of measuring explanations over that of tools/test.py.

    python tools/analysis_tools/benchmark_evaluation.py CONFIG CHECKPOINT

Runs both commands in turn on the same images, as a user would: loading,
network, metrics and files included.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import interleaved_medians

TOOLS = Path(__file__).resolve().parents[1]
COMMANDS = {
    'tools/test.py': [TOOLS / 'test.py'],
    'evaluate_explanations.py': [
        TOOLS / 'analysis_tools' / 'evaluate_explanations.py'
    ],
}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='config of the model')
    parser.add_argument('checkpoint', help='checkpoint of the model')
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE'
    )
    return parser.parse_args()


def main() -> None:
    """Print both medians and their ratio."""
    args = parse_args()
    with tempfile.TemporaryDirectory() as folder:
        common = [args.config, args.checkpoint, '--work-dir', folder]
        if args.cfg_options:
            common += ['--cfg-options', *args.cfg_options]
        commands = {
            name: [sys.executable, *map(str, command), *common]
            for name, command in COMMANDS.items()
        }
        commands['evaluate_explanations.py'] += ['--out', f'{folder}/r.json']
        medians = interleaved_medians(
            {
                name: lambda command=command: subprocess.run(
                    command, check=True, capture_output=True
                )
                for name, command in commands.items()
            },
            args.repeats,
            warm_up=0,
        )
    test, evaluation = medians.values()
    print(f'{args.config}, median of {args.repeats}')
    for name, seconds in medians.items():
        print(f'{name:26} {seconds:8.1f} s')
    print(f'{"ratio":26} {evaluation / test:8.2f}   (target <= 1.5)')


if __name__ == '__main__':
    main()
