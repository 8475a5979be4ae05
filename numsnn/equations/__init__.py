"""The equation map: every numbered equation of the five papers, its symbol, and a check that runs.

for row in rows("tdbn"):
    print(row.number, row.meaning, row.symbol, row.check().passed)
"""

from importlib import import_module

from numsnn.equations.row import PAPERS, Outcome, Row, resolve
from numsnn.validate import choice

__all__ = ["NUMBERED", "PAPERS", "Outcome", "Row", "resolve", "rows"]

NUMBERED = {"recdis": 20, "psg-pda": 20, "mpbn": 13, "tdbn": 26, "im-loss": 15}
"""How many numbered equations each paper has: 94."""

MODULES = (
    "recdis_neuron", "recdis_forms", "recdis_loss",
    "psg_neuron", "pda", "psg_arctangent", "psg_softplus", "psg_gradients", "psg_hardware",
    "mpbn_neuron", "mpbn_norm", "mpbn_folding",
    "tdbn_neuron", "tdbn_norm", "tdbn_fusion", "tdbn_loss",
    "tdbn_gradient", "tdbn_blocks", "tdbn_isometry",
    "im_neuron", "im_loss",
)  # fmt: skip
"""Where the rows are; imported when they are asked for, since they use all of the library."""


def rows(paper: str | None = None) -> tuple[Row, ...]:
    """The rows of one paper, or of all: numbered equations by number, then the others by name.

    Raises NumsnnError for a paper that is not in ``PAPERS``.
    """
    if paper is not None:
        choice("equations", "paper", paper, tuple(PAPERS))
    modules = [import_module(f"{__name__}.{name}") for name in MODULES]
    found = [row for module in modules for row in module.ROWS if paper in (None, row.paper)]
    return tuple(sorted(found, key=_place))


def _place(row: Row) -> tuple[int, int, str]:
    """Where a row stands among all."""
    paper = tuple(PAPERS).index(row.paper)
    return (paper, int(row.number), "") if row.numbered else (paper, 1000, row.number)
