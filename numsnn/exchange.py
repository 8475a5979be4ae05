"""Sums over processes, through memory that they share.

Every process, a rank, calls ``total`` with its own part and gets the sum of all parts, added up in the
order of ranks: the same bits in every rank and in every run.
"""

import math
import mmap
from collections.abc import Callable
from multiprocessing import get_all_start_methods, get_context
from typing import Any

import numpy as np

from numsnn import parallel
from numsnn.errors import NumsnnError
from numsnn.validate import require

Array = np.ndarray

SLOT = 1 << 22  # bytes of a part that are exchanged at once
SPINS = 12000  # looks at a semaphore before going to sleep, some 1 ms: waking up takes long, too
PATIENCE = 0.1  # seconds of sleep before asking whether the others are still there


def shared_array(shape: tuple[int, ...], dtype: Any) -> Array:
    """Zeros that this process shares with those it forks from now on."""
    dtype, count = np.dtype(dtype), math.prod(shape)
    memory = mmap.mmap(-1, max(1, count * dtype.itemsize))  # of no file: it goes with its last user
    return np.frombuffer(memory, dtype, count).reshape(shape)


class Exchange:
    """What some ranks share: made before the fork, then ``rank`` is set in each.

    In ``total`` a rank writes its part into its slot, tells the others, waits for them, and adds all
    slots up. There are two slots a rank, used in turn: to be two sums ahead a rank would need the
    others' word that they have begun the sum in between, so no slot is written while it is read.
    ``alive`` is called now and then by a rank that waits, and raises where another is gone. Raises
    NumsnnError where there are fewer than two ranks or the system cannot fork processes.
    """

    def __init__(self, ranks: int, alive: Callable[[], None]) -> None:
        require(ranks >= 2, f"Exchange: there must be at least 2 ranks, found {ranks}")
        require("fork" in get_all_start_methods(), "this system cannot fork processes")
        context = get_context("fork")
        self.ranks, self.rank = ranks, 0
        self._alive = alive
        self._slots = shared_array((2, ranks, SLOT), np.uint8)
        self._told = [[context.Semaphore(0) for _ in range(ranks)] for _ in range(ranks)]
        self._turn = 0
        self._spins = SPINS if ranks <= parallel.cores() else 0  # nobody is kept off a core

    def total(self, part: Array) -> Array:
        """The sum of the parts of all ranks, which have one shape and one dtype."""
        flat, result = part.reshape(-1), np.empty(part.size, part.dtype)
        count = SLOT // part.itemsize
        for start in range(0, max(1, len(flat)), count):
            piece = slice(start, start + count)
            first, second, *others = self._every(flat[piece])
            sums = np.add(first, second, out=result[piece])
            for other in others:
                sums += other
        return result.reshape(part.shape)

    def every(self, part: Array) -> Array:
        """The parts of all ranks, [ranks, ...], none larger than a slot."""
        if part.nbytes > SLOT:
            raise NumsnnError(f"Exchange: a part has at most {SLOT} bytes, not {part.nbytes}")
        return self._every(part.reshape(-1)).reshape(self.ranks, *part.shape).copy()

    def _every(self, part: Array) -> Array:
        """The parts of all ranks, in their slots, which the next exchange but one fills again."""
        slots = self._slots[self._turn, :, : part.nbytes].view(part.dtype)
        self._turn = 1 - self._turn
        slots[self.rank] = part
        self.meet()
        return slots

    def meet(self) -> None:
        """Wait until all ranks are here: what each has written to shared memory, all can read then."""
        others = [rank for rank in range(self.ranks) if rank != self.rank]
        for other in others:
            self.tell(other)
        for other in others:
            self.wait(other)

    def tell(self, other: int) -> None:
        """Let one ``wait`` for this rank return in another."""
        self._told[self.rank][other].release()

    def wait(self, other: int) -> None:
        """Until another rank has told this one. Raises what ``alive`` raises."""
        told = self._told[other][self.rank]
        for _ in range(self._spins):
            if told.acquire(block=False):
                return
        while not told.acquire(timeout=PATIENCE):
            self._alive()
