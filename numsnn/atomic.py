"""Files that are there whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from numsnn.validate import require

PathLike = str | os.PathLike[str]


def write_atomically(path: PathLike, write: Callable[[BinaryIO], Any]) -> None:
    """``write(file)`` under another name in the same folder, which then takes the place of ``path``.

    Whatever interrupts it, ``path`` holds the old content or the new, never a part of it. What an
    interruption leaves behind is written over the next time. Raises NumsnnError where there is no such
    folder.
    """
    path = Path(path)
    require(path.parent.is_dir(), f"{path}: there is no folder {path.parent}")
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def write_text(path: PathLike, text: str) -> None:
    """A text file in UTF-8 with plain line ends."""
    write_atomically(path, lambda file: file.write(text.encode()))
