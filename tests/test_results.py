"""Accuracies over seeds: what is run, what is kept, the interval, the table and the picture."""

import json

import numpy as np
import pytest

from numsnn import results
from numsnn.errors import NumsnnError
from numsnn.train_options import PRESETS, Preset, completed


def run(name, seed, accuracy=0.9, count=100):
    return {
        "command": f"numsnn train --data {name} --seed {seed}",
        **completed({"data": name, "seed": seed}),
        "test_accuracy": accuracy,
        "training_samples": 1000,
        "test_samples": count,
        "wall_seconds": 30.0,
        "cpu_seconds": 60.0,
        "threads": 2,
    }


def test_every_set_has_a_preset():
    assert set(results.SETS) <= set(PRESETS)


def test_wilson_by_hand():
    """90 of 100: the two p with (p - 0.9)^2 = z^2 p (1 - p)/100."""
    low, high = results.wilson(90, 100)
    for p in (low, high):
        assert (p - 0.9) ** 2 == pytest.approx(results.NORMAL**2 * p * (1 - p) / 100, rel=1e-12)
    assert low < 0.9 < high
    assert results.wilson(0, 10)[0] == pytest.approx(0, abs=1e-15)
    assert results.wilson(10, 10)[1] == pytest.approx(1, abs=1e-15)
    for bad in ((1, 0), (-1, 10), (11, 10)):
        with pytest.raises(NumsnnError, match="wilson: expected"):
            results.wilson(*bad)


def test_wilson_covers():
    """Of many shares drawn at p = 0.9, n = 100, about 95 % have it inside."""
    right = np.random.default_rng(0).binomial(100, 0.9, 4000)
    ends = np.array([results.wilson(float(k), 100) for k in right])
    assert 0.93 < np.mean((ends[:, 0] <= 0.9) & (ends[:, 1] >= 0.9)) < 0.97


def test_table_figure_and_markdown():
    runs = [run("n-mnist", 0, 0.9), run("n-mnist", 1, 0.94), run("mnist", 0, 0.99, 10_000)]
    rows = results.table(runs)
    assert [row["data"] for row in rows] == ["n-mnist", "mnist"]
    assert rows[0]["mean"] == pytest.approx(0.92)
    assert rows[0]["spread"] == pytest.approx(0.04 / 2**0.5)
    assert rows[0]["command"] == "numsnn train --data n-mnist --seed S"
    assert rows[0]["interval"] == pytest.approx(results.wilson(92, 100))
    assert rows[1]["spread"] == 0
    assert len(results.figure(rows).axes) == 2
    text = results.markdown(rows)
    assert (
        "| `numsnn train --data n-mnist --seed S` | 1,000 / 100 | 0, 1 | 90.00, 94.00 % |" in text
    )


def test_it_goes_on_where_it_stopped(tmp_path, monkeypatch, capsys):
    done = []

    def counted(name, seed, data_dir, shown):
        done.append((name, seed))
        return run(name, seed)

    monkeypatch.setattr(results, "one_run", counted)
    argv = ["--out", str(tmp_path / "accuracy.png"), "--sets", "digits", "n-mnist", "--seeds"]
    assert results.main([*argv, "0"]) == 0
    assert results.main([*argv, "0", "1"]) == 0
    assert done == [("digits", 0), ("n-mnist", 0), ("digits", 1), ("n-mnist", 1)]
    kept = json.loads((tmp_path / "accuracy.json").read_text())
    assert [(r["data"], r["seed"]) for r in kept["runs"]] == [
        ("digits", 0), ("digits", 1), ("n-mnist", 0), ("n-mnist", 1),
    ]  # fmt: skip
    assert (tmp_path / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    monkeypatch.setitem(PRESETS, "digits", Preset(epochs=1))
    assert results.main([*argv, "0"]) == 0  # other settings: measured anew, in its place
    assert done[4:] == [("digits", 0)]
    kept = json.loads((tmp_path / "accuracy.json").read_text())
    assert next(r["epochs"] for r in kept["runs"] if r["data"] == "digits") == 1


def test_a_run_is_the_command_itself(monkeypatch, capsys):
    monkeypatch.setitem(PRESETS, "digits", Preset(epochs=1, T=1, batch_size=500))
    found = results.one_run("digits", 3, None, False)
    assert found["command"] == "numsnn train --data digits --seed 3"
    assert (found["seed"], found["epochs"], found["T"]) == (3, 1, 1)
    assert found["cpu_seconds"] > 0 and found["wall_seconds"] > 0
    assert results.same(found, "digits", 3)
    assert not results.same(found, "digits", 2)
    assert "test accuracy" in capsys.readouterr().out


def test_a_run_that_fails_is_an_error(tmp_path, capsys):
    with pytest.raises(NumsnnError, match="numsnn train --data mnist --seed 0 ended with status 2"):
        results.one_run("mnist", 0, str(tmp_path), False)
