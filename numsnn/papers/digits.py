"""Every method on the embedded digits, under one network, one budget and several seeds.

python -m numsnn.papers.digits --out figures/methods_digits.json

Runs that the file already holds with the same settings are not repeated, so that a comparison that
was stopped goes on. The picture is written beside the numbers.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from numsnn.atomic import write_text
from numsnn.data import load
from numsnn.data.augment import augmentation
from numsnn.papers import recipe
from numsnn.papers.psg_gamma import not_positive
from numsnn.papers.rates import RATES
from numsnn.training import train

T, BATCH, AUGMENT = 4, 64, "crop:1"
INK = "#333333"


def one_run(method: str, seed: int, epochs: int) -> dict[str, Any]:
    """Train once: accuracies and losses of every epoch, and where gamma was not positive."""
    dataset = load("digits")
    built = recipe(method, (1, 8, 8), 10, T, rate=RATES[method])
    states = train(
        built, dataset, epochs=epochs, batch_size=BATCH, seed=seed, augment=augmentation(AUGMENT)
    )
    *_, last = states
    history = last.history
    return {
        "method": method,
        "seed": seed,
        "epochs": epochs,
        "rate": RATES[method],
        "test_accuracy": history[-1]["test_accuracy"],
        "train_accuracy": history[-1]["train_accuracy"],
        "seconds": history[-1]["seconds"],
        "curve": [round(row["test_accuracy"], 4) for row in history],
        "loss": [round(row["loss"], 5) for row in history],
        "gamma": {k: round(v, 4) for k, v in history[-1].items() if k.startswith("gamma ")},
        "gamma_not_positive": [list(found) for found in not_positive(history)],
    }


def table(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each method: mean, smallest and largest test accuracy over its seeds."""
    rows = []
    for method in dict.fromkeys(run["method"] for run in runs):
        own = [run for run in runs if run["method"] == method]
        found = [run["test_accuracy"] for run in own]
        rows.append(
            {
                "method": method,
                "rate": own[0]["rate"],
                "seeds": [run["seed"] for run in own],
                "mean": float(np.mean(found)),
                "lowest": min(found),
                "highest": max(found),
                "train": float(np.mean([run["train_accuracy"] for run in own])),
            }
        )
    return rows


def figure(runs: Sequence[dict[str, Any]]) -> Figure:
    """Test accuracy of each method in the end, a dot a seed, and over the epochs, a line a method."""
    rows = table(runs)
    result = Figure(figsize=(11, 0.3 * len(rows) + 2.2), dpi=160, layout="constrained")
    left, right = result.subplots(1, 2)
    colours = [f"C{i % 10}" for i in range(len(rows))]
    for place, (row, colour) in enumerate(zip(rows, colours, strict=True)):
        own = [run for run in runs if run["method"] == row["method"]]
        for run in own:
            left.plot(100 * run["test_accuracy"], place, "o", color=colour, alpha=0.7, markersize=5)
        left.text(103, place, f"{100 * row['mean']:.1f} %", va="center", fontsize=8, color=INK)
        length = min(len(run["curve"]) for run in own)
        mean = np.mean([run["curve"][:length] for run in own], axis=0)
        dashes = "-" if place < 10 else "--"
        right.plot(np.arange(1, length + 1), 100 * mean, dashes, color=colour, label=row["method"])
    left.set(yticks=range(len(rows)), xlim=(0, 101), xlabel="test accuracy (%)")
    left.set_yticklabels([row["method"] for row in rows])
    left.invert_yaxis()
    left.axvline(10, color=INK, linewidth=0.6, linestyle=":")
    left.text(11, len(rows) - 0.7, "chance", fontsize=7, color=INK)
    left.set_title(f"after {runs[0]['epochs']} epochs, a dot a seed, their mean", fontsize=10)
    right.set(xlabel="epoch", ylabel="test accuracy (%)", ylim=(0, 101))
    right.set_title("mean over the seeds", fontsize=10)
    right.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.6)
    return result


def kept(path: Path) -> list[dict[str, Any]]:
    """The runs that a file already holds."""
    return json.loads(path.read_text("utf-8"))["runs"] if path.exists() else []


def main(argv: Sequence[str] | None = None) -> int:
    """Train what is missing, and write the table after every run."""
    from numsnn.plots import save

    parser = argparse.ArgumentParser(prog="python -m numsnn.papers.digits", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("figures/methods_digits.json"))
    parser.add_argument("--methods", nargs="+", choices=list(RATES), default=list(RATES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=30)
    args = parser.parse_args(argv)
    runs = kept(args.out)
    about = {"data": "digits", "T": T, "batch_size": BATCH, "augment": AUGMENT}
    for seed in args.seeds:
        for method in args.methods:
            key = (method, seed, args.epochs, RATES[method])
            if any((r["method"], r["seed"], r["epochs"], r["rate"]) == key for r in runs):
                continue
            run = one_run(method, seed, args.epochs)
            runs.append(run)
            runs.sort(key=lambda r: (list(RATES).index(r["method"]), r["seed"]))
            content = {"about": about, "table": table(runs), "runs": runs}
            write_text(args.out, json.dumps(content, indent=1) + "\n")
            print(f"{method}, seed {seed}: {100 * run['test_accuracy']:.2f} %", flush=True)
    content = {"about": about, "table": table(runs), "runs": runs}
    save(figure(runs), args.out.with_suffix(".png"), content)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
