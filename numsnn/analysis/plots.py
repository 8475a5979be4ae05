"""Pictures of an analysis, each good enough for a lecture slide.

Every function takes what the analysis returned and gives a Figure; ``numsnn.plots.save`` writes it
with its numbers beside it.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from numsnn.analysis.activity import LayerActivity, dead_channels, saturated_channels
from numsnn.analysis.costs import Costs
from numsnn.analysis.membranes import MembraneHistogram
from numsnn.analysis.robustness import Robustness
from numsnn.layer import Array
from numsnn.plots import INK
from numsnn.validate import choice

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Told apart by every kind of colour vision (Okabe and Ito)."""


def _axes(columns: int = 1, width: float = 7.0, height: float = 3.6) -> tuple[Figure, list]:
    figure = Figure(figsize=(width, height), dpi=160, layout="constrained")
    axes = list(np.atleast_1d(figure.subplots(1, columns)))
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.grid(alpha=0.25, linewidth=0.6)
    return figure, axes


FIELDS = {
    "rate": "firing rate",
    "entropy": "entropy of a spike (bits)",
    "quantisation_error": "quantisation error, mean of (u − s)²",
    "mean": "mean potential",
    "deviation": "deviation of the potential",
    "dead": "share of dead channels",
    "saturated": "share of saturated channels",
}
"""What ``through_layers`` draws of a ``LayerActivity``, and the name of its axis."""


def rates(
    rows: Mapping[str, Sequence[LayerActivity]], title: str = "Spikes a neuron and step"
) -> Figure:
    """Firing rate through the layers, one line a network."""
    return through_layers(rows, ("rate",), title)


def through_layers(
    rows: Mapping[str, Sequence[LayerActivity]],
    fields: Sequence[str] = ("entropy", "quantisation_error"),
    title: str = "Entropy of spikes, and what a spike loses of the potential",
) -> Figure:
    """A panel for each field of ``FIELDS`` through the layers, one line a network."""
    for field in fields:
        choice("through_layers", "field", field, tuple(FIELDS))
    figure, panels = _axes(len(fields), width=max(7.0, 4.6 * len(fields)))
    for axes, field in zip(panels, fields, strict=True):
        for colour, (label, layers) in zip(_cycle(), rows.items(), strict=False):
            values = [getattr(row, field) for row in layers]
            axes.plot(values, marker="o", color=colour, label=label)
            axes.set_xticks(
                range(len(layers)), [row.name for row in layers], rotation=45, ha="right"
            )
        axes.set(xlabel="layer, from the input on", ylabel=FIELDS[field])
        if field != "mean":
            axes.set_ylim(0, None)
    _legend_below(figure, panels[0], len(rows))
    figure.suptitle(title, color=INK, fontsize=11)
    return figure


def costs(found: Mapping[str, Costs], title: str = "Operations of one inference") -> Figure:
    """What an inference multiplies and adds, beside its ReLU twin, a group of bars a network."""
    kinds = {
        "multiplications": "multiplications",
        "additions": "additions, with those of multiplications",
        "synaptic": "synaptic operations",
        "twin": "ReLU twin: multiplications, as many additions",
    }
    figure, (axes,) = _axes(height=4.2)
    for i, (colour, (field, label)) in enumerate(zip(_cycle(), kinds.items(), strict=False)):
        places = np.arange(len(found)) + (i - 1.5) * 0.2
        values = [getattr(each, field) for each in found.values()]
        bars = axes.bar(places, values, 0.18, color=colour, label=label)
        axes.bar_label(bars, fmt="{:.1e}", rotation=90, fontsize=7, padding=2)
    axes.set_xticks(range(len(found)), list(found))
    axes.set_ylabel("operations")
    axes.margins(y=0.18)
    axes.grid(visible=False, axis="x")
    _legend_below(figure, axes, 2)
    axes.set_title(title, color=INK, fontsize=11)
    return figure


def potentials(
    found: Mapping[str, MembraneHistogram],
    threshold: float = 0.5,
    title: str = "Potentials before the reset",
) -> Figure:
    """Histograms of the layers' potentials, one row a layer, the threshold as a line."""
    figure = Figure(figsize=(7.0, 1.0 + 0.75 * len(found)), dpi=160, layout="constrained")
    rows = np.atleast_1d(figure.subplots(len(found), 1, sharex=True))
    for axes, (name, shown) in zip(rows, found.items(), strict=True):
        axes.stairs(shown.density, shown.edges, fill=True, color=COLOURS[0], alpha=0.75)
        axes.axvline(threshold, color=COLOURS[1], linewidth=1.4)
        axes.set_yticks([])
        axes.set_ylabel(name, rotation=0, ha="right", va="center", color=INK)
        axes.spines[["top", "right", "left"]].set_visible(False)
    rows[-1].set_xlabel("potential (orange: the threshold)")
    figure.suptitle(title, color=INK, fontsize=11)
    return figure


def over_epochs(
    found: Sequence[Mapping[str, MembraneHistogram]],
    threshold: float = 0.5,
    title: str = "Potentials over the epochs",
) -> Figure:
    """Each layer's histogram after every epoch, the first before any: a column an epoch.

    Each column is scaled to its own maximum, so that a narrow epoch does not hide the others.
    """
    names = list(found[0])
    figure, panels = _axes(len(names), width=max(7.0, 2.9 * len(names)))
    for axes, name in zip(panels, names, strict=True):
        density = np.stack([epoch[name].density for epoch in found], axis=1)
        highest = np.maximum(density.max(axis=0), np.finfo(float).tiny)
        sides = np.arange(len(found) + 1) - 0.5
        drawn = axes.pcolormesh(
            sides, found[0][name].edges, density / highest, cmap="cividis", vmin=0, vmax=1
        )
        axes.axhline(threshold, color="white", linewidth=1.2, linestyle="--")
        axes.grid(visible=False)
        axes.set(xlabel="epoch", title=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.colorbar(drawn, ax=panels, label="density over the epoch's highest")
    panels[0].set_ylabel("potential (dashed: the threshold)")
    figure.suptitle(title, color=INK, fontsize=11)
    return figure


def gradients(
    norms: Mapping[str, Mapping[str, float]], title: str = "Gradients on their way down"
) -> Figure:
    """Norm of the gradient through the layers, one line a network, on a logarithmic axis."""
    figure, (axes,) = _axes()
    for colour, (label, found) in zip(_cycle(), norms.items(), strict=False):
        values = np.array(list(found.values()))
        silent = "" if values.any() else " (zero in every layer)"
        shown = np.where(values > 0, values, np.nan)
        axes.semilogy(shown, marker="o", color=colour, label=label + silent)
        axes.set_xticks(range(len(found)), list(found), rotation=45, ha="right")
    present = np.array([v for found in norms.values() for v in found.values() if v > 0])
    if present.size:  # at least two decades, so that a small wiggle looks small
        middle = np.exp(np.log(present).mean())
        axes.set_ylim(min(present.min() / 2, middle / 10), max(present.max() * 2, middle * 10))
    axes.set(xlabel="layer, from the input on", ylabel="norm of the gradient")
    axes.legend(frameon=False)
    axes.set_title(title, color=INK, fontsize=11)
    return figure


def landscapes(
    steps: Array,
    found: Mapping[str, Array],
    title: str = "Loss along a filter-normalised direction",
) -> Figure:
    """One-dimensional landscapes as lines in one picture; two-dimensional ones as contours each."""
    grids = {label: np.asarray(values) for label, values in found.items()}
    if all(values.ndim == 1 for values in grids.values()):
        figure, (axes,) = _axes()
        for colour, (label, values) in zip(_cycle(), grids.items(), strict=False):
            axes.plot(steps, values, color=colour, label=label)
        axes.set(xlabel="step from the trained weights, in their own length", ylabel="loss")
        axes.legend(frameon=False)
    else:
        figure, rows = _axes(len(grids), width=4.2 * len(grids))
        every = np.concatenate([values[np.isfinite(values)] for values in grids.values()])
        levels = np.linspace(every.min(), every.max() + 1e-9, 25)  # one scale, so that they compare
        for axes, (label, values) in zip(rows, grids.items(), strict=True):
            drawn = axes.contourf(steps, steps, values.T, levels=levels, cmap="viridis")
            axes.plot(0, 0, marker="+", color="white", markersize=9)
            axes.grid(visible=False)
            axes.set(xlabel="along d1", ylabel="along d2", title=label, aspect="equal")
        figure.colorbar(drawn, ax=rows, label="loss", format="%.1f")
    figure.suptitle(title, color=INK, fontsize=11)
    return figure


def robustness(
    *panels: Mapping[str, Robustness], title: str = "Accuracy on noisy hardware"
) -> Figure:
    """Mean accuracy over the devices against the noise, with one standard deviation; a panel each."""
    figure, every = _axes(len(panels), width=max(7.0, 4.6 * len(panels)))
    words = {"mismatch": "mismatch xi", "thermal": "thermal noise, deviation a step"}
    for axes, found in zip(every, panels, strict=True):
        for colour, (label, curve) in zip(_cycle(), found.items(), strict=False):
            mean, deviation = 100 * curve.mean, 100 * curve.deviation
            axes.plot(curve.levels, mean, marker="o", color=colour, label=label)
            low, high = mean - deviation, mean + deviation
            axes.fill_between(curve.levels, low, high, color=colour, alpha=0.2, linewidth=0)
            axes.set_xlabel(words[curve.kind])
        axes.set(ylabel="accuracy (%)", ylim=(0, 103))
    _legend_below(figure, every[0], len(panels[0]))
    figure.suptitle(title, color=INK, fontsize=11)
    return figure


def isometry(
    phi: Mapping[str, Mapping[int, float]], title: str = "phi(JJ') of a stack of blocks"
) -> Figure:
    """phi against the number of blocks, one line a setting; 1 keeps a gradient's size."""
    figure, (axes,) = _axes()
    for colour, (label, found) in zip(_cycle(), phi.items(), strict=False):
        axes.semilogy(list(found), list(found.values()), marker="o", color=colour, label=label)
    axes.axhline(1, color=INK, linewidth=0.8, linestyle="--")
    axes.set(xlabel="blocks", ylabel="phi(JJ')")
    axes.legend(frameon=False)
    axes.set_title(title, color=INK, fontsize=11)
    return figure


def channels(
    found: Mapping[str, Mapping[str, Array]], title: str = "Dead and saturated channels"
) -> Figure:
    """Rate of every channel, sorted, a panel a network, a line a layer: 0 is dead, 1 saturated."""
    figure, panels = _axes(len(found), width=max(7.0, 4.6 * len(found)))
    for axes, (network, spikes) in zip(panels, found.items(), strict=True):
        for colour, (name, s) in zip(_cycle(), spikes.items(), strict=False):
            rate = np.sort(np.moveaxis(s, 2, 0).reshape(s.shape[2], -1).mean(axis=1))
            dead, full = dead_channels(s).sum(), saturated_channels(s).sum()
            label = f"{name}: {dead} dead, {full} saturated of {len(rate)}"
            places = (np.arange(len(rate)) + 0.5) / len(rate)
            axes.plot(places, rate, marker=".", color=colour, label=label)
        axes.set(xlabel="share of the layer's channels", title=network, ylim=(-0.03, 1.03))
        axes.title.set_fontsize(10)
        axes.legend(frameon=False, fontsize=8, loc="upper left")
    panels[0].set_ylabel("firing rate of a channel")
    figure.suptitle(title, color=INK, fontsize=11)
    return figure


def _legend_below(figure: Figure, axes: Axes, columns: int) -> None:
    labels = axes.get_legend_handles_labels()
    figure.legend(*labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=9)


def _cycle() -> Iterator[str]:
    return itertools.cycle(COLOURS)
