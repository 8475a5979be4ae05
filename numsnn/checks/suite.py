"""All checks of all operations, or of some: what `numsnn verify` runs."""

import fnmatch
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from numsnn import parallel
from numsnn.checks.report import Report
from numsnn.errors import NumsnnError
from numsnn.registry import REGISTRY, Entry, run


def chosen(patterns: Sequence[str]) -> list[Entry]:
    """The entries of the given names; "LIF" stands for all of "LIF/...", and "*" for anything.

    Raises NumsnnError where a name fits nothing.
    """
    if not patterns:
        return list(REGISTRY.values())
    found: dict[str, Entry] = {}
    for pattern in patterns:
        fits = {
            name: entry
            for name, entry in REGISTRY.items()
            if fnmatch.fnmatchcase(name, pattern) or name.startswith(f"{pattern}/")
        }
        if not fits:
            raise NumsnnError(f"verify: no operation {pattern!r}; there are {', '.join(REGISTRY)}")
        found |= fits
    return list(found.values())


def verify(entries: Sequence[Entry], seed: int = 0, workers: int = 1) -> Iterator[Report]:
    """Every check of every entry, one report each under the entry's name, in order.

    workers: processes; the reports do not depend on their number.
    """
    rows = [(entry.name, check, seed) for entry in entries for check in entry.all_checks]
    if workers == 1:
        with one_thread():
            yield from map(_report, rows)
        return
    # started afresh, not forked: that works the same everywhere
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_settle) as pool:
        yield from pool.map(_report, rows)


def workers_for(entries: Sequence[Entry]) -> int:
    """One process for a few operations, else one a core: starting one costs a second."""
    return 1 if len(entries) < 20 else parallel.threads()


@contextmanager
def one_thread() -> Iterator[None]:
    """Small arrays on one thread: handing them to others costs more than the work."""
    before = parallel.threads()
    parallel.set_threads(1)
    try:
        yield
    finally:
        parallel.set_threads(before)


def _report(row: tuple[str, str, int]) -> Report:
    name, check, seed = row
    return replace(run(REGISTRY[name], check, seed=seed), operation=name)


def _settle() -> None:
    parallel.set_threads(1)
