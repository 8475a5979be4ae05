"""A picture of surrogates: each one's primitive beside its slope."""

from collections.abc import Mapping

import numpy as np

from numsnn.surrogates import Surrogate
from numsnn.teaching.picture import BLUE, GREY, INK, ORANGE, Picture, plain, sheet
from numsnn.validate import require

COLUMNS = 5


def gallery(surrogates: Mapping[str, Surrogate], width: float = 1.0) -> Picture:
    """Every surrogate by its name: above P(z) with the step behind it, below dP/dz with its area.

    Raises NumsnnError where there is none.
    """
    require(len(surrogates) > 0, "gallery: expected at least one surrogate, found none")
    rows = -(-len(surrogates) // COLUMNS)
    columns = min(COLUMNS, len(surrogates))
    figure = sheet(8.4, 3.1 * rows)
    grid = figure.subplots(2 * rows, columns, squeeze=False, sharex=True)
    z = np.linspace(-3, 3, 601) * width
    top = max(1.05, *(float(s.slopes(z, width)[0].max()) * 1.08 for s in surrogates.values()))
    for axes in grid.ravel():
        axes.axis("off")
    for place, (name, surrogate) in enumerate(surrogates.items()):
        row, column = divmod(place, COLUMNS)
        above, below = grid[2 * row, column], grid[2 * row + 1, column]
        first = column == 0
        plain(above, ylabel="P(z)" if first else "", title=name)
        plain(below, ylabel="slope" if first else "")
        for axes in (above, below):
            axes.axis("on")
            axes.axvline(0, color=GREY, lw=0.6, ls=":")
            axes.set_xticks([-2 * width, 0, 2 * width])
            axes.tick_params(labelsize=8, labelleft=first)
        above.plot(z, z > 0, color=GREY, lw=0.9)
        above.plot(z, surrogate.value(z, width), color=BLUE, lw=1.6)
        above.set(ylim=(-0.15, 1.3))
        slope = surrogate.slopes(z, width)[0]
        below.plot(z, slope, color=ORANGE, lw=1.6)
        below.fill_between(z, slope, color=ORANGE, alpha=0.15, lw=0)
        below.set(ylim=(-0.08 * top, top))
    for axes in grid[-1]:
        axes.set_xlabel("z", color=INK, fontsize=10)
    names = ", ".join(surrogates)
    return Picture(
        figure,
        f"{len(surrogates)} surrogates of width {width:g}, each as two plots over z: {names}. Above, "
        "the primitive P rises around z = 0 where the step, drawn in grey, jumps from 0 to 1. Below, "
        "its slope: a bump around z = 0, or, for softplus, a rise from 0 to 1 that stays there.",
    )
