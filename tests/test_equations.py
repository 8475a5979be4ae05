"""The equation map: complete, every check runs on its symbol, holds, and rejects what is wrong."""

import sys
import threading
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from numsnn.equations import NUMBERED, rows, tdbn_isometry
from numsnn.equations.row import collected, of_paper, resolve
from numsnn.errata.ledger import ledger
from numsnn.errors import NumsnnError
from numsnn.tree import children, rebuilt

ROWS = rows()
EACH = pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
CLEARLY = 1e-3  # how far off a mistranscription must be, where a bound is rounding


def executed(function):
    """The code objects that run during function(), in any thread."""
    seen = set()

    def note(frame, event, argument):
        if event == "call":
            seen.add(frame.f_code)

    before = sys.getprofile(), threading.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before[0])
        threading.setprofile(before[1])
    return seen


@EACH
def test_check(row):
    """The formula is asked and holds, every mistranscription is off, the row's symbol has run."""
    asked = []

    def formula(*arguments):
        asked.append(arguments)
        return row.formula(*arguments)

    outcomes = []
    ran = executed(lambda: outcomes.append(replace(row, formula=formula).check()))
    [outcome] = outcomes
    assert asked, "the check passes whatever the formula says"
    assert resolve(row.symbol).__code__ in ran, f"the check never called {row.symbol}"
    assert outcome.error <= outcome.bound
    assert outcome.wrong.keys() == row.wrong.keys()
    for name, error in outcome.wrong.items():
        assert error > max(2 * outcome.bound, CLEARLY), f"not rejected: {name}"


@EACH
def test_words(row):
    """Formula, meaning and check are said; a mistranscription is planted; an erratum is in the ledger."""
    assert row.latex and row.meaning.endswith(".") and row.by and row.wrong
    assert row.symbol.startswith("numsnn.")
    assert bool(row.erratum) == bool(row.instead)
    if row.erratum:
        assert row.erratum in {erratum.id for erratum in ledger(row.paper)}
    assert "as printed" not in str(list(row.wrong)) or row.erratum


def test_all_94_once():
    assert sum(NUMBERED.values()) == 94
    for paper, count in NUMBERED.items():
        numbers = [row.number for row in rows(paper) if row.numbered]
        assert numbers == [str(n) for n in range(1, count + 1)]
    assert max(Counter(row.id for row in ROWS).values()) == 1


def test_beside_the_numbers():
    """The algorithms, lemmas, theorems and definitions that the papers do not number."""
    named = {row.id for row in ROWS if not row.numbered}
    assert named >= {
        "recdis-Algorithm-1", "recdis-quantisation-error", "mpbn-Algorithm-1",
        "tdbn-Algorithm-1", "tdbn-Algorithm-2", "tdbn-Lemma-1", "tdbn-Lemma-2",
        "tdbn-Theorem-1", "tdbn-Theorem-2", "psg-pda-arctan-over-gamma",
    }  # fmt: skip


def test_every_check_is_its_own():
    assert len({row.compare for row in ROWS}) == len(ROWS)


def spoiled(result):
    """The same result with every floating number half as large again, every truth value turned."""
    if isinstance(result, float | np.floating):
        return 1.5 * result
    if isinstance(result, np.ndarray):
        wrong = {"f": 1.5 * result, "c": 1.5 * result, "b": result == 0}
        return wrong.get(result.dtype.kind, result)
    parts = children(result)
    return result if parts is None else rebuilt(result, [spoiled(part) for _, part in parts])


@EACH
def test_a_wrong_symbol_is_found(row, monkeypatch):
    """The check of a symbol that gives wrong numbers fails, wherever it is imported."""
    right = resolve(row.symbol)
    path, _, name = row.symbol.rpartition(".")

    def wrong(*arguments, **settings):
        return spoiled(right(*arguments, **settings))

    monkeypatch.setattr(resolve(path), name, wrong)
    for module in [m for key, m in sys.modules.items() if key.startswith("numsnn")]:
        if vars(module).get(name) is right:
            monkeypatch.setattr(module, name, wrong)
    tdbn_isometry.measured_traces.cache_clear()
    error = row.compare(row.formula)
    tdbn_isometry.measured_traces.cache_clear()
    assert error > row.bound


def test_a_check_that_lets_a_mistranscription_through_fails():
    row = replace(ROWS[0], wrong={"the same": ROWS[0].formula})
    outcome = row.check()
    assert outcome.missed == ("the same",)
    assert not outcome.passed


def test_a_symbol_that_is_not_there():
    for symbol in ("numsnn.neurons.LIF.backwards", "numsnn.nowhere.LIF", "nowhere"):
        with pytest.raises(NumsnnError, match="equations: there is no"):
            resolve(symbol)


def test_an_unknown_paper():
    with pytest.raises(NumsnnError, match="paper"):
        rows("recdis-snn")


def test_rows_are_collected_in_order():
    row = of_paper("mpbn")
    fields = {"latex": "x", "meaning": "m", "symbol": "s", "by": "b", "formula": abs, "wrong": {}}
    names = {"b": row("2", **fields)(len), "other": 3, "a": row("1", **fields)(len)}
    assert [r.number for r in collected(names)] == ["2", "1"]
