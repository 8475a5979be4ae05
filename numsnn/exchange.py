"""Sums over processes, through memory that they share.

Every process (a rank: 0, 1, ...) calls ``total`` with its own part and gets the sum of all parts,
added up in the order of ranks: the same bits in every process and in every run.
"""

import mmap
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

import numpy as np

Array = np.ndarray

SLOT = 1 << 20  # bytes of a part that are exchanged at once
SPINS = 4000  # looks at a semaphore before going to sleep: some 0.3 ms, as long as a short layer
PATIENCE = 0.1  # seconds asleep before asking whether the others are still there


def shared_array(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array that this process shares with those it forks from now on."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape))
    memory = mmap.mmap(-1, max(1, count * dtype.itemsize))  # anonymous: it goes with its last user
    return np.frombuffer(memory, dtype, count).reshape(shape)


class Exchange:
    """What the ranks share. ``rank`` is set in each of them after the fork.

    A rank writes its part, tells the others, waits for theirs, and adds up. There are two slots a
    rank, used in turn: nobody can be two sums ahead of another, so none is written while it is read.
    """

    def __init__(self, ranks: int, alive: Callable[[], None]) -> None:
        context = get_context("fork")
        self.ranks, self.rank = ranks, 0
        self._alive = alive  # raises where another rank is gone
        self._slots = shared_array((2, ranks, SLOT), np.uint8)
        self._told = [[context.Semaphore(0) for _ in range(ranks)] for _ in range(ranks)]
        self._turn = 0

    def total(self, part: Array) -> Array:
        """The sum of the parts of all ranks, which have one shape and dtype."""
        result = np.empty(part.shape, part.dtype)
        flat, out = np.ascontiguousarray(part).reshape(-1), result.reshape(-1)
        count = SLOT // part.dtype.itemsize
        for start in range(0, flat.size, count):
            piece = slice(start, start + count)
            self._piece(flat[piece], out[piece])
        return result

    def _piece(self, part: Array, out: Array) -> None:
        slots = self._slots[self._turn, :, : part.nbytes].view(part.dtype)
        self._turn = 1 - self._turn
        slots[self.rank] = part
        for other in range(self.ranks):
            if other != self.rank:
                self.tell(other)
        for other in range(self.ranks):
            if other != self.rank:
                self.wait(other)
        np.copyto(out, slots[0])
        for slot in slots[1:]:
            out += slot

    def tell(self, other: int) -> None:
        """Let ``wait`` return once in the other rank."""
        self._told[self.rank][other].release()

    def wait(self, other: int) -> None:
        """Until the other rank has told this one. Raises what ``alive`` raises if it never will."""
        told = self._told[other][self.rank]
        for _ in range(SPINS):  # waking from sleep takes longer than most waits last
            if told.acquire(False):
                return
        while not told.acquire(timeout=PATIENCE):
            self._alive()
