"""What a command is: flags, work, and how mistakes of the user end."""

import sys
import traceback
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mmproto.commands.quiet import silence_libraries

USER_ERRORS = (ValueError, OSError, ImportError)


def format_examples(lines: Iterable[str]) -> str:
    """Lay out the examples that end every `--help`."""
    return '\n  '.join(['examples:', *lines])


@dataclass(frozen=True)
class Command:
    """A command of `mmproto`, and the script in `tools/` that does the same.

    Args:
        description: Shown by `--help`; its first line is the summary.
        examples: Arguments of two examples.
        add_arguments: Adds the flags to a parser.
        work: Does what the flags say. An error of the user ends it in one
            sentence; an error in an iteration of a loop keeps its traceback.
        intermixed: Whether flags may stand between positional arguments.
    """

    description: str
    examples: tuple[str, str]
    add_arguments: Callable[[ArgumentParser], None]
    work: Callable[[Namespace], None]
    intermixed: bool = False

    @property
    def summary(self) -> str:
        """Say in one line what the command does."""
        return self.description.splitlines()[0]

    def parser(self, program: str | None = None) -> ArgumentParser:
        """Return the parser of the command line.

        Args:
            program: How the command is called; by default as the script
                that runs.
        """
        call = program or f'python {sys.argv[0]}'
        parser = ArgumentParser(
            prog=program,
            description=self.description,
            epilog=format_examples(f'{call} {text}' for text in self.examples),
            formatter_class=RawDescriptionHelpFormatter,
        )
        self.add_arguments(parser)
        return parser

    def parse(
        self, program: str | None = None, arguments: list[str] | None = None
    ) -> Namespace:
        """Read a command line, by default that of this process."""
        parser = self.parser(program)
        if self.intermixed:
            return parser.parse_intermixed_args(arguments)
        return parser.parse_args(arguments)

    def run(
        self, program: str | None = None, arguments: list[str] | None = None
    ) -> None:
        """Read the command line and do the work.

        Raises:
            SystemExit: With a sentence, after a mistake of the user.
        """
        args = self.parse(program, arguments)
        silence_libraries()
        try:
            self.work(args)
        except USER_ERRORS as error:
            if _in_iteration(error):
                raise
            raise SystemExit(f'error: {error}') from error


def _in_iteration(error: BaseException) -> bool:
    """Tell whether an error comes from an iteration of mmengine's loops."""
    frames = traceback.extract_tb(error.__traceback__)
    return any(frame.name == 'run_iter' for frame in frames)
