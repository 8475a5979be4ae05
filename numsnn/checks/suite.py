"""All checks of all operations, or of some: what `numsnn verify` runs."""

import fnmatch
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from numsnn import parallel
from numsnn.checks.report import Report
from numsnn.errors import NumsnnError
from numsnn.registry import REGISTRY, Entry, run

Progress = Callable[[str, str], None]


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


def verify(
    entries: Sequence[Entry], seed: int = 0, progress: Progress = lambda operation, check: None
) -> Iterator[Report]:
    """Every check of every entry, one report each under the entry's name."""
    with one_thread():
        for entry in entries:
            for check in entry.all_checks:
                progress(entry.name, check)
                yield replace(run(entry, check, seed=seed), operation=entry.name)


@contextmanager
def one_thread() -> Iterator[None]:
    """Small arrays on one thread: handing them to others costs more than the work."""
    before = parallel.threads()
    parallel.set_threads(1)
    try:
        yield
    finally:
        parallel.set_threads(before)
