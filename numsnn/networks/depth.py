"""Accuracy against depth: which methods still train a narrow network of 50 layers with weights.

python -m numsnn.networks.depth --out figures/depth.png

One architecture, 6 n + 2 layers deep, on the 8x8 digits: a convolution, three stages of n residual
blocks, one dense layer. Each method is its paper's recipe on it, with the same rate, epochs and
batches.

Twenty-four blocks of binary signals leave nothing of the image to learn from, unless what a block
adds to its shortcut begins small. A norm has a gain for that: where there are norms, the last one of
every block begins at a fifth. Without norms the weights begin as they always do; the line
"none-small" shows what a fifth of each block's last weights does there, so that start and norm are
told apart. Results are kept as they come; the command goes on where it was stopped.
"""

import argparse
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from numsnn.chains import rewritten
from numsnn.compose import Residual
from numsnn.data import Dataset, load
from numsnn.errors import NumsnnError
from numsnn.evaluation import evaluate
from numsnn.networks.blocks import Block
from numsnn.networks.residual import ResidualNetwork, Stage, Stem
from numsnn.papers import recipe
from numsnn.plots import INK, save
from numsnn.training import train
from numsnn.tree import Tree
from numsnn.validate import require

DEPTHS = (8, 14, 20, 32, 50)


class Line(NamedTuple):
    """What is compared: a method's recipe, and whether blocks begin small."""

    method: str
    small: bool
    label: str
    colour: str


LINES = {
    "none": Line("none", False, "no normalisation", "#555555"),
    "none-small": Line("none", True, "no normalisation, small weights", "#AAAAAA"),
    "tdbn": Line("tdbn", True, "tdBN", "#0072B2"),
    "mpbn": Line("mpbn", True, "BN and MPBN", "#009E73"),
    "recdis": Line("recdis", False, "MPD-Loss, no norm", "#CC79A7"),
    "im": Line("im", False, "IM-Loss, no norm", "#D55E00"),
}
"""The lines of the figure, by name."""


class Settings(NamedTuple):
    """What all runs share."""

    channels: int = 8
    T: int = 2
    epochs: int = 5
    batch_size: int = 32
    rate: float = 0.1
    small: float = 0.2  # the size at which blocks begin, where they begin small
    identity_norm: bool = False
    images: int = 0  # of the training part; 0: all


def deep(depth: int, settings: Settings) -> ResidualNetwork:
    """The architecture with ``depth`` layers that have weights, shortcuts not counted.

    Raises NumsnnError unless depth is 6 n + 2.
    """
    blocks, rest = divmod(depth - 2, 6)
    require(blocks >= 1 and not rest, f"depth: expected 6 n + 2 layers, 8, 14, ..., found {depth}")
    c = settings.channels
    stages = (Stage(blocks, c, 1), Stage(blocks, 2 * c), Stage(blocks, 4 * c))
    block = Block(identity_norm=settings.identity_norm)
    return ResidualNetwork(f"depth {depth}", (Stem(c),), stages, block)


def small_blocks(network: Any, factor: float, rng: np.random.Generator, dtype: Any) -> Tree:
    """First parameters in which the last norm, or convolution, of every block is ``factor`` times."""

    def smaller(layer: Any, params: Tree) -> tuple[Any, Tree]:
        if isinstance(layer, Residual):
            *front, last = params.body
            field = "gain" if hasattr(last, "gain") else "weight"
            last = last._replace(**{field: (factor * getattr(last, field)).astype(dtype)})
            params = params._replace(body=(*front, last))
        return layer, params

    return rewritten(smaller, network, network.init(rng, dtype))[1]


def run(
    line: str, depth: int, settings: Settings, digits: Dataset, seed: int = 0
) -> dict[str, Any]:
    """One training: test accuracy and loss of each epoch, and how much each layer fires at the end.

    A loss that is no longer finite ends it: its accuracy is then that of a guess, and ``ended``
    says where.
    """
    made = recipe(
        LINES[line].method, tuple(digits.train_x.shape[1:]), len(digits.classes), settings.T,
        network=deep(depth, settings), rate=settings.rate,
    )  # fmt: skip
    if LINES[line].small:
        made = replace(made, init=partial(small_blocks, made.network, settings.small))
    count = settings.images or len(digits.train_y)
    digits = digits._replace(train_x=digits.train_x[:count], train_y=digits.train_y[:count])
    states = train(made, digits, epochs=settings.epochs, batch_size=settings.batch_size, seed=seed)
    found: dict[str, Any] = {"line": line, "depth": depth, "seed": seed, "accuracy": [], "loss": []}
    state = None
    try:
        for state in states:
            found["accuracy"].append(state.metrics["test_accuracy"])
            found["loss"].append(state.metrics["loss"])
    except NumsnnError as error:
        return {**found, "ended": str(error), "final": 1 / len(digits.classes)}
    assert state is not None  # there is at least one epoch
    test = evaluate(
        made.network, state.params, state.statistics, digits.test_x, digits.test_y,
        loss=made.objective.loss,
    )  # fmt: skip
    return {**found, "final": test.accuracy, "rates": list(test.rates.values())}


def sweep(
    lines: Sequence[str],
    depths: Sequence[int],
    settings: Settings,
    digits: Dataset,
    known: Sequence[dict[str, Any]] = (),
    seeds: Sequence[int] = (0,),
) -> Iterator[dict[str, Any]]:
    """Every run that is not among ``known``, seed by seed, the shallow ones first."""
    done = {(row["line"], row["depth"], row["seed"]) for row in known}
    for seed, depth, line in itertools.product(seeds, depths, lines):
        if (line, depth, seed) not in done:
            yield run(line, depth, settings, digits, seed)


def depth_figure(runs: Sequence[dict[str, Any]], settings: Settings) -> Figure:
    """Final test accuracy over depth, a line a method; and the rate of the last block's neurons.

    With several seeds the line is their mean, the band reaches from the worst to the best.
    """
    figure = Figure(figsize=(8.6, 4.4), dpi=160, layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in dict.fromkeys(row["line"] for row in runs):
        rows = [row for row in runs if row["line"] == name]
        _line(left, LINES[name], [(row["depth"], 100 * row["final"]) for row in rows])
        fired = [(row["depth"], row["rates"][-1]) for row in rows if row.get("rates")]
        _line(right, LINES[name], fired)
    left.axhline(10, color=INK, linewidth=0.7, linestyle=":")
    left.text(left.get_xlim()[0], 11, " a guess", fontsize=8, color=INK)
    left.set(xlabel="layers with weights", ylabel="test accuracy (%)", ylim=(0, 100))
    right.set(xlabel="layers with weights", ylabel="spikes a neuron and step, last block")
    for axes in (left, right):
        axes.set_xticks(sorted({row["depth"] for row in runs}))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.6)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3,
                  frameon=False, fontsize=9)  # fmt: skip
    seeds = sorted({row["seed"] for row in runs})
    which = f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}"
    shown = f"{settings.images or 'all'} training digits, {settings.epochs} epochs, {which}"
    figure.suptitle(
        f"Narrow spiking ResNets of {settings.channels} channels, T = {settings.T}: {shown}",
        fontsize=10, color=INK,
    )  # fmt: skip
    return figure


def _line(axes: Any, line: Line, points: Sequence[tuple[int, float]]) -> None:
    """Mean, least and greatest of the values at each depth."""
    depths = sorted({depth for depth, _ in points})
    values = [[value for at, value in points if at == depth] for depth in depths]
    means = [float(np.mean(each)) for each in values]
    axes.plot(depths, means, color=line.colour, marker="o", markersize=4, label=line.label)
    if any(len(each) > 1 for each in values):
        low, high = [min(each) for each in values], [max(each) for each in values]
        axes.fill_between(depths, low, high, color=line.colour, alpha=0.15, linewidth=0)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing, and keep figure and numbers after each training."""
    default = Settings()
    parser = argparse.ArgumentParser(prog="python -m numsnn.networks.depth", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("depth.png"), metavar="FILE")
    parser.add_argument("--lines", type=_list(str), default=tuple(LINES), metavar="A,B")
    parser.add_argument("--depths", type=_list(int), default=DEPTHS, metavar="8,14")
    parser.add_argument("--seeds", type=_list(int), default=(0,), metavar="0,1")
    for name in ("channels", "T", "epochs", "batch_size", "images"):
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=int, default=getattr(default, name), metavar="N")
    for name in ("rate", "small"):
        parser.add_argument(f"--{name}", type=float, default=getattr(default, name), metavar="X")
    parser.add_argument("--identity-norm", action="store_true", help="norms on identities too")
    args = parser.parse_args(argv)
    unknown = [line for line in args.lines if line not in LINES]
    require(not unknown, f"depth: unknown lines {unknown}; there are {', '.join(LINES)}")
    settings = Settings(**{name: getattr(args, name) for name in Settings._fields})
    runs = _known(args.out, settings)
    for row in sweep(args.lines, args.depths, settings, load("digits"), runs, args.seeds):
        runs.append(row)
        data = {"settings": settings._asdict(), "runs": runs}
        save(depth_figure(runs, settings), args.out, data)
        found = f"{row['depth']:3d} layers, seed {row['seed']}: {100 * row['final']:.1f} %"
        print(f"{row['line']:10s} {found}", flush=True)
    return 0


def _known(path: Path, settings: Settings) -> list[dict[str, Any]]:
    """The runs kept beside ``path``, if they are of these settings."""
    beside = path.with_suffix(".json")
    if not beside.is_file():
        return []
    data = json.loads(beside.read_text())
    require(
        data["settings"] == settings._asdict(),
        f"{beside} holds runs of other settings, {data['settings']}; take another --out",
    )
    return data["runs"]


def _list(kind: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    def parse(text: str) -> tuple[Any, ...]:
        return tuple(kind(part) for part in text.split(","))

    return parse


if __name__ == "__main__":
    import sys

    try:
        sys.exit(main())
    except NumsnnError as error:
        sys.exit(f"error: {error}")
