"""The scaling curves as a picture: time above, memory below, one column for each thing that grows."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from numsnn.bench.report import counted
from numsnn.plots import INK, TEST, TRAIN

LABELS = {
    "T": "steps T",
    "batch": "batch",
    "channels": "channels, times the workload's",
    "threads": "threads",
}


class Row(NamedTuple):
    """What one row of the picture shows."""

    word: str
    field: str
    exponent: str
    label: str
    unit: float
    colour: str


ROWS = (
    Row("time", "step_seconds", "time_exponent", "a step (s)", 1.0, TRAIN),
    Row("memory", "peak_bytes", "memory_exponent", "peak memory (MiB)", 2.0**-20, TEST),
)


def scaling_figure(found: Mapping[str, Any]) -> Figure:
    """Points as measured, lines as fitted; both axes are logarithmic, so a slope is an exponent."""
    axes = found["axes"]
    figure = Figure(figsize=(2.9 * len(axes), 5.2), dpi=160, layout="constrained")
    grid = figure.subplots(2, len(axes), sharey="row", squeeze=False)
    for places, row in zip(grid, ROWS, strict=True):
        every = []
        for place, (name, axis) in zip(places, axes.items(), strict=True):
            every.append(row.unit * np.array(axis[row.field], float))
            _curve(place, axis["values"], every[-1], row.colour)
            _fit(place, axis["values"], every[-1], axis[row.exponent], f"{row.word} ∝ {name}")
        places[0].set_ylabel(row.label, color=INK)
        places[0].legend(frameon=False, fontsize=8, loc="upper left")
        _ticks(places[0], np.concatenate(every))
    for place, name in zip(grid[1], axes, strict=True):
        place.set_xlabel(LABELS[name], color=INK)
    work = found["workload"]
    base = f"T = {work['T']}, batch {work['batch']}, {counted(found['threads'], 'thread')}"
    figure.suptitle(
        f"A training step of {work['title']} ({base}) while one thing changes; the slope is the exponent",
        fontsize=10, color=INK,
    )  # fmt: skip
    return figure


def _curve(axes: Axes, x: Sequence[float], y: np.ndarray, colour: str) -> None:
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.plot(x, y, "o", color=colour, markersize=5, zorder=2, label="measured")
    axes.set_xticks(x, [f"{value:g}" for value in x])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)


def _fit(axes: Axes, x: Sequence[float], y: np.ndarray, exponent: float | None, title: str) -> None:
    """The power through the mean of the logarithms, as least squares has it."""
    if exponent is not None:
        middle = np.log(y).mean() - exponent * np.log(x).mean()
        fitted = np.exp(middle + exponent * np.log(x))
        axes.plot(x, fitted, color=INK, linewidth=1, linestyle="--", zorder=1, label="fitted")
        axes.set_title(f"{title}$^{{\\,{exponent:.2f}}}$", fontsize=10, color=INK)


def _ticks(axes: Axes, values: np.ndarray) -> None:
    """1, 2, 5, 10, .. as plain numbers."""
    least, most = np.floor(np.log10(values.min())), np.ceil(np.log10(values.max()))
    marks = [m * 10.0**e for e in np.arange(least, most + 1) for m in (1, 2, 5)]
    inside = [m for m in marks if values.min() / 1.6 <= m <= values.max() * 1.6]
    axes.set_yticks(inside)
    axes.set_ylim(values.min() / 1.5, values.max() * 1.5)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
