"""The errata ledger: complete, well formed, and every demonstration runs and can fail."""

import argparse
import dataclasses
import json
import math
import re

import pytest

from numsnn.errata import KINDS, PAPERS, Demonstration, Erratum, commands, ledger
from numsnn.errata.ledger import ENTRIES
from numsnn.errors import NumsnnError

ALL = ledger()
SHOWN = [erratum for erratum in ALL if erratum.demonstration]
EXPECTED = {"recdis": 15, "psg-pda": 12, "mpbn": 12, "tdbn": 15, "im-loss": 10, "cross": 10}
LETTER = {"recdis": "R", "psg-pda": "P", "mpbn": "M", "tdbn": "T", "im-loss": "I", "cross": "X"}


def by_id(erratum):
    return erratum.id


def test_the_ledger_is_complete_and_in_order():
    assert list(ENTRIES) == list(PAPERS)
    for paper, count in EXPECTED.items():
        assert [e.id for e in ledger(paper)] == [f"{LETTER[paper]}{i + 1}" for i in range(count)]
        assert {e.paper for e in ledger(paper)} == {paper}
    assert len(ALL) == sum(EXPECTED.values())


@pytest.mark.parametrize("erratum", ALL, ids=by_id)
def test_every_entry_says_what_is_wrong_what_is_right_and_what_is_done(erratum):
    assert erratum.kind in KINDS
    for text in (erratum.place, erratum.wrong, erratum.correct, erratum.what_numsnn_does):
        assert text.strip() == text
        assert text
    for text in (erratum.wrong, erratum.correct, erratum.what_numsnn_does):
        assert text.endswith(".")


def test_every_mathematical_erratum_is_demonstrated():
    assert all(e.demonstration for e in ALL if e.kind == "mathematical")
    assert sum(e.kind == "mathematical" for e in ALL) >= 25
    assert len(SHOWN) >= 55


@pytest.fixture(scope="module")
def numbers():
    return {erratum.id: erratum.demonstration() for erratum in SHOWN}


@pytest.mark.parametrize("erratum", SHOWN, ids=by_id)
def test_a_demonstration_holds_and_is_repeatable(erratum, numbers):
    first = numbers[erratum.id]
    assert first
    assert all(isinstance(d, Demonstration) for d in first)
    assert erratum.demonstration() == first


@pytest.mark.parametrize("erratum", SHOWN, ids=by_id)
def test_a_demonstration_fails_if_its_claim_is_swapped(erratum, numbers):
    for d in numbers[erratum.id]:
        with pytest.raises(AssertionError, match="must agree"):
            dataclasses.replace(d, printed=d.corrected, corrected=d.printed)


@pytest.mark.parametrize("erratum", SHOWN, ids=by_id)
def test_a_demonstration_separates_the_claims_widely(erratum, numbers):
    """The bound is not what decides: the two claims lie at least three bounds apart."""
    for d in numbers[erratum.id]:
        for value in (d.printed, d.corrected, d.measured, d.bound):
            assert type(value) is float
        assert abs(d.printed - d.corrected) > 3 * d.bound
        assert not math.isnan(d.measured)


def test_a_demonstration_that_does_not_hold_cannot_be_made():
    Demonstration("fine", printed=2.0, corrected=1.0, measured=1.05, bound=0.1)
    with pytest.raises(AssertionError, match=r"measured 1\.2"):
        Demonstration("too far", printed=2.0, corrected=1.0, measured=1.2, bound=0.1)
    with pytest.raises(AssertionError, match=r"printed 1\.0 must not"):
        Demonstration("no news", printed=1.0, corrected=1.0, measured=1.0, bound=0.1)
    with pytest.raises(AssertionError):
        Demonstration("nan", printed=2.0, corrected=1.0, measured=math.nan, bound=0.1)
    with pytest.raises(AssertionError):
        Demonstration("nan", printed=math.nan, corrected=math.nan, measured=1.0, bound=0.1)
    infinite = Demonstration("inf", printed=2.0, corrected=math.inf, measured=math.inf, bound=0.0)
    assert infinite.measured == math.inf


NUMBERS = [  # worked out apart from the demonstrations, by hand or from the papers' tables
    ("R3", 0, "printed", 0.390625),
    ("R3", 1, "corrected", 3.900625),
    ("R4", 1, "measured", 25.0),
    ("R9", 2, "corrected", 0.0908450569),
    ("R10", 0, "measured", 0.6931471806),
    ("P1", 0, "printed", 1.6487212707),
    ("P1", 0, "corrected", 0.6065306597),
    ("P1", 1, "corrected", 0.3934693403),
    ("P3", 0, "measured", -0.1946366782 + 1.2975778547),
    ("P3", 1, "measured", 0.0686352721 - 0.4575684809),
    ("P5", 1, "corrected", -0.2784645428 / 2),
    ("P9", 2, "measured", 1.75),
    ("M1", 4, "corrected", 0.0486272142),
    ("M4", 1, "corrected", 0.2119802268),
    ("M7", 0, "corrected", 1.6571870895),
    ("M8", 0, "measured", 1.82),
    ("T6", 0, "corrected", 0.8938350489),
    ("T6", 1, "corrected", 1.8109343759),
    ("T8", 0, "measured", 0.125),
    ("T8", 1, "measured", -0.05),
    ("T13", 0, "measured", 1416167424.0),
    ("I2", 0, "measured", 7.9432823472),
    ("I3", 1, "measured", 0.0807931359),
]


@pytest.mark.parametrize(("id", "index", "field", "value"), NUMBERS)
def test_known_numbers(id, index, field, value, numbers):
    assert getattr(numbers[id][index], field) == pytest.approx(value, abs=1e-8)


def test_unknown_paper():
    with pytest.raises(NumsnnError, match="no paper 'tet', expected one of recdis"):
        ledger("tet")


def parsed(*words):
    parser = argparse.ArgumentParser()
    commands.add_errata_parser(parser.add_subparsers())
    return parser.parse_args(["errata", *words])


def test_the_command_prints_the_ledger(capsys):
    args = parsed("--paper", "im-loss")
    assert args.run(args) == 0
    out = capsys.readouterr().out
    assert re.findall(r"^(I\d+)  ", out, re.M) == [f"I{i + 1}" for i in range(10)]
    assert "printed 10   corrected 7.94328   measured 7.94328" in out
    assert "10 errata, 10 of them shown by 17 measured numbers" in out
    assert max(map(len, out.splitlines())) <= commands.WIDTH + 10


def test_the_command_as_json(capsys):
    args = parsed("--json")
    assert args.run(args) == 0
    document = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert [e["id"] for e in document["errata"]] == [e.id for e in ALL]
    assert document["failures"] == []
    p9 = next(e for e in document["errata"] if e["id"] == "P9")
    assert p9["demonstration"][0]["measured"] == "inf"
    assert set(p9) == {f.name for f in dataclasses.fields(Erratum)}


def test_the_command_reports_a_demonstration_that_fails(capsys, monkeypatch):
    def broken():
        return (Demonstration("one", printed=1.0, corrected=2.0, measured=1.0, bound=0.0),)

    entry = dataclasses.replace(ledger("tdbn")[0], demonstration=broken)
    monkeypatch.setitem(ENTRIES, "tdbn", (entry,))
    args = parsed("--paper", "tdbn")
    assert args.run(args) == 1
    assert "does not hold: T1: one: measured 1.0" in capsys.readouterr().err


def test_the_command_refuses_an_unknown_paper(capsys):
    with pytest.raises(SystemExit) as stop:
        parsed("--paper", "tet")
    assert stop.value.code == 2
    assert "invalid choice: 'tet'" in capsys.readouterr().err
