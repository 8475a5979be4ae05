"""The table of checks as a picture: operations against checks, colour by log10 of the error."""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from numsnn.checks import CHECKS
from numsnn.checks.report import PASSED, Report
from numsnn.validate import require

INK, PALE, ALARM = "#333333", "#E8E8E8", "#D55E00"
FLOOR = 1e-17  # what is exact is drawn as this


def picture(reports: Sequence[Report], title: str = "") -> Figure:
    """A Figure; a check that does not apply is left pale, one that failed is framed."""
    require(len(reports) > 0, "picture: there are no reports")
    operations = list(dict.fromkeys(r.operation for r in reports))
    checks = [check for check in CHECKS if any(r.check == check for r in reports)]
    errors = np.full((len(operations), len(checks)), np.nan)
    height = 1.9 + 0.165 * len(operations)
    figure = Figure(figsize=(7.6, height), dpi=160, layout="constrained")
    axes = figure.subplots()
    for r in reports:
        i, j = operations.index(r.operation), checks.index(r.check)
        errors[i, j] = np.log10(max(min(r.error, 1.0), FLOOR)) if r.error == r.error else np.nan
        if r.verdict != PASSED:
            frame = Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=ALARM, linewidth=1.5)
            axes.add_patch(frame)
            axes.text(j, i, "x", ha="center", va="center", color=ALARM, fontsize=7)
    levels = np.arange(-17, 1)
    colours = ListedColormap(_ramp(len(levels) - 1)).with_extremes(bad=PALE)
    image = axes.imshow(
        np.ma.masked_invalid(errors),
        cmap=colours,
        norm=BoundaryNorm(levels, colours.N),
        aspect="auto",
        interpolation="none",
    )
    axes.set_xticks(range(len(checks)), checks, rotation=40, ha="left", fontsize=7, color=INK)
    axes.set_yticks(range(len(operations)), operations, fontsize=6, color=INK)
    axes.xaxis.tick_top()
    axes.set_xticks(np.arange(len(checks) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(operations) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1)
    axes.tick_params(which="both", length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=min(1.0, 5 / height), pad=0.02)
    bar.set_label("log10 of the worst relative error", fontsize=7, color=INK)
    bar.ax.tick_params(labelsize=6, colors=INK)
    bar.outline.set_visible(False)
    axes.set_title(title, fontsize=9, color=INK, loc="left")
    return figure


def _ramp(count: int) -> np.ndarray:
    """From dark blue (exact) over white to dark red (as wrong as can be), one colour a decade."""
    stops = np.array([(0.03, 0.19, 0.42), (0.42, 0.68, 0.84), (0.97, 0.97, 0.9), (0.7, 0.1, 0.15)])
    at = np.linspace(0, 1, count)
    return np.stack([np.interp(at, (0, 0.4, 0.7, 1), stops[:, i]) for i in range(3)], axis=1)
