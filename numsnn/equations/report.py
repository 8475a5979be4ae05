"""The equation map in words for a terminal, and as a JSON document."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from numsnn.equations.row import PAPERS, Outcome, Row

WIDTH = 100
INDENT = " " * 10
TEST = "tests/test_equations.py::test_check"


def as_text(row: Row, outcome: Outcome | None = None) -> str:
    """One row as a paragraph: formula, meaning, symbol, check, erratum, and what the check found."""
    head = f"eq. {row.number}" if row.numbered else row.number
    opening = f"{head:<9} " if len(head) < len(INDENT) else f"{head}\n{INDENT}"
    lines = [opening + row.latex, _filled(row.meaning), INDENT + row.symbol]
    lines.append(_filled(f"checked by {row.by}"))
    if row.erratum:
        lines.append(_filled(f"erratum {row.erratum}: {row.instead}"))
    if outcome is not None:
        lines.append(INDENT + found(outcome))
    return "\n".join(lines) + "\n"


def found(outcome: Outcome) -> str:
    """One line: whether the check holds, its error and bound, what it rejected or let through."""
    rejected = len(outcome.wrong) - len(outcome.missed)
    line = (
        f"{'ok' if outcome.passed else 'FAILED'}: error {outcome.error:.1e}, bound "
        f"{outcome.bound:.0e}; {rejected} of {len(outcome.wrong)} mistranscriptions rejected"
    )
    return line + "".join(f"; let through: {name}" for name in outcome.missed)


def as_table(rows: tuple[Row, ...], outcomes: Mapping[str, Outcome]) -> str:
    """The rows under the names of their papers."""
    parts = []
    for paper, title in PAPERS.items():
        own = [row for row in rows if row.paper == paper]
        if own:
            heading = f"{title} [{paper}]: {_counted(own)}"
            parts += [heading + "\n", *(as_text(row, outcomes.get(row.id)) for row in own)]
    return "\n".join(parts)


def as_json(row: Row, outcome: Outcome | None = None) -> dict[str, Any]:
    """One row for JSON; an infinite error becomes the string "inf"."""
    found = {
        "paper": row.paper,
        "number": row.number,
        "numbered": row.numbered,
        "latex": row.latex,
        "meaning": row.meaning,
        "symbol": row.symbol,
        "checked by": row.by,
        "test": f"{TEST}[{row.id}]",
        "mistranscriptions": list(row.wrong),
        "erratum": row.erratum,
        "instead": row.instead,
    }
    if outcome is not None:
        found["check"] = {
            "passed": outcome.passed,
            "error": _number(outcome.error),
            "bound": outcome.bound,
            "mistranscriptions": {name: _number(e) for name, e in outcome.wrong.items()},
        }
    return found


def summary(rows: tuple[Row, ...], outcomes: Mapping[str, Outcome]) -> str:
    """How many rows, and how many of them hold."""
    text = _counted(rows)
    if not outcomes:
        return text + "; --check runs their checks"
    held = sum(outcome.passed for outcome in outcomes.values())
    rejected = sum(len(o.wrong) - len(o.missed) for o in outcomes.values())
    wrong = sum(len(o.wrong) for o in outcomes.values())
    return f"{text}: {held} of {len(rows)} checks hold, {rejected} of {wrong} mistranscriptions rejected"


def _counted(rows: Sequence[Row]) -> str:
    numbered = sum(row.numbered for row in rows)
    others = len(rows) - numbered
    return f"{numbered} numbered equations and {others} other{'' if others == 1 else 's'}"


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)


def _number(x: float) -> float | str:
    return x if math.isfinite(x) else str(x)
