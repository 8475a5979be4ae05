"""Reports as a table of operations against checks, and as plain numbers for JSON."""

import math
from collections.abc import Sequence
from typing import Any

from numsnn.checks import CHECKS
from numsnn.checks.report import PASSED, REFUSED, Report
from numsnn.checks.tolerances import TOLERANCES

HEADINGS = {
    "contract": "contract",
    "adjoint": "adjoint",
    "complex-step": "complex",
    "differences": "differ.",
    "taylor": "taylor",
    "each-parameter": "each",
    "anchored": "anchor",
    "anchored-affine": "affine",
    "anchored-differences": "a-diff.",
    "formula": "formula",
    "primitive": "primit.",
    "bad-input": "bad in",
}
OWN = ("differences", "anchored-differences", "each-parameter")


def table(reports: Sequence[Report]) -> str:
    """One row an operation, one column a check: the worst error, with the bound in the head."""
    operations = list(dict.fromkeys(r.operation for r in reports))
    checks = [check for check in CHECKS if any(r.check == check for r in reports)]
    cells = {(r.operation, r.check): r for r in reports}
    width = max((len(name) for name in operations), default=0)
    lines = [
        " ".join([" " * width, *(f"{HEADINGS.get(c, c):>8}" for c in checks), "  cases"]),
        " ".join([f"{'bound':<{width}}", *(f"{_bound(c):>8}" for c in checks)]),
    ]
    for name in operations:
        row = [cells.get((name, check)) for check in checks]
        cases = sum(r.cases for r in row if r is not None)
        lines.append(" ".join([f"{name:<{width}}", *(f"{_cell(r):>8}" for r in row), f"{cases:7}"]))
    return "\n".join(lines)


def summary(reports: Sequence[Report], seconds: float) -> str:
    """One line: how many operations, checks and cases, and what failed."""
    operations = len({r.operation for r in reports})
    failures = [r for r in reports if not r.passed]
    cases, few = sum(r.cases for r in reports), sum(r.refused for r in reports)
    verdict = "passed" if not failures else f"{len(failures)} FAILED"
    return (
        f"verify: {verdict}, {operations} operations, {len(reports)} checks, {cases} cases"
        f"{f', {few} of them refused' if few else ''}, {seconds:.0f} s"
    )


def as_json(reports: Sequence[Report]) -> dict[str, Any]:
    """``operations`` and ``checks``, every number finite or null."""
    operations = list(dict.fromkeys(r.operation for r in reports))
    return {
        "operations": [
            {
                "operation": name,
                "passed": all(r.passed for r in reports if r.operation == name),
                "cases": sum(r.cases for r in reports if r.operation == name),
            }
            for name in operations
        ],
        "checks": [
            {
                "operation": r.operation,
                "check": r.check,
                "verdict": r.verdict,
                "error": _finite(r.error),
                "bound": _finite(r.bound),
                "cases": r.cases,
                "refused": r.refused,
                "worst": None
                if r.worst is None
                else {
                    "place": r.worst.place,
                    "found": _finite(r.worst.found),
                    "expected": _finite(r.worst.expected),
                },
                "reason": r.reason,
            }
            for r in reports
        ],
        "tolerances": {
            name: {"bound": bound, "reason": reason} for name, (bound, reason) in TOLERANCES.items()
        },
    }


def _cell(report: Report | None) -> str:
    if report is None:
        return "."
    if report.verdict == REFUSED:
        return "refused"
    if report.verdict != PASSED:
        return "FAILED"
    return "ok" if report.error == 0 and report.bound == 0 else f"{report.error:.1e}"


def _bound(check: str) -> str:
    if check in OWN:
        return "own est."
    bound = TOLERANCES[check].bound
    return "exact" if bound == 0 else f"{bound:.0e}"


def _finite(value: Any) -> float | None:
    value = float(value)
    return value if math.isfinite(value) else None
