"""Run the registry's checks on one mutant, the cheap ones first, until one fails."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from numsnn import conv, conv_winograd, im2col, linear, neurons, parallel, products, reduce
from numsnn.checks import CHECKS, measures
from numsnn.checks.report import FAILED
from numsnn.mutants.edit import Mutant, applied
from numsnn.mutants.equivalence import Draw
from numsnn.registry import REGISTRY, run, run_case
from numsnn.regularizers import pda_histogram

ORDER = (
    "adjoint",
    "complex-step",
    "formula",
    "bad-input",
    "contract",
    "anchored",
    "anchored-affine",
    "primitive",
    "taylor",
    "differences",
    "anchored-differences",
    "each-parameter",
)
"""Cheapest first. A check that is not named here comes last."""

QUICK = {"adjoint": 3, "complex-step": 1, "formula": 2, "bad-input": 1, "contract": 1}
"""How many cases of each operation a check sees at first; this finds nearly all."""
ROUNDS = {"adjoint": 12, "complex-step": 12, "formula": 4, "anchored": 4, "each-parameter": 1}
"""And how many where an edit is known to change a gradient, and none of these says so; 3 of others."""


class Catch(NamedTuple):
    check: str  # "error" where the edited code raised
    operation: str
    said: str


def checks_in_order(checks: Sequence[str] | None = None) -> tuple[str, ...]:
    """The chosen checks (None: all there are), cheapest first."""
    chosen = tuple(CHECKS) if checks is None else tuple(checks)
    known = tuple(check for check in ORDER if check in chosen)
    return known + tuple(check for check in chosen if check not in ORDER)


def quick_catch(
    mutant: Mutant, operations: Sequence[str], checks: Sequence[str], seed: int
) -> Catch | None:
    """The first failure of a cheap check on a case or two of each operation."""
    return _first(mutant, operations, [(c, range(QUICK[c])) for c in checks if c in QUICK], seed)


def long_catch(
    mutant: Mutant, operations: Sequence[str], checks: Sequence[str], seed: int
) -> Catch | None:
    """The same with all checks and many cases."""
    return _first(mutant, operations, [(c, range(ROUNDS.get(c, 3))) for c in checks], seed)


def _first(
    mutant: Mutant, operations: Sequence[str], rows: Sequence[tuple[str, Iterable[int]]], seed: int
) -> Catch | None:
    with applied(mutant):
        for check, cases in rows:
            for catch in _catches(check, operations, seed, cases):
                return catch
    return None


def all_catches(
    mutant: Mutant, operation: str, checks: Sequence[str], seed: int
) -> tuple[str, ...]:
    """Every check that catches the mutant on an operation, by a number and not by an exception."""
    found = []
    with applied(mutant):
        for check in checks:
            cases = range(ROUNDS.get(check, 3))
            if any(c.check == check for c in _catches(check, (operation,), seed, cases)):
                found.append(check)
    return tuple(found)


def catch_on(mutant: Mutant, draw: Draw, checks: Sequence[str]) -> Catch | None:
    """The first check that fails on one drawn case."""
    entry = REGISTRY[draw.operation]
    with applied(mutant):
        for check in checks:
            if check in entry.checks:
                try:
                    report = CHECKS[check](entry.draw(draw.generator()), draw.generator())
                except Exception as raised:
                    return Catch("error", draw.operation, str(raised))
                if report.verdict == FAILED:
                    return Catch(check, draw.operation, str(report))
    return None


def _catches(
    check: str, operations: Sequence[str], seed: int, cases: Iterable[int]
) -> Iterator[Catch]:
    rows = [REGISTRY[name] for name in operations]
    rows = [entry for entry in rows if check in entry.all_checks]
    for case in cases:
        for entry in rows:
            if check != "bad-input":
                report = run_case(entry, check, case, seed)
                wrong = "error" if report.reason.startswith("raised ") else check
            elif case == 0:
                report, wrong = run(entry, check), check
            else:
                return
            if report.verdict == FAILED:
                yield Catch(wrong, entry.name, str(report))


@contextmanager
def small_seams() -> Iterator[None]:
    """One thread, and tiles and chunks of a few numbers, so that small cases meet every seam.

    A failure is not placed either: the gate asks whether, not where.
    """
    before: list[tuple[Any, str, Any]] = []

    def put(owner: Any, name: str, value: Any) -> None:
        before.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    put(parallel, "_settings", {"threads": 1})
    put(neurons, "TILE", 4)
    put(parallel, "LANES", 2)
    put(conv, "WORTH", 8)
    put(im2col, "LAID", 64)
    put(conv_winograd, "STRIP", 800)
    put(linear, "LANE", 8)
    put(products, "SMALL", 12)
    put(products, "LEAST", 2)
    put(products, "DEEP", 3)
    put(products, "WIDTH", 2)
    put(reduce, "PIECE", 6)
    put(parallel.tiles, "__defaults__", (*(parallel.tiles.__defaults__ or ())[:-1], 8))
    put(pda_histogram, "CHUNK", 8)
    put(measures, "locate", lambda *_: None)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
