"""Pictures of one neuron: what it does over time, and its graph with the ways of the gradient."""

from typing import Any

import numpy as np

from numsnn.neurons import LIF
from numsnn.teaching.picture import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Picture, plain, sheet
from numsnn.validate import require

STEP = 3.2  # between two steps of the graph
LEVEL = {"current": 0.0, "h": 1.5, "s": 3.0, "L": 4.5}


def trace(saved: LIF.Saved, current: np.ndarray, alt: str, neuron: int = 0) -> Picture:
    """Current, membrane and spikes of one neuron of the first sample, step by step.

    saved and current as ``LIF.forward`` gives and takes them, [T, N, neurons]. The membrane is
    drawn before its reset (dots), falls to where the reset leaves it, and decays until the next
    step. Takes neurons whose decay is one number, not 0, and that have no lateral term.
    """
    require(current.ndim == 3, f"trace: current must be [T, N, neurons], found {current.shape}")
    decay = float(saved.params.decay)
    h, s = saved.charged[:, 0, neuron], saved.spikes[:, 0, neuron]
    steps = np.arange(len(h))
    left = np.append(h[1:] - current[1:, 0, neuron], np.nan)  # decay v[t]: where t + 1 starts
    v = np.append(left[:-1] / decay, saved.final.membrane[0, neuron])
    figure = sheet(8.4, 3.9)
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(2, 5, 0.8))
    top.vlines(steps, 0, current[:, 0, neuron], color=GREEN, lw=2.2)
    plain(top, ylabel="current").axhline(0, color=GREY, lw=0.8)
    path, times = np.column_stack([h, v, left]), np.column_stack([steps, steps, steps + 1])
    middle.plot(times.ravel(), path.ravel(), color=BLUE, lw=1.2)
    middle.plot(steps, h, "o", color=BLUE, ms=4)
    threshold = float(np.ravel(saved.params.threshold)[0])
    middle.axhline(threshold, color=ORANGE, lw=1.2, ls="--")
    middle.annotate(
        "threshold", (1, threshold), xycoords=("axes fraction", "data"), ha="right", va="bottom",
        color=ORANGE, fontsize=9,
    )  # fmt: skip
    plain(middle, ylabel="membrane h")
    bottom.vlines(steps[s > 0], 0, 1, color=INK, lw=2.2)
    plain(bottom, "step t", "spikes").set(ylim=(0, 1.1), yticks=[])
    return Picture(figure, alt)


def unrolled(gradient: bool = False, detached: bool = False) -> Picture:
    """The neuron's graph over three steps; with ``gradient``, the ways by which dL comes back.

    With ``detached`` the reset sends nothing back: its arrow is gone.
    """
    figure = sheet(8.4, 4.6)
    axes = figure.subplots()
    axes.set(xlim=(-0.9, 2 * STEP + 1.4), ylim=(-0.55, LEVEL["L"] + 0.5), aspect="equal")
    axes.axis("off")
    draw = _backwards if gradient else _forwards
    draw(axes, detached)
    for t in range(3):
        for name in ("current", "h", "s"):
            _node(axes, t * STEP, LEVEL[name], f"{'c' if name == 'current' else name}[{t}]")
        if t < 2:
            _node(axes, (t + 0.5) * STEP, LEVEL["h"], f"v[{t}]")
    _node(axes, STEP, LEVEL["L"], "L")
    return Picture(figure, _alt(gradient, detached))


def _forwards(axes: Any, detached: bool) -> None:
    for t in range(3):
        x = t * STEP
        _arrow(axes, (x, LEVEL["current"]), (x, LEVEL["h"]), INK)
        _arrow(axes, (x, LEVEL["h"]), (x, LEVEL["s"]), INK, "$H$")
        _arrow(axes, (x, LEVEL["s"]), (STEP, LEVEL["L"]), GREY)
        if t < 2:
            v = (t + 0.5) * STEP
            _arrow(axes, (x, LEVEL["h"]), (v, LEVEL["h"]), BLUE, "$1-s$")
            _arrow(axes, (v, LEVEL["h"]), (x + STEP, LEVEL["h"]), BLUE, "decay")
            _arrow(axes, (x, LEVEL["s"]), (v, LEVEL["h"]), ORANGE, "reset")


def _backwards(axes: Any, detached: bool) -> None:
    for t in range(3):
        x = t * STEP
        _arrow(axes, (x, LEVEL["h"]), (x, LEVEL["current"]), INK, "$\\times 1$")
        _arrow(axes, (x, LEVEL["s"]), (x, LEVEL["h"]), PURPLE, f"$\\times r[{t}]$")
        _arrow(axes, (STEP, LEVEL["L"]), (x, LEVEL["s"]), GREY)
        if t < 2:
            v = (t + 0.5) * STEP
            _arrow(axes, (v, LEVEL["h"]), (x, LEVEL["h"]), BLUE, f"$\\times(1-s[{t}])$", below=True)
            _arrow(
                axes, (x + STEP, LEVEL["h"]), (v, LEVEL["h"]), BLUE, "$\\times$ decay", below=True
            )
            if not detached:
                _arrow(axes, (v, LEVEL["h"]), (x, LEVEL["s"]), ORANGE, f"$\\times(-h[{t}])$")


def _node(axes: Any, x: float, y: float, text: str) -> None:
    box = {"boxstyle": "round,pad=0.32", "facecolor": "white", "edgecolor": INK, "linewidth": 1.1}
    axes.text(x, y, text, ha="center", va="center", fontsize=10, color=INK, bbox=box, zorder=3)


def _arrow(
    axes: Any,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    label: str = "",
    below: bool = False,
) -> None:
    (x0, y0), (x1, y1) = start, end
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.5, "shrinkA": 17, "shrinkB": 17}
    axes.annotate("", end, start, arrowprops=style, zorder=1)
    if not label:
        return
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    if x0 == x1:  # upright: to the right of the arrow
        axes.text(x + 0.12, y, label, ha="left", va="center", fontsize=9, color=colour)
    elif y0 == y1:
        axes.text(
            x, y + (-0.3 if below else 0.12), label, ha="center",
            va="top" if below else "bottom", fontsize=9, color=colour,
        )  # fmt: skip
    else:
        axes.text(x + 0.15, y + 0.15, label, ha="left", va="bottom", fontsize=9, color=colour)


def _alt(gradient: bool, detached: bool) -> str:
    if not gradient:
        return (
            "The neuron unrolled over three steps. In each column an arrow leads from the current "
            "c[t] up to the potential h[t], and from there through the step H up to the spike s[t], "
            "which feeds the loss L. Between columns h[t] leads by the factor 1 - s to the carried "
            "potential v[t], and v[t] by the decay to h[t+1]. A third arrow, the reset, leads from "
            "the spike s[t] to v[t]."
        )
    ways = (
        "The same graph with all arrows turned round, each with its factor: from the loss to every "
        "spike; from s[t] to h[t] times the slope r[t]; from h[t+1] to v[t] times the decay; from "
        "v[t] to h[t] times 1 - s[t]; from h[t] to the current times 1"
    )
    if detached:
        return f"{ways}. The arrow of the reset, from v[t] to s[t], is missing: it is detached."
    return f"{ways}; and by the reset from v[t] to s[t] times minus h[t]."
