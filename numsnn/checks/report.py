"""What a check says: one small value, whatever was checked."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

PASSED, FAILED, REFUSED = "passed", "failed", "refused"


class Worst(NamedTuple):
    """The element that is most wrong, with both numbers."""

    place: str  # "params/0/weight[2, 1]"
    found: complex | float  # what the backward says
    expected: complex | float  # what the check measures

    def __str__(self) -> str:
        return f"{self.place}: found {self.found:.17g}, expected {self.expected:.17g}"


@dataclass(frozen=True)
class Report:
    """The verdict of one check on one operation: passed, failed or refused, and why.

    ``error`` is compared with ``bound``; both are relative to the size of the gradient, see
    ``TOLERANCES``. A refused check has found nothing: it met a point at which its number would
    mean nothing, and ``reason`` says which.
    """

    check: str
    operation: str
    error: float
    bound: float
    verdict: str
    worst: Worst | None = None
    cases: int = 1
    reason: str = ""
    refused: int = 0  # how many of the cases were refused, in a report on several

    @property
    def passed(self) -> bool:
        return self.verdict == PASSED

    def __str__(self) -> str:
        text = f"{self.check} of {self.operation}: {self.verdict}"
        if self.verdict != REFUSED:
            text += f", error {self.error:.2e}, bound {self.bound:.2e}"
        text += f", {self.cases} case{'' if self.cases == 1 else 's'}"
        for more in (self.reason, str(self.worst) if self.worst else ""):
            text += f"; {more}" if more else ""
        return text


def measured(
    check: str,
    operation: str,
    error: float,
    bound: float,
    worst: Worst | None = None,
    reason: str = "",
) -> Report:
    """Passed where error <= bound; a NaN has failed."""
    verdict = PASSED if error <= bound else FAILED
    return Report(check, operation, float(error), float(bound), verdict, worst, reason=reason)


def refused(check: str, operation: str, reason: str, bound: float = float("nan")) -> Report:
    return Report(check, operation, float("nan"), bound, REFUSED, reason=reason, refused=1)


def failed(check: str, operation: str, reason: str, bound: float = 0.0) -> Report:
    """A failure that is no number: a wrong structure, an exception."""
    return Report(check, operation, float("inf"), bound, FAILED, reason=reason)


def combined(reports: Iterable[Report]) -> Report:
    """One report for many cases: the worst failure, else the case nearest to its bound.

    Cases that were refused are counted apart; all refused is refused.
    """
    rows = list(reports)
    found = [r for r in rows if r.verdict != REFUSED]
    number = sum(r.refused for r in rows)
    if not found:
        return replace(rows[0], cases=sum(r.cases for r in rows), refused=number)
    failures = [r for r in found if not r.passed]
    worst = max(failures or found, key=_closeness)
    return replace(worst, cases=sum(r.cases for r in rows), refused=number)


def _closeness(report: Report) -> float:
    """How near the error comes to its bound; above 1 is a failure."""
    if report.error != report.error:
        return float("inf")
    return report.error / report.bound if report.bound > 0 else report.error
