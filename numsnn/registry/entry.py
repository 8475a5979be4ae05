"""One declaration an operation: what it is, how to draw a case, what it must refuse."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numsnn.checks import CHECKS, Report, combined
from numsnn.checks.report import failed
from numsnn.checks.values import BadInput

SMOOTH = ("contract", "adjoint", "differences", "taylor", "each-parameter")
FIRING = (
    *SMOOTH,
    "complex-step",
    "anchored",
    "anchored-affine",
    "anchored-differences",
)
FUNCTION = ("contract", "complex-step", "differences", "taylor", "each-parameter")
SURROGATE = ("contract", "complex-step", "differences", "taylor", "each-parameter", "primitive")
VALUE = ("formula",)

Draw = Callable[[np.random.Generator], Any]


@dataclass(frozen=True)
class Entry:
    """``draw(rng)`` gives a valid case by construction; every check in ``checks`` runs on it.

    covers: the public objects this entry stands for. kinks: what ``draw`` stays off, in words; a
    check that meets one all the same refuses. bad: calls that must raise, with their messages.
    cases: how many a check draws by default.
    """

    name: str
    covers: tuple[Any, ...]
    draw: Draw
    checks: tuple[str, ...] = SMOOTH
    kinks: str = ""
    bad: tuple[BadInput, ...] = ()
    cases: int = 10

    @property
    def all_checks(self) -> tuple[str, ...]:
        return (*self.checks, "bad-input") if self.bad else self.checks


def generator(entry: Entry, check: str, case: int, seed: int = 0) -> np.random.Generator:
    """The Generator of one case: the same whatever else is run."""
    key = zlib.crc32(f"{entry.name}:{check}".encode())
    return np.random.default_rng([seed, key, case])


SHARE = {
    "complex-step": 10,
    "anchored": 10,
    "anchored-affine": 10,
    "differences": 50,
    "taylor": 50,
    "anchored-differences": 50,
    "contract": 200,
    "formula": 200,
    "primitive": 200,
}
"""A check draws one in so many of an entry's cases: a direction is cheap, a look at each place dear."""


def number_of_cases(entry: Entry, check: str) -> int:
    """How many cases a check of an entry draws by default."""
    if check == "bad-input":
        return len(entry.bad)
    return 1 if check == "each-parameter" else max(5, entry.cases // SHARE.get(check, 1))


def run(entry: Entry, check: str, cases: int | None = None, seed: int = 0) -> Report:
    """One check of one operation over its random cases. An exception is a failure that says so."""
    if check == "bad-input":
        rng = np.random.default_rng(seed)
        return combined(CHECKS[check](bad, rng) for bad in entry.bad)
    count = number_of_cases(entry, check) if cases is None else cases
    return combined(run_case(entry, check, case, seed) for case in range(count))


def run_case(entry: Entry, check: str, case: int, seed: int = 0) -> Report:
    """One check on one drawn case."""
    rng = generator(entry, check, case, seed)
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            return CHECKS[check](entry.draw(rng), rng)
    except Exception as raised:
        return failed(check, entry.name, f"raised {type(raised).__name__}: {raised}")
