"""The evaluation of explanations against a plain test."""

import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from benchmarks.timing import interleaved_medians

TOOLS = Path(__file__).resolve().parents[2]
COMMANDS = {
    'tools/test.py': [TOOLS / 'test.py'],
    'evaluate_explanations.py': [
        TOOLS / 'analysis_tools' / 'evaluate_explanations.py'
    ],
}


def measure(args: Namespace) -> None:
    """Print both medians and their ratio."""
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
