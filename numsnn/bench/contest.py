"""Contestants in turns: every round gives each of them one turn, and medians are taken over rounds.

Whatever disturbs the machine for a while disturbs all. The first of a round changes from round to
round. Between turns there is a pause: idle threads of a library wait for more work by spinning (those
of OpenBLAS some 40 ms, those of OpenMP up to 5) and would take a core from whoever comes next. They
are left as they are within a turn, for that is how a library runs. A step ahead of those that are
timed wakes up threads, processes and caches: in a training there are no pauses. No garbage is
collected in a turn.
"""

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from numsnn.validate import positive_integer

PAUSE = 0.1  # seconds
WARM_UP = 2  # steps


class Contestant(NamedTuple):
    """``turn()`` gives the seconds of one step, or of several parts of it, by name."""

    name: str
    turn: Callable[[], dict[str, float]]


class Progress:
    """Who wants to see how far a measurement is overrides these; this one shows nothing."""

    def phase(self, name: str, total: int) -> None:
        """What follows, and of how many parts."""

    def done(self) -> None:
        """One part more."""


class Times(NamedTuple):
    """Seconds of a step: the median over rounds, and the quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Times":
        if len(seconds) == 1:
            return cls(*3 * (seconds[0],))
        low, median, high = statistics.quantiles(seconds, n=4, method="inclusive")
        return cls(median, low, high)


def stepping(name: str, step: Callable[[], Any], steps: int = 1) -> Contestant:
    """A contestant whose turn is ``steps`` calls of ``step``, timed together, and one ahead of them."""
    for _ in range(WARM_UP):
        step()

    def turn() -> dict[str, float]:
        step()
        began = time.perf_counter()
        for _ in range(steps):
            step()
        return {name: (time.perf_counter() - began) / steps}

    return Contestant(name, turn)


def contest(
    contestants: Sequence[Contestant],
    rounds: int,
    progress: Progress,
    pause: float = PAUSE,
) -> dict[str, list[float]]:
    """The seconds of every name in each round."""
    positive_integer("bench", "rounds", rounds)
    found: dict[str, list[float]] = {}
    for number in range(rounds):
        first = number % max(1, len(contestants))
        for contestant in (*contestants[first:], *contestants[:first]):
            time.sleep(pause)
            with _no_garbage():
                seconds = contestant.turn()
            for name, value in seconds.items():
                found.setdefault(name, []).append(value)
            progress.done()
    return found


@contextmanager
def _no_garbage() -> Iterator[None]:
    gc.collect()
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
