"""numsnn verify: the table, its JSON and picture, its exit status."""

import json

import numpy as np
import pytest

from numsnn import Linear
from numsnn.checks import CHECKS, TOLERANCES, figure
from numsnn.checks.report import FAILED, measured, refused
from numsnn.checks.suite import chosen, verify, workers_for
from numsnn.checks.table import HEADINGS, summary, table
from numsnn.cli import main
from numsnn.errors import NumsnnError
from numsnn.registry import REGISTRY


def test_every_check_has_a_tolerance_with_its_reason_and_a_heading():
    assert set(CHECKS) == set(TOLERANCES) == set(HEADINGS)
    assert all(len(tolerance.reason) > 20 for tolerance in TOLERANCES.values())


def test_the_command(capsys, tmp_path):
    found, drawn = tmp_path / "verify.json", tmp_path / "verify.png"
    assert main(["verify", "Linear", "loss", "--json", str(found), "--figure", str(drawn)]) == 0
    out = capsys.readouterr().out
    assert "Linear" in out
    assert "verify: passed, " in out
    data = json.loads(found.read_text())
    assert data["passed"] is True
    assert data["mutants"] is None
    names = [row["operation"] for row in data["operations"]]
    assert names == ["Linear", *(name for name in REGISTRY if name.startswith("loss/"))]
    for row in data["checks"]:
        assert row["verdict"] == "passed"
        assert row["error"] <= row["bound"]
        assert row["cases"] >= 1
    assert drawn.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert json.loads(drawn.with_suffix(".json").read_text())["checks"] == data["checks"]


def test_a_failure_is_printed_and_gives_status_1(capsys, monkeypatch, tmp_path):
    right = Linear.backward

    def wrong(self, saved, d_y, d_membranes=None):
        d_x, d_params = right(self, saved, d_y, d_membranes)
        return d_x, d_params._replace(weight=1.5 * d_params.weight)

    monkeypatch.setattr(Linear, "backward", wrong)
    found = tmp_path / "verify.json"
    assert main(["verify", "Linear", "--json", str(found)]) == 1
    out = capsys.readouterr().out
    assert "adjoint of Linear: failed" in out
    assert "params/weight[" in out
    rows = {row["check"]: row for row in json.loads(found.read_text())["checks"]}
    assert rows["adjoint"]["verdict"] == FAILED
    worst = rows["adjoint"]["worst"]
    assert worst["found"] == pytest.approx(1.5 * worst["expected"])


def test_an_unknown_operation_is_one_line_and_status_2(capsys):
    assert main(["verify", "Liner"]) == 2
    err = capsys.readouterr().err
    assert "no operation 'Liner'" in err
    assert err.count("\n") == 1


def test_choosing():
    assert [e.name for e in chosen(["Linear"])] == ["Linear"]
    assert all(e.name.startswith("LIF/") for e in chosen(["LIF"]))
    assert {e.name for e in chosen(["*Linear*", "network"])} == {"Linear", "network"}
    assert len(chosen([])) == len(REGISTRY)
    with pytest.raises(NumsnnError, match="no operation"):
        chosen(["LI"])


def test_the_seed_decides_the_cases():
    entries = chosen(["Linear"])
    first, second, other = (list(verify(entries, seed)) for seed in (0, 0, 1))
    assert first == second
    assert [r.error for r in first] != [r.error for r in other]


def test_the_number_of_processes_changes_nothing():
    entries = chosen(["Linear", "Flatten"])
    assert list(verify(entries, workers=2)) == list(verify(entries, workers=1))
    assert workers_for(entries) == 1


def test_the_table_says_what_was_refused_and_what_failed():
    rows = [
        measured("adjoint", "a", 1e-15, 1e-12),
        measured("adjoint", "b", 1e-3, 1e-12),
        refused("taylor", "b", "a kink"),
    ]
    text = table(rows)
    assert "1.0e-15" in text
    assert "FAILED" in text
    assert "refused" in text
    assert "2 FAILED, 2 operations, 3 checks, 3 cases, 1 of them refused" in summary(rows, 1.0)


def test_the_picture():
    rows = [measured("adjoint", "a", 1e-15, 1e-12), measured("adjoint", "b", np.inf, 1e-12)]
    drawn = figure.picture([*rows, refused("taylor", "b", "a kink")])
    axes = drawn.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["adjoint", "taylor"]
    assert [text.get_text() for text in axes.texts] == ["x", "x"]
    with pytest.raises(NumsnnError, match="no reports"):
        figure.picture([])
