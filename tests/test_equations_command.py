"""`numsnn equations`: the table, the JSON document, the exit status."""

import argparse
import json

import pytest

import numsnn.equations
from numsnn.equations import rows
from numsnn.equations.commands import add_equations_parser
from numsnn.equations.report import as_json
from numsnn.equations.row import resolve


def command(*arguments):
    parser = argparse.ArgumentParser()
    add_equations_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["equations", *arguments])
    return args.run(args)


def test_the_table(capsys):
    assert command("--paper", "mpbn") == 0
    text = capsys.readouterr().out
    assert "MPBN [mpbn]: 13 numbered equations and 1 other\n" in text
    for row in rows("mpbn"):
        assert row.latex in text
        assert row.symbol in text
    assert "tdBN [" not in text
    assert max(len(line) for line in text.splitlines() if "\\" not in line) <= 100


def test_all_papers(capsys):
    assert command() == 0
    text = capsys.readouterr().out
    assert text.splitlines()[-1].startswith("94 numbered equations and ")
    assert "ok:" not in text  # nothing was run


def test_checked(capsys):
    assert command("--paper", "mpbn", "--check") == 0
    out, err = capsys.readouterr()
    assert out.count("ok: error") == len(rows("mpbn"))
    assert err == ""
    assert f"{len(rows('mpbn'))} of {len(rows('mpbn'))} checks hold" in out


def test_a_failure_is_status_1_and_is_named(capsys, monkeypatch):
    from dataclasses import replace

    good = rows("mpbn")
    bad = replace(good[0], formula=next(iter(good[0].wrong.values())))
    monkeypatch.setattr(numsnn.equations, "rows", lambda paper: (bad, *good[1:3]))
    assert command("--check") == 1
    out, err = capsys.readouterr()
    assert err.startswith("mpbn-1: FAILED")
    assert "2 of 3 checks hold" in out


def test_json(capsys, tmp_path):
    assert command("--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert sum(entry["numbered"] for entry in document["equations"]) == 94
    assert all(resolve(entry["symbol"]) for entry in document["equations"])
    assert "check" not in document["equations"][0]

    path = tmp_path / "map.json"
    assert command("--paper", "mpbn", "--check", "--json", str(path)) == 0
    assert capsys.readouterr().out == ""
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["failures"] == []
    assert all(entry["check"]["passed"] for entry in document["equations"])
    assert [p.name for p in tmp_path.iterdir()] == ["map.json"]


def test_json_names_tests_that_exist():
    import test_equations

    for row in rows("mpbn"):
        file, _, name = as_json(row)["test"].partition("::")
        assert test_equations.__file__.replace("\\", "/").endswith(file)
        assert hasattr(test_equations, name.removesuffix(f"[{row.id}]"))


def test_an_unknown_paper_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as stopped:
        command("--paper", "lif")
    assert stopped.value.code == 2
    assert "--paper" in capsys.readouterr().err
