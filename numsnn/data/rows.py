"""Rows that stay where they are until asked for: files joined end to end, images in folders.

A row source has `len`, `shape`, `dtype`, and takes an integer, a slice or an array of integers in
square brackets, giving a NumPy array. `batches` needs no more than this; NumPy arrays and
memory-maps have it already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Rows(Protocol):
    """What `batches` reads from."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any) -> Any: ...


def row_numbers(index: Any, count: int) -> np.ndarray:
    """The non-negative row numbers that a slice, an integer array or a mask stands for."""
    return np.arange(count)[index]


@dataclass(frozen=True)
class Joined:
    """Arrays (memory-maps, say) of one row shape and dtype, joined end to end without a copy."""

    parts: Sequence[np.ndarray]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), *self.parts[0].shape[1:])

    @property
    def dtype(self) -> np.dtype:
        return self.parts[0].dtype

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def __getitem__(self, index: Any) -> np.ndarray:
        wanted = row_numbers(index, len(self))
        flat = np.atleast_1d(wanted)
        ends = np.cumsum([len(part) for part in self.parts])
        owner = np.searchsorted(ends, flat, "right")
        rows = np.empty((len(flat), *self.shape[1:]), self.dtype)
        for number in np.unique(owner):
            mine = owner == number
            part = self.parts[number]
            rows[mine] = part[flat[mine] - (ends[number] - len(part))]
        return rows if wanted.ndim else rows[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)
