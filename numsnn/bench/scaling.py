"""How time and memory grow with T, batch, channels and threads: curves, and the exponents of fits."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.bench import ours
from numsnn.bench.contest import Contestant, Progress, Times, contest, stepping
from numsnn.bench.memory import peak_bytes
from numsnn.bench.report import columns_of, counted
from numsnn.bench.training import about
from numsnn.bench.workloads import Workload

BASE, ROUNDS = "c", 5


class Point(NamedTuple):
    """A place on an axis: the workload there, and the threads."""

    value: float
    work: Workload
    threads: int


def axes(work: Workload, threads: int) -> dict[str, list[Point]]:
    """One thing changes at a time. Channels are a factor of all hidden ones."""

    def points(values: Sequence[float], change: Callable[[Any], dict[str, Any]]) -> list[Point]:
        return [Point(v, work.resized(turn=1, **change(v)), threads) for v in values]

    batches = sorted({max(2, round(work.batch * f)) for f in (1 / 8, 1 / 4, 1 / 2, 1, 2)})
    counts = sorted({*(1 << i for i in range(threads.bit_length())), threads})
    return {
        "T": points((1, 2, 4, 8, 16), lambda T: {"T": T}),
        "batch": points(batches, lambda batch: {"batch": batch}),
        "channels": points((0.25, 0.5, 1, 2), lambda f: {"width": f * work.width}),
        "threads": [Point(count, work.resized(turn=1), count) for count in counts],
    }


def curves(
    work: Workload,
    rounds: int,
    progress: Progress,
    along: Mapping[str, Sequence[Point]] | None = None,
) -> dict[str, Any]:
    """Time and peak memory at every point of every axis, and their exponents.

    The points of an axis are contestants: each has one turn a round.
    """
    threads = parallel.threads()
    found = {}
    for name, points in (axes(work, threads) if along is None else along).items():
        progress.phase(f"{work.name}: time against {name}", rounds * len(points))
        try:
            seconds = contest([_timed(point) for point in points], rounds, progress)
            times = [Times.of(seconds[str(point.value)]) for point in points]
            progress.phase(f"{work.name}: memory against {name}", len(points))
            peaks = [_peak(point, progress) for point in points]
        finally:
            parallel.set_threads(threads)
        values = [point.value for point in points]
        medians = [time.median for time in times]
        found[name] = {
            "values": values,
            "step_seconds": medians,
            "quartiles": [list(time[1:]) for time in times],
            "peak_bytes": peaks,
            "time_exponent": exponent(values, medians),
            "memory_exponent": exponent(values, peaks),
            "memory_line": line(values, peaks),
        }
    return {"workload": about(work), "axes": found}


def exponent(x: Sequence[float], y: Sequence[float]) -> float | None:
    """p of y = c x^p, by least squares of logarithms; None for a single point."""
    if len(x) < 2 or min(y) <= 0:
        return None
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def line(x: Sequence[float], y: Sequence[float]) -> dict[str, float] | None:
    """y = constant + slope x by least squares, and by how much of y it is off at most."""
    if len(x) < 3 or min(y) <= 0:
        return None
    slope, constant = np.polyfit(x, y, 1)
    off = np.abs(constant + slope * np.array(x) - y) / y
    return {"constant": float(constant), "slope": float(slope), "off": float(off.max())}


def _timed(point: Point) -> Contestant:
    parallel.set_threads(point.threads)
    name = str(point.value)
    step = stepping(name, ours.training(point.work))

    def turn() -> dict[str, float]:
        parallel.set_threads(point.threads)
        return step.turn()

    return Contestant(name, turn)


def _peak(point: Point, progress: Progress) -> int:
    parallel.set_threads(point.threads)
    found = peak_bytes(point.work)
    progress.done()
    return found


def text(found: Mapping[str, Any]) -> str:
    """The exponents, and the points behind them."""
    lines = [("against", "values", "seconds", "exponent", "MiB", "exponent")]
    for name, axis in found["axes"].items():
        exponents = (
            "-" if e is None else f"{e:.2f}"
            for e in (axis["time_exponent"], axis["memory_exponent"])
        )
        columns = (
            (f"{v:g}" for v in axis["values"]),
            (f"{s:.3g}" for s in axis["step_seconds"]),
            (f"{b / 2**20:.0f}" for b in axis["peak_bytes"]),
        )
        values, seconds, peaks = (", ".join(column) for column in columns)
        time, memory = exponents
        lines.append((name, values, seconds, time, peaks, memory))
    threads, rounds = counted(found["threads"], "thread"), counted(found["rounds"], "round")
    return f"{found['workload']['title']}, {threads}, {rounds}\n\n{columns_of(lines)}"
