"""The comparison over depth: its networks, that it goes on where it stopped, its figure and numbers."""

import json

import numpy as np
import pytest

import numsnn as ns
from numsnn.data import load
from numsnn.describe import describe
from numsnn.networks import depth as experiment
from numsnn.networks import tdbn_norm
from numsnn.tree import flatten

TINY = experiment.Settings(channels=2, T=1, epochs=1, batch_size=16, images=32)


def tiny():
    digits = load("digits")
    return digits._replace(test_x=digits.test_x[:20], test_y=digits.test_y[:20])


@pytest.mark.parametrize("depth", experiment.DEPTHS)
def test_depth_counts_layers_with_weights(depth):
    network = experiment.deep(depth, experiment.Settings())((1, 8, 8), 10, 2)
    assert describe(network, (1, 8, 8)).weight_layers == depth


@pytest.mark.parametrize("depth", [2, 9, 49])
def test_other_depths(depth):
    with pytest.raises(ns.NumsnnError, match=r"expected 6 n \+ 2"):
        experiment.deep(depth, TINY)


@pytest.mark.parametrize("norm", [None, tdbn_norm()])
def test_blocks_begin_small(norm):
    """A fifth of the last gain, or of the last weights; all else as it is drawn."""
    network = experiment.deep(14, TINY)((1, 8, 8), 10, 2, norm=norm)
    drawn = flatten(network.init(np.random.default_rng(4)))
    small = experiment.small_blocks(network, 0.2, np.random.default_rng(4), np.float32)
    changed = "body/2/weight" if norm is None else "body/4/gain"
    count = 0
    for path, leaf in flatten(small).items():
        is_last = path.endswith(changed)
        count += is_last
        np.testing.assert_allclose(leaf, (0.2 if is_last else 1) * drawn[path], rtol=1e-6)
        assert leaf.dtype == np.float32
    assert count == 6


@pytest.mark.parametrize("line", experiment.LINES)
def test_one_run(line):
    row = experiment.run(line, 8, TINY, tiny())
    assert len(row["accuracy"]) == len(row["loss"]) == 1
    assert row["accuracy"][-1] == row["final"]
    assert np.isfinite(row["loss"]).all()
    assert len(row["rates"]) == 7


def test_a_loss_that_is_not_finite_ends_a_run():
    row = experiment.run("none", 8, TINY._replace(rate=1e30, epochs=3), tiny())
    assert row["final"] == 0.1
    assert row["ended"]


def test_the_command_keeps_and_goes_on(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(experiment, "load", lambda name: tiny())
    options = [f"--{k.replace('_', '-')}={v}" for k, v in TINY._asdict().items()
               if k not in ("identity_norm", "rate", "small")]  # fmt: skip
    out = tmp_path / "depth.png"
    options += ["--out", str(out), "--depths", "8"]
    assert experiment.main([*options, "--lines", "tdbn"]) == 0
    first = json.loads(out.with_suffix(".json").read_text())["runs"]
    assert out.stat().st_size > 10_000
    assert experiment.main([*options, "--lines", "tdbn,none"]) == 0
    both = json.loads(out.with_suffix(".json").read_text())["runs"]
    assert [row["line"] for row in both] == ["tdbn", "none"]
    assert both[:1] == first
    assert capsys.readouterr().out.count("8 layers, seed 0") == 2
    assert experiment.main([*options, "--lines", "tdbn", "--seeds", "0,3"]) == 0
    three = json.loads(out.with_suffix(".json").read_text())["runs"]
    assert [row["seed"] for row in three] == [0, 0, 3]
    assert three[2]["loss"] != three[0]["loss"]
    assert capsys.readouterr().out.count("layers") == 1
    with pytest.raises(ns.NumsnnError, match="of other settings"):
        experiment.main([*options, "--lines", "tdbn", "--epochs", "2"])
    with pytest.raises(ns.NumsnnError, match="unknown lines"):
        experiment.main([*options, "--lines", "tdbm"])


def test_the_line_is_the_mean_and_the_band_the_range():
    rows = [
        {"line": "tdbn", "depth": depth, "seed": seed, "final": final, "rates": [final / 2]}
        for depth, seed, final in ((8, 0, 0.5), (8, 1, 0.7), (14, 0, 0.25))
    ]
    left, right = experiment.depth_figure(rows, TINY).axes
    assert np.allclose(left.lines[0].get_xydata(), [[8, 60], [14, 25]])
    assert np.allclose(right.lines[0].get_xydata(), [[8, 0.3], [14, 0.125]])
    box = left.collections[0].get_datalim(left.transData)
    assert np.allclose([box.y0, box.y1], [25, 70])
