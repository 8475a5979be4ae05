"""The mutation gate: would the checks notice a wrong backward? Every wrong one is tried.

    result = run_gate()
    print(result.table())

One mutant at a time is put in place, the checks of the operations that call its function run until
one fails, and the original is put back. What no check notices must change no bit of any gradient
on 1,000 drawn networks, and have its reason; else the checks have a hole.
"""

import multiprocessing
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any

from numsnn import parallel
from numsnn.checks.report import FAILED
from numsnn.errors import NumsnnError
from numsnn.mutants.catching import (
    all_catches,
    catch_on,
    checks_in_order,
    long_catch,
    quick_catch,
    small_seams,
)
from numsnn.mutants.edit import Mutant, edited_code
from numsnn.mutants.equivalence import NETWORKS, Draw, differing, draws, whole, whole_run
from numsnn.mutants.planted import PLANTED
from numsnn.mutants.reasons import reason
from numsnn.mutants.result import CAUGHT, EQUIVALENT, SURVIVED, GateResult, Outcome
from numsnn.mutants.targets import all_generated
from numsnn.mutants.trace import called
from numsnn.registry import REGISTRY, run

PORTION = 25  # mutants in one piece of a worker's work
PIECES = 16  # into which the drawn networks are cut
Progress = Callable[[str], None]
Each = Callable[[Callable[..., Any], Sequence[tuple]], Iterable[Any]]


def run_gate(
    seed: int = 0,
    operations: Sequence[str] | None = None,
    checks: Sequence[str] | None = None,
    mutants: Sequence[Mutant] | None = None,
    networks: int = NETWORKS,
    workers: int | None = None,
    on: Sequence[str] | None = None,
    every_check: bool = True,
    progress: Progress = lambda line: None,
) -> GateResult:
    """Try every mutant: those planted by hand and those generated, or the given ones.

    operations: names of registry entries; only mutants of functions that they call are tried.
    checks and on: the checks, and the registry's entries on which they run. None stands for all.
    networks: how many are drawn to show that a mutant changes nothing. workers: processes, started
    afresh (None: one a core; 1: no other than this one). every_check: for those planted by hand,
    find all checks that catch them, not the first only. progress is told how far it is.
    Raises NumsnnError where a check fails although nothing is mutated, or a mutant is stale.
    """
    start = time.perf_counter()
    entries = tuple(REGISTRY) if on is None else tuple(on)
    if unknown := sorted({*entries, *(operations or ())} - set(REGISTRY)):
        raise NumsnnError(f"run_gate: no operation {unknown}; there are {sorted(REGISTRY)}")
    rows = PLANTED + all_generated() if mutants is None else tuple(mutants)
    for mutant in rows:
        edited_code(mutant)  # a stale one is noticed before anything runs
    order = checks_in_order(checks)
    with _workers(workers or _cores()) as each:
        touched = _callers(each, entries, rows, seed)
        if operations is not None:
            rows = tuple(m for m in rows if set(operations) & set(touched[m.target]))
        running = sorted({name for m in rows for name in touched[m.target]})
        list(each(_refuse_failing, [(name, order, seed) for name in running]))
        progress(f"{len(rows)} mutants, {len(running)} operations, {len(order)} checks")

        found: dict[str, Outcome] = {}
        work = [(part, touched, order, seed, every_check) for part in _portions(rows)]
        for outcomes in each(_judge, work):
            found |= {o.mutant.name: o for o in outcomes}
            progress(f"{len(found)} of {len(rows)} tried")

        doubtful = [m for m in rows if found[m.name].verdict == SURVIVED]
        progress(f"{len(doubtful)} not caught: comparing their gradients on {networks} networks")
        differ = _differences(each, doubtful, touched, seed, networks)
        again = [(m, differ[m.name], touched[m.target], order, seed) for m in doubtful]
        found |= {outcome.mutant.name: outcome for outcome in each(_verdict, again)}
    outcomes = tuple(found[m.name] for m in rows)
    return GateResult(outcomes, seed, networks, time.perf_counter() - start)


def _callers(
    each: Each, operations: Sequence[str], mutants: Sequence[Mutant], seed: int
) -> dict[str, tuple[str, ...]]:
    """For every target the operations that call it, those first that call little else."""
    targets = sorted({mutant.target for mutant in mutants})
    rows = [(name, targets, seed) for name in sorted(operations, key=whole, reverse=True)]
    calls = dict(each(_calls, rows))
    by_few = sorted(operations, key=lambda name: (len(calls[name]), name))
    return {target: tuple(n for n in by_few if target in calls[n]) for target in targets}


def _differences(
    each: Each,
    mutants: Sequence[Mutant],
    touched: dict[str, tuple[str, ...]],
    seed: int,
    networks: int,
) -> dict[str, list[Draw]]:
    """For every mutant some of the drawn cases on which its gradients are not the original's."""
    operations = sorted({name for m in mutants for name in touched[m.target]})
    sample = draws(operations, seed, networks)
    found: dict[str, list[Draw]] = {mutant.name: [] for mutant in mutants}
    if mutants:
        for part in each(differing, [(mutants, sample[i::PIECES]) for i in range(PIECES)]):
            for name, rows in part.items():
                found[name] += rows
    return {name: sorted(rows) for name, rows in found.items()}


# -- the pieces of work, each a function of its arguments ------------------------------------------


def _calls(operation: str, targets: Sequence[str], seed: int) -> tuple[str, set[str]]:
    """The targets that an operation's forward and backward call."""
    found: set[str] = set()
    for number in range(60 if whole(operation) else 12):
        found |= called(targets, whole_run, Draw(operation, number, seed))[0]
    return operation, found


def _refuse_failing(operation: str, order: Sequence[str], seed: int) -> None:
    """Raise where an operation's check fails with nothing mutated: it would catch anything."""
    entry = REGISTRY[operation]
    for check in entry.all_checks:
        if check in order and check != "each-parameter":
            report = run(entry, check, None if check == "bad-input" else 1, seed)
            if report.verdict == FAILED:
                raise NumsnnError(f"run_gate: fails although nothing is mutated: {report}")


def _judge(
    mutants: Sequence[Mutant],
    touched: dict[str, tuple[str, ...]],
    order: tuple[str, ...],
    seed: int,
    every_check: bool,
) -> list[Outcome]:
    """Caught, or for now survived."""
    found = []
    for mutant in mutants:
        operations = touched[mutant.target]
        catch = quick_catch(mutant, operations, order, seed)
        if catch is None:
            found.append(Outcome(mutant, SURVIVED))
            continue
        also: tuple[str, ...] = ()
        if every_check and mutant.kind == "planted":
            every = all_catches(mutant, catch.operation, order, seed)
            also = tuple(check for check in every if check != catch.check)
        found.append(Outcome(mutant, CAUGHT, catch.check, catch.operation, also, catch.said))
    return found


def _verdict(
    mutant: Mutant,
    differences: Sequence[Draw],
    operations: tuple[str, ...],
    order: tuple[str, ...],
    seed: int,
) -> Outcome:
    """Equivalent where nothing differs; else one more and longer attempt to catch it."""
    if not operations:
        return Outcome(mutant, SURVIVED, reason="no operation of the registry calls this function")
    if not differences:
        return Outcome(mutant, EQUIVALENT, reason=reason(mutant))
    for draw in differences:
        if catch := catch_on(mutant, draw, order):
            return Outcome(mutant, CAUGHT, catch.check, catch.operation, (), catch.said)
    if catch := long_catch(mutant, operations, order, seed + 1):
        return Outcome(mutant, CAUGHT, catch.check, catch.operation, (), catch.said)
    places = ", ".join(f"{d.operation} case {d.number}" for d in differences[:3])
    return Outcome(mutant, SURVIVED, reason=f"gradients differ in {places}, and no check says so")


# -- processes -------------------------------------------------------------------------------------


def _portions(mutants: Sequence[Mutant]) -> list[tuple[Mutant, ...]]:
    """Portions of mixed mutants, so that none holds all the slow ones."""
    count = max(1, -(-len(mutants) // PORTION))
    return [tuple(mutants[i::count]) for i in range(count)]


@contextmanager
def _workers(count: int) -> Iterator[Each]:
    """Yield ``each(work, rows)``: the results of ``work(*row)``, in any order.

    The work is done here, or in ``count`` processes that are started afresh: nothing is forked.
    """
    if count == 1:
        yield lambda work, rows: [_alone(work, row) for row in rows]
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:

        def each(work: Callable[..., Any], rows: Sequence[tuple]) -> Iterator[Any]:
            for future in as_completed([pool.submit(_alone, work, row) for row in rows]):
                yield future.result()

        yield each


def _alone(work: Callable[..., Any], row: tuple) -> Any:
    with small_seams(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mutant may well overflow
        return work(*row)


def _cores() -> int:
    return parallel.threads()
