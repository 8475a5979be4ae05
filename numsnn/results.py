"""Accuracies on real data: every set as `numsnn train` trains it, with several seeds.

    python -m numsnn.results --data-dir DIR
    python -m numsnn.results --data-dir DIR --sets cifar-10 --seeds 0

Each run is the command `numsnn train --data NAME --seed S` and nothing else; its result is kept at
once. Runs that the file already holds with the same settings are not repeated, so that a
measurement that was stopped goes on. Beside the numbers stand a picture and a table in Markdown.
"""

import argparse
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

from numsnn import parallel
from numsnn.atomic import write_text
from numsnn.cli import BAD_INPUT, INTERRUPTED
from numsnn.cli import main as numsnn
from numsnn.errors import NumsnnError
from numsnn.plots import INK, save
from numsnn.train_options import completed

SETS = ("digits", "digits-saccades", "n-mnist", "mnist", "fashion-mnist", "cifar-10")
SEEDS = (0, 1, 2)
NORMAL = 1.959964  # the 97.5 % quantile of the normal distribution
DOT, BAR = "#0072B2", "#BBBBBB"


def wilson(right: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share, ``right`` of ``count``: its ends in [0, 1].

    (p + z^2/2n -+ z sqrt(p (1 - p)/n + z^2/4n^2))/(1 + z^2/n), p = right/n. Wilson, 1927. Raises
    NumsnnError unless 0 <= right <= count and count > 0.
    """
    if not 0 <= right <= count or not count:
        raise NumsnnError(f"wilson: expected a part of a positive count, found {right} of {count}")
    p, z = right / count, NORMAL
    half = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
    centre, whole = p + z * z / (2 * count), 1 + z * z / count
    return max(0.0, (centre - half) / whole), min(1.0, (centre + half) / whole)


def command(name: str, seed: int) -> list[str]:
    """What is run, after `numsnn`."""
    return ["train", "--data", name, "--seed", str(seed)]


def one_run(name: str, seed: int, data_dir: str | None, shown: bool) -> dict[str, Any]:
    """Run the command; its result, and how long two clocks ran meanwhile.

    Raises NumsnnError where it fails, KeyboardInterrupt where it was stopped.
    """
    more = [] if data_dir is None else ["--data-dir", data_dir]
    wall, busy = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "result.json"
        argv = [*command(name, seed), *more, "--json", str(file)]
        status = numsnn([*argv, "--progress" if shown else "--no-progress"])
        if status == INTERRUPTED:
            raise KeyboardInterrupt
        if status:
            raise NumsnnError(f"numsnn {' '.join(command(name, seed))} ended with status {status}")
        result = json.loads(file.read_text("utf-8"))
    return {
        "command": f"numsnn {' '.join(command(name, seed))}",
        **result,
        "wall_seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - busy,
        "threads": parallel.threads(),
    }


def table(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each set: its accuracies, their mean and spread, interval and time.

    spread: standard deviation over the seeds (n - 1). interval: Wilson's, of the mean accuracy on
    that many test samples; it says what another test part of this size might give.
    """
    rows = []
    for name in dict.fromkeys(run["data"] for run in runs):
        own = [run for run in runs if run["data"] == name]
        found = [run["test_accuracy"] for run in own]
        mean, count = float(np.mean(found)), own[0]["test_samples"]
        rows.append(
            {
                "data": name,
                "command": own[0]["command"].rpartition(" ")[0] + " S",
                "seeds": [run["seed"] for run in own],
                "test_accuracy": found,
                "mean": mean,
                "spread": float(np.std(found, ddof=1)) if len(found) > 1 else 0.0,
                "interval": list(wilson(mean * count, count)),
                "training_samples": own[0]["training_samples"],
                "test_samples": count,
                "seconds": float(np.mean([run["wall_seconds"] for run in own])),
                "cpu_seconds": float(np.mean([run["cpu_seconds"] for run in own])),
                "threads": own[0]["threads"],
            }
        )
    return rows


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """The table for people."""
    lines = [
        "| command | training / test | seeds | test accuracy | mean | CPU time a seed |",
        "|---" * 6,
    ]
    lines[1] += "|"
    for row in rows:
        each = ", ".join(f"{100 * a:.2f}" for a in row["test_accuracy"])
        seeds = ", ".join(map(str, row["seeds"]))
        lines.append(
            f"| `{row['command']}` | {row['training_samples']:,} / {row['test_samples']:,} | {seeds} "
            f"| {each} % | {100 * row['mean']:.2f} % | {duration(row['cpu_seconds'])} |"
        )
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """ "48 s" or "12.5 min"."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Test accuracy of every set, a dot a seed over the interval of their mean; CPU time a seed.

    CPU time is that of all threads together, which a busy machine changes less than the wall's.
    """
    result = Figure(figsize=(10.5, 0.45 * len(rows) + 1.9), dpi=160, layout="constrained")
    left, right = result.subplots(1, 2, width_ratios=(2, 1), sharey=True)
    places = range(len(rows))
    for place, row in zip(places, rows, strict=True):
        low, high = (100 * end for end in row["interval"])
        left.plot([low, high], [place] * 2, color=BAR, linewidth=7, solid_capstyle="butt")
        found = [100 * a for a in row["test_accuracy"]]
        left.plot(found, [place] * len(found), "o", color=DOT, alpha=0.75, markersize=5)
        text = f"{100 * row['mean']:.2f} %"
        end = max(high, *found)
        left.annotate(text, (end, place), (6, 0), textcoords="offset points", va="center", size=8)
        minutes = row["cpu_seconds"] / 60
        right.barh(place, minutes, 0.5, color=DOT, alpha=0.75)
        label, beside = duration(row["cpu_seconds"]), (4, 0)
        right.annotate(
            label, (minutes, place), beside, textcoords="offset points", va="center", size=8
        )
    names = [
        f"{row['data']}\n{row['training_samples']:,} / {row['test_samples']:,}" for row in rows
    ]
    left.set_yticks(list(places), names, fontsize=8)
    left.invert_yaxis()
    least = min(row["interval"][0] for row in rows)
    left.set_xlim(10 * math.floor(10 * least), 103)
    left.set_xticks(range(10 * math.floor(10 * least), 101, 5))
    left.set(xlabel="test accuracy (%)")
    left.set_title("dot: a seed; grey: 95 % interval of the mean; number: the mean", fontsize=9)
    right.set(xlabel="CPU minutes a seed, all threads")
    right.margins(x=0.25)
    right.set_title("time, data and evaluation included", fontsize=9)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.6, axis="x")
        axes.tick_params(colors=INK)
    return result


def kept(path: Path) -> list[dict[str, Any]]:
    """The runs that a file already holds."""
    return json.loads(path.read_text("utf-8"))["runs"] if path.exists() else []


def same(run: dict[str, Any], name: str, seed: int) -> bool:
    """Whether a kept run is this one: of this set and seed, and with the settings of today."""
    wanted = completed({"data": name, "seed": seed})
    if not wanted["T"]:  # as the frames have it
        del wanted["T"]
    run = {"processes": 1, **run}  # what was kept before there was a choice
    return all(run.get(key) == value for key, value in wanted.items())


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing; numbers and picture are written after every run."""
    parser = argparse.ArgumentParser(
        prog="python -m numsnn.results",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("figures/accuracy.json"))
    parser.add_argument("--data-dir", default=os.environ.get("NUMSNN_DATA"))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    args = parser.parse_args(argv)
    out = args.out.with_suffix(".json")
    runs = kept(out)
    missing = [
        (name, seed)
        for name in args.sets
        for seed in args.seeds
        if not any(same(run, name, seed) for run in runs)
    ]
    shown = sys.stderr.isatty()
    with tqdm(missing, unit=" runs", disable=not shown, dynamic_ncols=True) as bar:
        for name, seed in bar:
            bar.set_description(f"{name}, seed {seed}")
            run = one_run(name, seed, args.data_dir, shown)
            runs = [old for old in runs if (old["data"], old["seed"]) != (name, seed)] + [run]
            runs.sort(key=lambda run: (SETS.index(run["data"]), run["seed"]))
            write_text(out, json.dumps({"table": table(runs), "runs": runs}, indent=1) + "\n")
    if not runs:
        print("nothing was run")
        return 0
    rows = table(runs)
    save(figure(rows), out.with_suffix(".png"), {"table": rows, "runs": runs})
    print(markdown(rows))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NumsnnError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
