"""A row of the equation map: a formula of a paper, what implements it, and the check that it does.

The check holds the formula, written once more in NumPy, against the symbol. Beside the formula
stand wrong ones, a slip of the pen each: a sign, an index, a factor. The check must reject them.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from numsnn.errors import NumsnnError

Formula = Callable[..., Any]
Compare = Callable[[Formula], float]

PAPERS: Mapping[str, str] = MappingProxyType(
    {
        "recdis": "RecDis-SNN",
        "psg-pda": "PSG & PDA",
        "mpbn": "MPBN",
        "tdbn": "STBP-tdBN",
        "im-loss": "IM-Loss & ESG",
    }
)
"""The papers of the map by the name the command line takes."""


@dataclass(frozen=True)
class Outcome:
    """What a check found: the formula's error, and the error of every wrong one, by its name."""

    error: float
    bound: float
    wrong: Mapping[str, float]

    @property
    def missed(self) -> tuple[str, ...]:
        """The wrong formulas that the check let through."""
        return tuple(name for name, error in self.wrong.items() if error <= self.bound)

    @property
    def passed(self) -> bool:
        """The formula holds and every wrong one is rejected."""
        return self.error <= self.bound and not self.missed


@dataclass(frozen=True)
class Row:
    """One equation. ``compare(formula)`` is how far a formula lies from what the symbol computes.

    Errors are relative to the larger of 1 and the largest expected value, unless ``by`` says
    Monte Carlo: then they count standard errors.
    """

    paper: str
    number: str  # "4", or a name: "Algorithm 1", "Theorem 2", "quantisation error"
    latex: str  # as the paper has it, in our transcription
    meaning: str
    symbol: str  # dotted path of what implements it
    by: str  # how it is checked
    formula: Formula  # what numsnn computes
    wrong: Mapping[str, Formula]
    compare: Compare
    bound: float
    erratum: str = ""  # where the paper errs or leaves open: its number in the errata ledger
    instead: str = ""  # and what numsnn does there

    @property
    def numbered(self) -> bool:
        """Whether it is one of the paper's numbered equations."""
        return self.number.isdigit()

    @property
    def id(self) -> str:
        """The row's name in tests: ``tdbn-5``."""
        return f"{self.paper}-{self.number}".replace(" ", "-")

    def check(self) -> Outcome:
        """Run the check on the formula and on every wrong one."""
        wrong = {name: float(self.compare(formula)) for name, formula in self.wrong.items()}
        return Outcome(float(self.compare(self.formula)), self.bound, wrong)


def of_paper(paper: str) -> Callable[..., Callable[[Compare], Row]]:
    """The decorator that makes a row of a paper of the comparison below it."""

    def row(number: str, *, bound: float = 1e-12, **fields: Any) -> Callable[[Compare], Row]:
        return lambda compare: Row(paper, number, compare=compare, bound=bound, **fields)

    return row


def collected(names: Mapping[str, Any]) -> tuple[Row, ...]:
    """The rows among a module's names, in the order of their definition."""
    return tuple(value for value in names.values() if isinstance(value, Row))


def resolve(symbol: str) -> Any:
    """The object at a dotted path. Raises NumsnnError where there is none."""
    parts = symbol.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError as error:
            if not symbol.startswith(error.name or "\0"):
                raise  # a module that exists, but imports one that does not
            continue
        for attribute in parts[length:]:
            if not hasattr(found, attribute):
                raise NumsnnError(f"equations: there is no {symbol}: no {attribute!r} in {found!r}")
            found = getattr(found, attribute)
        return found
    raise NumsnnError(f"equations: there is no module on the path {symbol}")
