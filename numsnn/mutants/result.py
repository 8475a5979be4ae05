"""What the gate found: one outcome a mutant, and the counts."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from numsnn.mutants.edit import Mutant
from numsnn.mutants.source_text import short

CAUGHT, EQUIVALENT, SURVIVED = "caught", "equivalent", "survived"


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant.

    check: the first check that caught it, or "error" where the edited code raised or gave NaN.
    operation: the registry's entry in which it was caught. also: further checks that catch it,
    looked for where it was planted by hand. reason: why it is equivalent, or what a survivor lacks.
    """

    mutant: Mutant
    verdict: str
    check: str = ""
    operation: str = ""
    also: tuple[str, ...] = ()
    reason: str = ""

    def __str__(self) -> str:
        name = self.mutant.name
        if self.verdict == CAUGHT:
            return f"caught      {name}: {', '.join((self.check, *self.also))} of {self.operation}"
        if self.verdict == EQUIVALENT:
            return f"equivalent  {name}: {self.reason or 'NO REASON GIVEN'}"
        return f"SURVIVED    {name}: {self.reason}"


@dataclass(frozen=True)
class GateResult:
    """All outcomes. ``passed``: none survived, and each equivalent one has its reason."""

    outcomes: tuple[Outcome, ...]
    seed: int
    networks: int
    seconds: float

    def with_verdict(self, verdict: str) -> list[Outcome]:
        return [o for o in self.outcomes if o.verdict == verdict]

    @property
    def planted(self) -> int:
        """How many mutants there were, by hand and generated."""
        return len(self.outcomes)

    @property
    def equivalent(self) -> int:
        return len(self.with_verdict(EQUIVALENT))

    @property
    def caught(self) -> int:
        return len(self.with_verdict(CAUGHT))

    @property
    def survivors(self) -> list[Outcome]:
        return self.with_verdict(SURVIVED)

    @property
    def unexplained(self) -> list[Outcome]:
        """Equivalent as far as the draws go, with no reason written down."""
        return [o for o in self.with_verdict(EQUIVALENT) if not o.reason]

    @property
    def passed(self) -> bool:
        return bool(self.outcomes) and not self.survivors and not self.unexplained

    @property
    def by(self) -> dict[str, int]:
        """How many mutants each check caught first."""
        counts = Counter(o.check for o in self.with_verdict(CAUGHT))
        return dict(counts.most_common())

    @property
    def by_any(self) -> dict[str, int]:
        """How many of the mutants planted by hand each check catches, first or not."""
        rows = [o for o in self.with_verdict(CAUGHT) if o.mutant.kind == "planted"]
        return dict(Counter(check for o in rows for check in (o.check, *o.also)).most_common())

    def summary(self) -> str:
        """One line."""
        rest = self.planted - self.equivalent
        verdict = "passed" if self.passed else "FAILED"
        return (
            f"mutants: {verdict}, {self.caught} of {rest} caught, {self.equivalent} more are "
            f"equivalent on {self.networks} networks, {self.planted} in all, {self.seconds:.0f} s"
        )

    def table(self, every: bool = False) -> str:
        """Mutants planted by hand with the checks that catch them, the generated ones by function.

        every: list each generated mutant too.
        """
        rows = []
        for o in self.outcomes:
            if every or o.mutant.kind == "planted" or o.verdict == SURVIVED:
                rows.append(str(o))
        if not every:
            rows += [
                f"equivalent  {o.mutant.name}: {o.reason or 'NO REASON GIVEN'}"
                for o in self.with_verdict(EQUIVALENT)
                if o.mutant.kind != "planted"
            ]
        rows += ["", *self._by_function(), "", *self._by_check(), "", self.summary()]
        return "\n".join(rows)

    def _by_function(self) -> list[str]:
        groups: dict[str, Counter] = {}
        for o in self.outcomes:
            if o.mutant.kind != "planted":
                groups.setdefault(short(o.mutant.target), Counter())[o.verdict] += 1
        width = max((len(name) for name in groups), default=0)
        head = f"{'generated in':{width}}  caught  equivalent  survived"
        return [head] + [
            f"{name:{width}}  {c[CAUGHT]:6}  {c[EQUIVALENT]:10}  {c[SURVIVED]:8}"
            for name, c in groups.items()
        ]

    def _by_check(self) -> list[str]:
        planted = self.by_any
        names = list(self.by) + [name for name in planted if name not in self.by]
        return [f"{'check':24}  caught first  catches, of those planted by hand"] + [
            f"{name:24}  {self.by.get(name, 0):12}  {planted.get(name, 0):33}" for name in names
        ]

    def as_json(self) -> dict[str, Any]:
        """``planted, equivalent, caught, by`` and what became of each mutant."""
        return {
            "planted": self.planted,
            "equivalent": self.equivalent,
            "caught": self.caught,
            "by": self.by,
            "by_any": self.by_any,
            "survivors": [o.mutant.name for o in self.survivors],
            "unexplained": [o.mutant.name for o in self.unexplained],
            "networks": self.networks,
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "list": [
                {
                    "name": o.mutant.name,
                    "target": o.mutant.target,
                    "kind": o.mutant.kind,
                    "edit": o.mutant.edit,
                    "imitates": o.mutant.imitates,
                    "verdict": o.verdict,
                    "check": o.check,
                    "also": list(o.also),
                    "operation": o.operation,
                    "reason": o.reason,
                }
                for o in self.outcomes
            ],
        }
