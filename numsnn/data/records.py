"""Helpers for files of equal records: bad records are found at once and named by their offset."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from numsnn.errors import DataFormatError


def as_records(content: np.ndarray, size: int, path: Path, start: int = 0) -> np.ndarray:
    """uint8 [N, size]: a view of `content`, which begins at byte `start` of `path`.

    Raises DataFormatError, at the offset of the incomplete record, if bytes are left over.
    """
    whole, rest = divmod(len(content), size)
    if rest:
        offset = start + whole * size
        raise DataFormatError(path, offset, f"a record of {size} bytes", f"{rest} bytes")
    return content.reshape(whole, size)


def refuse(
    bad: np.ndarray,
    path: Path,
    offset: Callable[[int], int],
    expected: str,
    found: Callable[[int], object],
) -> None:
    """Raises DataFormatError for the first record that `bad` marks, if any."""
    if bad.any():
        first = int(np.argmax(bad))
        raise DataFormatError(path, offset(first), expected, str(found(first)))


def refuse_backward(time: np.ndarray, path: Path, offset: Callable[[int], int]) -> None:
    """Raises DataFormatError for the first time that is earlier than the one before it."""
    backward = time[1:] < time[:-1]
    if backward.any():
        later = int(np.argmax(backward)) + 1
        expected = f"a time of {time[later - 1]} us or later"
        raise DataFormatError(path, offset(later), expected, f"{time[later]} us")
