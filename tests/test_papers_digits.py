"""The comparison of methods on the digits: its table, its picture, and that it goes on."""

import json

import pytest

from numsnn.papers import METHODS, digits


def run(method, seed, epochs=3):
    accuracy = 0.5 + 0.1 * seed
    return {
        "method": method,
        "seed": seed,
        "epochs": epochs,
        "rate": digits.RATES[method],
        "test_accuracy": accuracy,
        "train_accuracy": 0.9,
        "curve": [0.1, accuracy],
    }


def test_every_method_has_a_rate():
    assert set(digits.RATES) <= set(METHODS)
    assert {
        "none",
        "recdis",
        "psg",
        "pda",
        "psg-pda",
        "mpbn",
        "tdbn",
        "im",
        "esg",
        "im-esg",
    } <= set(digits.RATES)


def test_table_and_figure():
    runs = [run(method, seed) for method in ("none", "tdbn") for seed in (0, 1)]
    rows = digits.table(runs)
    assert [row["method"] for row in rows] == ["none", "tdbn"]
    assert rows[0]["mean"] == pytest.approx(0.55)
    assert (rows[0]["lowest"], rows[0]["highest"], rows[0]["seeds"]) == (0.5, 0.6, [0, 1])
    assert len(digits.figure(runs).axes) == 2


def test_it_goes_on_where_it_stopped(tmp_path, monkeypatch, capsys):
    done = []

    def counted(method, seed, epochs):
        done.append((method, seed))
        return run(method, seed, epochs)

    monkeypatch.setattr(digits, "one_run", counted)
    path = tmp_path / "table.json"
    argv = ["--out", str(path), "--methods", "tdbn", "none", "--epochs", "3", "--seeds"]
    assert digits.main([*argv, "0"]) == 0
    assert digits.main([*argv, "0", "1"]) == 0
    assert done == [("tdbn", 0), ("none", 0), ("tdbn", 1), ("none", 1)]
    content = json.loads(path.read_text())
    assert [(r["method"], r["seed"]) for r in content["runs"]] == [
        ("none", 0), ("none", 1), ("tdbn", 0), ("tdbn", 1)
    ]  # fmt: skip
    assert content["table"][0]["mean"] == pytest.approx(0.55)
    assert path.with_suffix(".png").exists()
    assert "tdbn, seed 1: 60.00 %" in capsys.readouterr().out


def test_one_run_tells_what_became_of_it(monkeypatch):
    real = digits.load("digits")
    parts = {"train_x": 64, "train_y": 64, "test_x": 32, "test_y": 32}
    small = real._replace(**{name: getattr(real, name)[:n] for name, n in parts.items()})
    monkeypatch.setattr(digits, "load", lambda name: small)
    found = digits.one_run("psg", 0, 1)
    assert len(found["curve"]) == len(found["loss"]) == 1
    assert 0 <= found["test_accuracy"] <= 1
    neurons = ("lif1", "lif2", "lif3", "potential1", "potential2")
    assert set(found["gamma"]) == {f"gamma {name}" for name in neurons}
    json.dumps(found, allow_nan=False)
