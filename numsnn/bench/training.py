"""One workload's training step: ours, the peers', its bare products; time and peak memory."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from numsnn import parallel
from numsnn.bench import ours
from numsnn.bench.contest import Progress, Times, contest, stepping
from numsnn.bench.entrants import Entrant, each_kind, entrants, fastest, trials
from numsnn.bench.memory import peak_bytes
from numsnn.bench.products import Bare, products_of
from numsnn.bench.workloads import Workload
from numsnn.shapes import rows

OURS, PRODUCTS = "numsnn", "products"
THREADS, PROCESSES = "threads", "processes"  # the ways in which ours is run; the faster counts


class Measured(NamedTuple):
    """The row of a workload as the JSON file has it, and the fastest variant of each library."""

    row: dict[str, Any]
    fastest: list[Any]


def measure(work: Workload, libraries: Sequence[str], rounds: int, progress: Progress) -> Measured:
    """Trials of every variant, the rounds, and peak memory in processes of their own."""
    field = entrants(work, libraries)
    stay, trial_seconds = trials(field, work, progress)
    bare = Bare(work)
    ways = {way: f"{OURS}, {way}" for way in _ways()}
    mine = [
        stepping(name, ours.training(work, _ways()[way]), work.turn) for way, name in ways.items()
    ]
    contestants = [*mine, bare.contestant(), *stay]
    progress.phase(f"{work.name}: training", rounds * len(contestants))
    found = contest(contestants, rounds, progress)
    times = {name: Times.of(seconds) for name, seconds in found.items()}
    medians = {name: time.median for name, time in times.items()}
    contestants.clear()
    mine.clear()
    stay.clear()  # what they hold is not wanted beside the processes that measure memory
    best = fastest(field, medians)
    way = min(ways, key=lambda way: medians[ways[way]])
    names = {OURS: ways[way], **{library: entrant.name for library, entrant in best.items()}}
    seconds = {key: medians[name] for key, name in names.items()}
    seconds[PRODUCTS] = bare.limit(medians)
    peaks = _peaks(work, field, trial_seconds, progress)
    peaks[OURS] = peaks[ways[way]]
    row = {
        **about(work),
        "step_seconds": seconds,
        "quartiles": {key: list(times[name][1:]) for key, name in names.items()},
        **compared(seconds, libraries),
        "ratio_to_products": seconds[OURS] / seconds[PRODUCTS],
        "samples_per_second": {key: work.batch / seconds[key] for key in names},
        **compared_memory(peaks, field),
        "ways": {
            way: {"step_seconds": medians[name], "peak_bytes": peaks[name]}
            for way, name in ways.items()
        },
        "variants": [
            {
                "name": entrant.name,
                "library": entrant.library,
                "counts": entrant.same,
                "trial_seconds": trial_seconds[entrant.name],
                "step_seconds": medians.get(entrant.name),
                "peak_bytes": peaks.get(entrant.name),
            }
            for entrant in field
        ],
        "products": [
            {**product._asdict(), "operations": product.operations} for product in bare.products
        ],
    }
    return Measured(row, [entrant.variant for entrant in best.values()])


def _ways() -> dict[str, int]:
    """The ways in which ours is run, and the processes of each, one thread in each of several."""
    count = parallel.threads()
    return {THREADS: 1} if count == 1 else {THREADS: 1, PROCESSES: count}


def about(work: Workload) -> dict[str, Any]:
    """What the workload is."""
    layers = rows(work.network(), work.input_shape, work.T)
    return {
        "name": work.name,
        "title": work.title,
        "input_shape": list(work.input_shape),
        "T": work.T,
        "batch": work.batch,
        "width": work.width,
        "parameters": sum(row.parameters for row in layers),
        "operations_of_products": sum(product.operations for product in products_of(work)),
    }


def compared(seconds: Mapping[str, float], libraries: Sequence[str]) -> dict[str, Any]:
    """The fastest library, and our time by its time; None without libraries."""
    if not libraries:
        return {"fastest_peer": None, "ratio_to_fastest_peer": None}
    first = min(libraries, key=lambda library: seconds[library])
    return {"fastest_peer": first, "ratio_to_fastest_peer": seconds[OURS] / seconds[first]}


def compared_memory(peaks: Mapping[str, int], field: Sequence[Entrant]) -> dict[str, Any]:
    """Peaks, for a library that of its leanest variant that counts, and ours by the leanest of all."""
    leanest: dict[str, int] = {}
    for entrant in field:
        if entrant.same and entrant.name in peaks:
            known = leanest.get(entrant.library, peaks[entrant.name])
            leanest[entrant.library] = min(known, peaks[entrant.name])
    first = min(leanest, key=lambda library: leanest[library], default=None)
    return {
        "peak_bytes": {OURS: peaks[OURS], **leanest},
        "leanest_peer": first,
        "memory_ratio_to_leanest_peer": (
            None if first is None else peaks[OURS] / max(1, leanest[first])
        ),
    }


def _peaks(
    work: Workload, field: Sequence[Entrant], seconds: Mapping[str, float], progress: Progress
) -> dict[str, int]:
    """Peak bytes of ours in each way, and of every kind of neurons of every library in its faster layout."""
    chosen = each_kind(field, seconds.__getitem__)
    progress.phase(f"{work.name}: memory", len(_ways()) + len(chosen))
    found = {}
    for way, processes in _ways().items():
        found[f"{OURS}, {way}"] = peak_bytes(work, processes=processes)
        progress.done()
    for entrant in chosen:
        found[entrant.name] = peak_bytes(work, tuple(entrant.variant))
        progress.done()
    return found
