"""`numsnn bench`: one training step's time and memory, beside other libraries and bare products."""

import argparse
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from tqdm import tqdm

from numsnn import parallel
from numsnn.atomic import write_text
from numsnn.bench.contest import Progress
from numsnn.errors import NumsnnError
from numsnn.memory import keep_freed_memory
from numsnn.options import integer, writable
from numsnn.run import json_text
from numsnn.validate import require

ROUNDS = 15
FIGURE = Path("figures/bench_scaling.png")
DESCRIPTION = """\
Measure one training step (forward, loss, backward, SGD with momentum; float32) of five networks, and
their inference. A step runs on K threads, and in K processes that share the batch; the faster counts.
Beside each stands the time of its bare matrix products in the same run, the limit of whoever
multiplies them. With --peers the same networks run in snnTorch, SpikingJelly and Norse, each in the
ways it can be run; its fastest way counts. Everyone has one turn a round, so that what disturbs the
machine disturbs all; the medians over the rounds are shown. Peak memory is what the steps add to
processes of their own, without the size of any library.

Leave the machine alone while it runs: some minutes, a quarter of an hour with --peers.
"""
EPILOG = """\
workloads:
{workloads}

examples:
  numsnn bench                                    without other libraries
  numsnn bench --peers --json bench.json          with them; the numbers for another program
  numsnn bench --workload c,d --rounds 5          some workloads, quickly
  numsnn bench --scaling --out scaling.png        time and memory against T, batch, channels, threads
"""


def add_bench_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `bench` to `parser.add_subparsers()`."""
    from numsnn.bench.workloads import WORKLOADS

    lines = (
        f"  {w.name}  {w.title}, input {'x'.join(map(str, w.input_shape))}, T = {w.T}, batch {w.batch}"
        for w in WORKLOADS.values()
    )
    parser = subparsers.add_parser(
        "bench",
        help="time and memory of a training step, beside other libraries and bare products",
        description=DESCRIPTION,
        epilog=EPILOG.format(workloads="\n".join(lines)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers as JSON")
    parser.add_argument(
        "--peers", action="store_true", help="other libraries too; needs the extra peers"
    )
    parser.add_argument(
        "--threads", type=integer(1), metavar="K", help="for everyone; default: one a core"
    )
    parser.add_argument(
        "--rounds", type=integer(1), metavar="N", help=f"turns of each; default: {ROUNDS}"
    )
    parser.add_argument("--workload", type=_names, metavar="A,B", help="some of them; default: all")
    parser.add_argument(
        "--scaling", action="store_true",
        help="time and memory against T, batch, channels and threads, instead of the comparison",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="FILE",
        help=f"the figure of --scaling, a PNG with its numbers beside it; default: {FIGURE}",
    )  # fmt: skip
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Measure, print, write; 0. Raises NumsnnError on bad input."""
    require(args.out is None or args.scaling, "--out is the figure of --scaling")
    require(
        not (args.scaling and args.peers),
        "--scaling shows this library alone: leave --peers out",
    )
    writable("--json", args.json)
    if args.peers:
        from numsnn.bench.peers import require_peers

        require_peers()
    keep_freed_memory()  # as a training does, and for everyone in this process
    parallel.set_threads(args.threads or parallel.threads())  # BLAS is held to one in each
    try:
        with Bar() as bar:
            return _scaling(args, bar) if args.scaling else _compare(args, bar)
    finally:
        parallel.set_threads(0)


def _compare(args: argparse.Namespace, bar: "Bar") -> int:
    from numsnn.bench.inference import infer
    from numsnn.bench.peers import PEERS, module
    from numsnn.bench.report import document, machine, text
    from numsnn.bench.training import measure
    from numsnn.bench.workloads import WORKLOADS, workload

    libraries = list(PEERS) if args.peers else []
    rounds = args.rounds or ROUNDS
    works = [workload(name) for name in args.workload or WORKLOADS]
    for library in libraries:
        module(library)
    about = {"machine": machine(libraries), "threads": parallel.threads(), "rounds": rounds}
    training, inference = [], []
    for work in works:
        measured = measure(work, libraries, rounds, bar)
        training.append(measured.row)
        inference.append(infer(work, measured.fastest, rounds, bar))
    found = document(about, training, inference)
    bar.close()
    print(text(found, libraries))
    if args.json:
        write_text(args.json, json_text(found))
    return 0


def _scaling(args: argparse.Namespace, bar: "Bar") -> int:
    from numsnn.bench.figure import scaling_figure
    from numsnn.bench.report import machine
    from numsnn.bench.scaling import BASE, ROUNDS, curves, text
    from numsnn.bench.workloads import workload
    from numsnn.plots import save

    names = args.workload or (BASE,)
    require(len(names) == 1, f"--scaling takes one workload, found {','.join(names)}")
    out = args.out or FIGURE
    writable("--out", out)
    work, rounds = workload(names[0]), args.rounds or ROUNDS
    about = {"machine": machine(()), "threads": parallel.threads(), "rounds": rounds}
    found = {**about, **curves(work, rounds, bar)}
    bar.close()
    print(text(found))
    save(scaling_figure(found), out, found)
    if args.json:
        write_text(args.json, json_text(found))
    return 0


class Bar(Progress):
    """A bar on a terminal with the remaining time of what is going on; nothing elsewhere."""

    def __init__(self) -> None:
        self.bar: Any = None

    def __enter__(self) -> "Bar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def phase(self, name: str, total: int) -> None:
        self.close()
        off = not sys.stderr.isatty()
        self.bar = tqdm(total=total, desc=name, unit="turn", leave=False, disable=off)

    def done(self) -> None:
        self.bar.update()

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


def _names(text: str) -> tuple[str, ...]:
    from numsnn.bench.workloads import workload

    names = tuple(dict.fromkeys(text.split(",")))
    try:
        for name in names:
            workload(name)
    except NumsnnError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return names
