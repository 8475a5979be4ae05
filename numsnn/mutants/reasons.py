"""Why an edit that changes no gradient changes none: by rule where the edit shows it, else by hand."""

from numsnn.mutants.edit import Mutant

REASONS: dict[str, str] = {}
"""Reasons by the mutant's name."""

CHECKING = ("cotangent(", "require(", "finite(", "inexact(", "positive_integer(")


def reason(mutant: Mutant) -> str:
    """The reason for which a mutant is equivalent; "" where nobody has given one."""
    if mutant.name in REASONS:
        return REASONS[mutant.name]
    line = mutant.name.split(" | ")[1] if mutant.name.count(" | ") == 2 else ""
    if line.startswith(CHECKING):
        return "the line checks its input and changes no number"
    return ""
