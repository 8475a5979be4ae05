"""The equation map: complete, every check runs on its symbol, holds, and rejects what is wrong."""

import sys
import threading
from collections import Counter
from dataclasses import replace

import pytest

from numsnn.equations import NUMBERED, rows
from numsnn.equations.row import collected, of_paper, resolve
from numsnn.errata.ledger import ledger
from numsnn.errors import NumsnnError

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


def test_a_wrong_library_is_found(monkeypatch):
    """A bug planted in the symbol itself fails the check: signs, factors, a lost term."""
    from numsnn import norms, papers, surrogates

    by_id = {row.id: row for row in ROWS}
    slopes = surrogates.Rectangular.slopes
    monkeypatch.setattr(
        surrogates.Rectangular, "slopes", lambda s, z, w: tuple(-x for x in slopes(s, z, w))
    )
    assert not by_id["tdbn-16"].check().passed
    forward = norms.BatchNorm.forward
    monkeypatch.setattr(
        norms.BatchNorm, "forward", lambda s, p, x: forward(s, p._replace(gain=1.01 * p.gain), x)
    )
    assert not by_id["tdbn-5"].check().passed
    K = papers.im_loss.K
    monkeypatch.setattr(papers.im_loss, "K", lambda i, *a: K(i + 1, *a))
    assert not by_id["im-loss-15"].check().passed


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
