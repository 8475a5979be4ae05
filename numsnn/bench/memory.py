"""Peak memory of training steps: what they add to a process of their own.

    python -m numsnn.bench.memory '{"workload": "c", ...}'

A process imports what the contestant needs and trains one step on a batch of two samples, so that
libraries, pools and the optimizer's moments are there. What is free then goes back to the system,
and the process's peak is set to what it holds. Some steps on whole batches follow. The result is
the peak minus what was held before: the growth that the steps need, without the size of any
library. Linux keeps the peak (VmHWM in /proc/self/status, reset through /proc/self/clear_refs).
Where it cannot be reset, the growth of the largest peak since the start stands in for it, which is
too little where something before the steps took more than they do. Where several processes share a
batch, what each grows by is added up, so that what they share counts once for each.
"""

import ctypes
import gc
import json
import multiprocessing
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numsnn import parallel
from numsnn.bench import ours
from numsnn.bench.workloads import Workload, workload
from numsnn.errors import NumsnnError
from numsnn.memory import keep_freed_memory

SMALL, STEPS = 2, 3  # samples of the warm-up, steps that are looked at
PROC = Path("/proc")


def peak_bytes(work: Workload, peer: tuple | None = None, processes: int = 1) -> int:
    """Bytes that training steps of ``work`` add, found in a child process.

    peer: the fields of a ``Variant``; None: this library, with so many ``processes``. Raises
    NumsnnError where the child fails.
    """
    order = {
        "workload": work.name,
        "sizes": {"T": work.T, "batch": work.batch, "width": work.width},
        "peer": peer,
        "threads": parallel.threads(),
        "processes": processes,
    }
    argv = [sys.executable, "-m", "numsnn.bench.memory", json.dumps(order)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise NumsnnError(f"bench: the process that measures memory failed: {last}")
    return int(json.loads(done.stdout)["bytes"])


def growth(train: Callable[[Workload], Callable[[], Any]], work: Workload) -> int:
    """The growth over some steps of this process, and of those that ``train`` begins."""
    train(work.resized(batch=SMALL))()
    _settle()
    step = train(work)
    _settle()
    if not _reset_peaks():
        before = _largest_peak()
        for _ in range(STEPS):
            step()
        return max(0, _largest_peak() - before)
    before = _status("VmRSS")
    for _ in range(STEPS):
        step()
    return max(0, _status("VmHWM") - before)


def _settle() -> None:
    """Give what is free back to the system, where the C library can."""
    gc.collect()
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _processes() -> list[str]:
    """This process and those it has begun, as /proc names them."""
    return ["self", *(str(child.pid) for child in multiprocessing.active_children())]


def _reset_peaks() -> bool:
    """Set the peaks to what is held now; whether that is possible."""
    try:
        for process in _processes():
            (PROC / process / "clear_refs").write_text("5")
        return (PROC / "self" / "status").exists()
    except OSError:
        return False


def _status(field: str) -> int:
    """A field of these processes' status, in bytes, added up."""
    total = 0
    for process in _processes():
        text = (PROC / process / "status").read_text()
        line = next(line for line in text.splitlines() if line.startswith(f"{field}:"))
        total += 1024 * int(line.split()[1])
    return total


def _largest_peak() -> int:
    """The largest peak since the start, in bytes."""
    try:
        import resource
    except ImportError:
        raise NumsnnError(f"bench: {sys.platform} does not tell a process's peak memory") from None
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(argv: list[str]) -> int:
    """The child: measure what the order asks for, print the bytes as JSON."""
    order = json.loads(argv[0])
    parallel.set_threads(order["threads"])
    work = workload(order["workload"]).resized(**order["sizes"])
    if order["peer"] is None:
        keep_freed_memory()  # as a training does
        processes = order["processes"]
        found = growth(lambda w: ours.training(w, processes), work)
    else:
        from numsnn.bench.peers import Variant
        from numsnn.bench.peers.running import training

        found = growth(lambda w: training(w, Variant(*order["peer"])), work)
    print(json.dumps({"bytes": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
