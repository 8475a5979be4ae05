"""Options that several commands read in the same way."""

import argparse
from collections.abc import Callable
from pathlib import Path

from numsnn.validate import require


def integer(least: int) -> Callable[[str], int]:
    """The type of an option: a plain decimal integer of at least ``least``."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"expected an integer from {least}, found {text!r}")
        return int(text)

    return parse


def writable(option: str, path: Path | None) -> None:
    """Find out now, not after the work, whether the file can be written. Raises NumsnnError."""
    if path is not None:
        require(not path.is_dir(), f"{option} {path} is a folder")
        require(path.parent.is_dir(), f"{option} {path}: there is no folder {path.parent}")
