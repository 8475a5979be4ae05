"""What an erratum is, and what it takes to show one."""

from collections.abc import Callable
from dataclasses import dataclass

PAPERS = {
    "recdis": "RecDis-SNN: rectifying the membrane potential distribution (MPD-Loss)",
    "psg-pda": "Membrane potential distribution adjustment and parametric surrogate gradient",
    "mpbn": "Membrane potential batch normalization",
    "tdbn": "Going deeper with directly-trained larger SNNs (STBP-tdBN)",
    "im-loss": "IM-Loss: information maximization loss, with evolutionary surrogate gradients",
    "cross": "Between the papers",
}

KINDS = {
    "mathematical": "a formula, algorithm or theorem does not say what is true",
    "ambiguous": "more than one reading, and the readings give different numbers",
    "arithmetic": "the paper's own numbers do not add up to its statement",
    "inconsistent": "two places disagree",
    "argument": "a conclusion that does not follow from its grounds",
    "notation": "a symbol is wrong, but the meaning is not in doubt",
    "citation": "a result or a reference is given to the wrong source",
    "code": "released code does something else than the paper",
}

Value = float


@dataclass(frozen=True)
class Demonstration:
    """|measured - corrected| <= bound < |measured - printed|, or there is no Demonstration.

    what: the quantity. printed: its value if the paper's statement held. corrected: its value by the
    correct statement. measured: its value found by a third route (a simulation, a difference
    quotient, an enumeration, an integral). Making one that does not hold raises AssertionError, so
    that calling a demonstration asserts both numbers.
    """

    what: str
    printed: Value
    corrected: Value
    measured: Value
    bound: float

    def __post_init__(self) -> None:
        right = agree(self.measured, self.corrected, self.bound)
        wrong = agree(self.measured, self.printed, self.bound)
        if not right or wrong:
            raise AssertionError(
                f"{self.what}: measured {self.measured}, bound {self.bound}; "
                f"corrected {self.corrected} must agree, printed {self.printed} must not"
            )


def agree(a: Value, b: Value, bound: float) -> bool:
    """|a - b| <= bound, infinities agreeing with themselves."""
    return a == b or abs(a - b) <= bound


@dataclass(frozen=True)
class Erratum:
    """One statement of a paper that is wrong, ambiguous or inconsistent.

    demonstration, where there is one, runs in well under a second and asserts its own numbers.
    """

    paper: str
    id: str
    place: str
    kind: str
    wrong: str
    correct: str
    what_numsnn_does: str
    demonstration: Callable[[], tuple[Demonstration, ...]] | None = None
    note: str = ""
