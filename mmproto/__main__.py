"""The command `mmproto`, also as `python -m mmproto`."""

import sys
from importlib import import_module

from mmproto.commands.command import Command, format_examples
from mmproto.version import __version__

COMMANDS = (
    'draw-scenes',
    'check',
    'train',
    'test',
    'init',
    'project',
    'fit',
    'explain',
    'concepts',
    'evaluate',
    'confusions',
    'edit',
    'card',
    'export',
    'ablate',
    'compare',
    'compare-cam',
    'convert-camvid',
    'convert-car-parts',
    'convert-lite0',
    'convert-protoseg',
    'convert-scaleprotoseg',
)
EXAMPLES = ('mmproto explain --help', 'mmproto draw-scenes --out data/scenes')


def load_command(name: str) -> Command:
    """Return a command of `COMMANDS`."""
    module = f'mmproto.commands.{name.replace("-", "_")}'
    return import_module(module).COMMAND


def list_commands() -> str:
    """Describe every command in a line."""
    width = max(map(len, COMMANDS))
    return '\n'.join(
        f'  {name:{width}}  {load_command(name).summary}' for name in COMMANDS
    )


def main(arguments: list[str] | None = None) -> None:
    """Run a command.

    Args:
        arguments: Its name and its arguments; by default those of this
            process.

    Raises:
        SystemExit: If there is no such command, or it fails.
    """
    given = sys.argv[1:] if arguments is None else arguments
    name, *rest = given or ['--help']
    if name in COMMANDS:
        load_command(name).run(f'mmproto {name}', rest)
    elif name in ('-h', '--help'):
        print(f'usage: mmproto COMMAND [-h] ...\n\n{list_commands()}\n')
        print(format_examples(EXAMPLES))
    elif name == '--version':
        print(f'mmproto {__version__}')
    else:
        raise SystemExit(
            f'error: there is no command {name!r}, only\n{list_commands()}'
        )


if __name__ == '__main__':
    main()
