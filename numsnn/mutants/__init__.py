"""Would the checks notice a wrong backward? Plant errors, one at a time, and see."""

from numsnn.mutants.edit import Mutant, applied
from numsnn.mutants.gate import run_gate
from numsnn.mutants.generated import generated
from numsnn.mutants.planted import PLANTED
from numsnn.mutants.result import GateResult, Outcome
from numsnn.mutants.targets import TARGETS, all_generated

__all__ = [
    "PLANTED",
    "TARGETS",
    "GateResult",
    "Mutant",
    "Outcome",
    "all_generated",
    "applied",
    "generated",
    "run_gate",
]
