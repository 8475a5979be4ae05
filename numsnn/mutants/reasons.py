"""Why an edit changes no gradient: by a rule where the edit shows it, else from the table."""

import re

from numsnn.mutants.edit import Mutant
from numsnn.mutants.equivalents import REASONS, Reason
from numsnn.mutants.no_errors import NO_ERRORS

CHECKING = ("cotangent(", "require(", "finite(")


def reason(mutant: Mutant) -> str:
    """The reason for which a mutant is equivalent; "" where nobody has given one."""
    if mutant.name.count(" | ") != 2:
        return ""
    target, line, edit = _parts(mutant)
    if line.startswith(CHECKING) and edit.endswith(" -> pass"):
        return "the line checks its input and changes no number"
    before, _, after = edit.partition(" -> ")
    if before.replace(", strict=True", "") == after:
        return "the lengths are equal; strict only checks it"
    if re.sub(r", out=(\w+|\w+_like\([^()]*(\([^()]*\))?[^()]*\))\)$", ")", before) == after:
        return "the array that is returned is read, wherever it lies"
    return _given(REASONS, target, line, edit)


def no_error(mutant: Mutant) -> str:
    """Why a generated edit is none to be made: what it changes is right too, but for rounding."""
    return _given(NO_ERRORS, *_parts(mutant))


def _parts(mutant: Mutant) -> tuple[str, str, str]:
    """Target, line and edit of a generated mutant; #2 marks the second such edit of a line."""
    target, line, change = mutant.name.split(" | ")
    return target, line, re.sub(r" #\d+$", "", change.partition(": ")[2])


def _given(rows: tuple[Reason, ...], target: str, line: str, edit: str) -> str:
    for row in rows:
        if row.target == target and line.startswith(row.line) and edit in row.edits:
            return row.why
    return ""
