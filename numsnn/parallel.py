"""Threads over slices of the batch: the one place that knows how many cores there are.

NumPy releases the interpreter lock inside products and large elementwise loops, so plain threads
use all cores as long as each loop lasts: a thread that finds the lock taken goes to sleep, and
waking it takes longer than a loop over ten thousand numbers. While threads run, BLAS is held to one
thread each; ``set_threads`` holds it there for good, since BLAS threads that wait for more work keep
cores from ours. Work is cut into ``LANES`` slices whatever the number of threads, and results come
back in slice order: a sum over slices has one order, so the thread count does not change it.
"""

import itertools
import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

from numsnn.errors import NumsnnError
from numsnn.layout import aligned, channels_last, channels_third

LANES = 8
TILE = 1 << 17  # numbers; loops over fewer do not run side by side
BUFFER = 256  # numbers; runs of fewer are gathered by NumPy, see ``_short_buffers``
Item = TypeVar("Item")
Result = TypeVar("Result")
_settings = {"threads": 0}
_local = threading.local()


def threads() -> int:
    """The number of threads in use: ``set_threads``, else NUMSNN_THREADS, else this process's cores."""
    if _settings["threads"]:
        return _settings["threads"]
    chosen = os.environ.get("NUMSNN_THREADS", "")
    if chosen:
        if not chosen.isdigit() or int(chosen) < 1:
            raise NumsnnError(f"NUMSNN_THREADS must be a positive integer, found {chosen!r}")
        return int(chosen)
    return cores()


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def set_threads(count: int) -> None:
    """Use ``count`` threads, and hold BLAS to one in each; 0 goes back to the default for both."""
    if count < 0:
        raise NumsnnError(f"threads must be 0 or more, found {count}")
    _settings["threads"] = count
    _controller().limit(limits=1 if count else threads(), user_api="blas")


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


@cache
def _pool(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="numsnn")


@contextmanager
def _single_blas() -> Iterator[None]:
    if _settings["threads"]:  # it is held already
        yield
        return
    with _controller().limit(limits=1, user_api="blas"):
        yield


def lanes(count: int, least: int = 1) -> list[slice]:
    """At most ``LANES`` equal slices of range(count), none shorter than ``least`` but the only one.

    A power of two of them: 2, 4 and 8 threads then have alike to do. One where this thread is alone,
    see ``in_place``: every lane has sums of its own.
    """
    most = 1 if _alone() else max(1, min(LANES, count // max(least, 1)))
    number = 1 << (most.bit_length() - 1)
    edges = [count * i // number for i in range(number + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


def tiles(shape: tuple[int, ...], lead: int = 2, size: int = TILE) -> list[tuple[slice, ...]]:
    """Index tuples over the first ``lead`` axes that cut an array into tiles of about ``size`` numbers.

    A tile holds one step and some of its samples: the passes of an elementwise formula over it stay
    in the caches, and are long enough for threads. A small array is one tile.
    """
    if math.prod(shape) <= size:
        return [(slice(None),) * lead]
    count = max(1, size // max(1, math.prod(shape[lead:])))
    last = [slice(i, min(i + count, shape[lead - 1])) for i in range(0, shape[lead - 1], count)]
    steps = itertools.product(*([slice(i, i + 1) for i in range(n)] for n in shape[: lead - 1]))
    return [(*step, samples) for step in steps for samples in last]


def _alone() -> bool:
    return getattr(_local, "alone", False)


def tile(size: int) -> int:
    """Numbers in a tile of at most ``size``: half of it where this thread is alone, see ``in_place``.

    What is worth handing to a thread is more than what fits a cache.
    """
    return max(1, size // 2) if _alone() else size


def run(work: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    """``[work(item) for item in items]``, on as many threads as there are; results in order.

    Work that is already inside a thread runs in place: runs do not nest.
    """
    if getattr(_local, "inside", False):
        return [work(item) for item in items]
    with _short_buffers():
        return _run(work, items)


def _run(work: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    if len(items) == 1 or threads() == 1:
        return [work(item) for item in items]

    def lane(part: slice) -> list[Result]:
        _local.inside = True
        try:
            return [work(item) for item in items[part]]
        finally:
            _local.inside = False

    with _single_blas():
        # in the caller's context, so that its np.errstate holds in every thread
        parts = [
            _pool(threads()).submit(copy_context().run, lane, part) for part in lanes(len(items))
        ]
        return [result for part in parts for result in part.result()]


@contextmanager
def _short_buffers() -> Iterator[None]:
    """Inside, NumPy copies only short runs of numbers into buffers before it adds or multiplies.

    Where an operand is a constant of every row, or every second row, NumPy gathers runs shorter than
    its buffer (8192 numbers) in there, which takes longer than to go through them one by one.
    """
    with np.errstate():  # what is set inside ends with it
        np.setbufsize(BUFFER)
        yield


@contextmanager
def in_place() -> Iterator[None]:
    """Inside, all runs of this thread stay in it, and BLAS in one thread."""
    was = getattr(_local, "inside", False), _alone()
    with _single_blas(), _short_buffers():
        _local.inside = _local.alone = True
        try:
            yield
        finally:
            _local.inside, _local.alone = was


def scratch(key: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An uninitialised array that this thread reuses at the next call with the same key.

    Fresh pages cost as much as the copy that fills them. The caller overwrites all of it and keeps
    none of it.
    """
    buffers = _local.__dict__.setdefault("buffers", {})
    count = math.prod(shape)
    size = count * np.dtype(dtype).itemsize
    if key not in buffers or buffers[key].nbytes < size:
        buffers[key] = aligned((size,), np.uint8)
    return buffers[key][:size].view(dtype).reshape(shape)


def scratch_like(key: str, x: np.ndarray, dtype: Any) -> np.ndarray:
    """``scratch`` of the shape and layout of x."""
    if not channels_last(x):
        return scratch(key, x.shape, dtype)
    *lead, C, H, W = x.shape
    return channels_third(scratch(key, (*lead, H, W, C), dtype))
