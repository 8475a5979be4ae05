"""The command line: `numsnn COMMAND`. Each command lives beside what it runs."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from numsnn import __version__
from numsnn.errors import NumsnnError

COMMANDS = {
    "train": ("numsnn.train_command", "add_train_parser"),
    "data": ("numsnn.data.commands", "add_data_parser"),
    "equations": ("numsnn.equations.commands", "add_equations_parser"),
    "errata": ("numsnn.errata.commands", "add_errata_parser"),
    "describe": ("numsnn.describe_command", "add_describe_parser"),
    "verify": ("numsnn.checks.commands", "add_verify_parser"),
    "bench": ("numsnn.bench.command", "add_bench_parser"),
    "learn": ("numsnn.learn", "add_learn_parser"),
}
"""Each command's module, and the function that adds its parser and sets ``run``."""

BAD_INPUT, INTERRUPTED = 2, 130  # exit statuses


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as all errors here are."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: error: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(BAD_INPUT)


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser of the whole command line; with ``only`` that of one command, which starts faster."""
    parser = Parser(
        prog="numsnn",
        description="Directly trained spiking neural networks in plain NumPy, every gradient by hand.",
        epilog="Begin with `numsnn train`; `numsnn COMMAND --help` explains each command.",
    )
    parser.add_argument("--version", action="version", version=f"numsnn {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, (module, function) in COMMANDS.items():
        if only in (None, name):
            getattr(import_module(module), function)(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status; bad input is one line on stderr and status 2."""
    argv = (sys.argv[1:] if argv is None else argv) or ["--help"]
    try:
        only = argv[0] if argv and argv[0] in COMMANDS else None
        args = build_parser(only).parse_args(argv)
        status = args.run(args)
        sys.stdout.flush()
        return status
    except SystemExit as leaving:  # --help, --version, or a wrong option, already reported
        return leaving.code if isinstance(leaving.code, int) else 0
    except KeyboardInterrupt:
        print("numsnn: stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read the output has left: say no more, not even while Python closes the stream
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (NumsnnError, OSError, MemoryError) as error:
        message = " ".join(str(error).split()) or type(error).__name__
        print(f"numsnn: error: {message}", file=sys.stderr)
        return BAD_INPUT
