"""Mini-batches: seeded order, one generator a batch, threads that never change a result."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from numsnn.data.dataset import as_float
from numsnn.data.rows import Rows
from numsnn.errors import NumsnnError

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Prepare = Callable[[np.ndarray], np.ndarray]
Batch = tuple[np.ndarray, np.ndarray]


def batches(
    x: Rows,
    y: np.ndarray,
    size: int,
    rng: np.random.Generator | None = None,
    *,
    augment: Augment | None = None,
    prepare: Prepare = as_float,
    drop_last: bool = False,
    workers: int = 0,
) -> Iterator[Batch]:
    """prepare(augment(x[rows])), y[rows] for one epoch, `size` rows at a time.

    With `rng` the rows come in an order drawn from it, and each batch augments with a generator
    seeded from it; without, in their own order and unchanged. All that is drawn is drawn before
    the first batch, so what an epoch yields, and the state it leaves `rng` in, do not depend on
    `workers` (threads that prepare batches ahead; 0 prepares each when asked).

    `x` is an array or anything with `len`, `shape` and rows by index array; memory holds
    `workers` + 2 batches, whatever the size of the set.

    Raises NumsnnError: lengths that differ, size below 1, an empty set, augment without rng.
    """
    if len(x) != len(y):
        raise NumsnnError(f"batches: x has {len(x)} rows, y {len(y)}")
    if size < 1 or workers < 0:
        raise NumsnnError(f"batches: size {size} must be above 0, workers {workers} not below")
    if not len(x):
        raise NumsnnError(f"batches: an empty set, x {x.shape}")
    if augment is not None and rng is None:
        raise NumsnnError("batches: augment draws random numbers, so it needs rng")
    order = np.arange(len(x)) if rng is None else rng.permutation(len(x))
    last = len(x) - size + 1 if drop_last else len(x)
    rows = [order[start : start + size] for start in range(0, last, size)]
    seeds = [0] * len(rows) if rng is None else rng.integers(1 << 63, size=len(rows)).tolist()

    def make(number: int) -> Batch:
        part = np.asarray(x[rows[number]])
        if augment is not None:
            part = augment(part, np.random.default_rng(seeds[number]))
        return prepare(part), y[rows[number]]

    return _inline(make, len(rows)) if workers == 0 else _ahead(make, len(rows), workers)


def _inline(make: Callable[[int], Batch], count: int) -> Iterator[Batch]:
    for number in range(count):
        yield make(number)


def _ahead(make: Callable[[int], Batch], count: int, workers: int) -> Iterator[Batch]:
    """The same batches in the same order; an error of a thread is raised at its batch."""
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Batch]] = deque()
        submitted = 0
        try:
            for _ in range(count):
                while submitted < count and len(waiting) <= workers:
                    waiting.append(pool.submit(make, submitted))
                    submitted += 1
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
