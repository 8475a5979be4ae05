"""Pictures of an analysis, each good enough for a lecture slide.

Every function takes what the analysis returned and gives a Figure; ``numsnn.plots.save`` writes it
with its numbers beside it.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from numsnn.analysis.activity import LayerActivity
from numsnn.analysis.membranes import MembraneHistogram
from numsnn.analysis.robustness import Robustness
from numsnn.layer import Array
from numsnn.plots import INK

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Told apart by every kind of colour vision (Okabe and Ito)."""


def _axes(columns: int = 1, width: float = 7.0, height: float = 3.6) -> tuple[Figure, list]:
    figure = Figure(figsize=(width, height), dpi=160, layout="constrained")
    axes = list(np.atleast_1d(figure.subplots(1, columns)))
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.grid(alpha=0.25, linewidth=0.6)
    return figure, axes


def rates(
    rows: Mapping[str, Sequence[LayerActivity]], title: str = "Spikes a neuron and step"
) -> Figure:
    """Firing rate through the layers, one line a network."""
    figure, (axes,) = _axes()
    for colour, (label, layers) in zip(_cycle(), rows.items(), strict=False):
        axes.plot([row.rate for row in layers], marker="o", color=colour, label=label)
        axes.set_xticks(range(len(layers)), [row.name for row in layers], rotation=45, ha="right")
    axes.set(xlabel="layer, from the input on", ylabel="firing rate", ylim=(0, None))
    axes.legend(frameon=False)
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
        axes.set(xlabel="distance from the trained weights", ylabel="loss")
        axes.legend(frameon=False)
    else:
        figure, rows = _axes(len(grids), width=4.2 * len(grids))
        for axes, (label, values) in zip(rows, grids.items(), strict=True):
            drawn = axes.contourf(steps, steps, values.T, levels=24, cmap="viridis")
            axes.plot(0, 0, marker="+", color="white", markersize=9)
            axes.set(xlabel="along d1", ylabel="along d2", title=label, aspect="equal")
            figure.colorbar(drawn, ax=axes, label="loss")
    figure.suptitle(title, color=INK, fontsize=11)
    return figure


def robustness(
    found: Mapping[str, Robustness], title: str = "Accuracy on noisy hardware"
) -> Figure:
    """Mean accuracy over the devices against the noise, with one standard deviation."""
    figure, (axes,) = _axes()
    for colour, (label, curve) in zip(_cycle(), found.items(), strict=False):
        axes.plot(curve.levels, 100 * curve.mean, marker="o", color=colour, label=label)
        low, high = curve.mean - curve.deviation, curve.mean + curve.deviation
        axes.fill_between(curve.levels, 100 * low, 100 * high, color=colour, alpha=0.2, linewidth=0)
        axes.set_xlabel({"mismatch": "mismatch xi", "thermal": "thermal noise"}[curve.kind])
    axes.set(ylabel="accuracy (%)")
    axes.legend(frameon=False)
    axes.set_title(title, color=INK, fontsize=11)
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


def channels(spikes: Mapping[str, Array], title: str = "Dead and saturated channels") -> Figure:
    """Rate of every channel, sorted, one line a layer: 0 is dead, 1 saturated."""
    figure, (axes,) = _axes()
    for colour, (name, s) in zip(_cycle(), spikes.items(), strict=False):
        rate = np.sort(np.moveaxis(s, 2, 0).reshape(s.shape[2], -1).mean(axis=1))
        axes.plot(np.linspace(0, 1, len(rate)), rate, color=colour, label=name)
    axes.set(xlabel="share of the layer's channels", ylabel="firing rate", ylim=(-0.02, 1.02))
    axes.legend(frameon=False, fontsize=8)
    axes.set_title(title, color=INK, fontsize=11)
    return figure


def _cycle() -> Iterator[str]:
    return itertools.cycle(COLOURS)
