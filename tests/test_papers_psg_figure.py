"""The paper's rule for gamma and the exact one, on the example of the figure."""

import json

import numpy as np
import pytest

from numsnn.papers.psg_figure import Example, figure, main, side_by_side, slopes


@pytest.fixture(scope="module")
def data():
    return side_by_side(updates=60)


@pytest.mark.parametrize("kind", ["arctangent", "softplus"])
def test_the_exact_slope_is_the_losses_own_and_the_papers_is_not(data, kind):
    for row in data[kind]["tangents"]:
        assert row["rescaled"] == pytest.approx(row["differences"], rel=1e-5, abs=1e-9)
        assert abs(row["paper"] - row["differences"]) > 1e-3
    wrong_way = [row["paper"] * row["rescaled"] < 0 for row in data[kind]["tangents"]]
    assert sum(wrong_way) >= 2


@pytest.mark.parametrize("kind", ["arctangent", "softplus"])
def test_the_exact_rule_descends_and_the_papers_ends_higher(data, kind):
    for exact, paper in zip(
        *(data[kind]["descents"][r] for r in ("rescaled", "paper")), strict=True
    ):
        losses = [loss for _, loss in exact]
        assert max(np.diff(losses)) < 1e-12
        assert paper[-1][1] > exact[-1][1]
        assert paper[0] == exact[0]


def test_under_the_papers_rule_gamma_may_lose_its_sign(data):
    ways = data["softplus"]["descents"]
    assert min(gamma for path in ways["paper"] for gamma, _ in path) < 0
    assert min(gamma for path in ways["rescaled"] for gamma, _ in path) > 0


def test_slopes_by_differences_are_the_exact_ones():
    z = np.linspace(-3, 3, 13)
    for kind in ("arctangent", "softplus"):
        found = slopes(kind, 2.0, z)
        np.testing.assert_allclose(found["differences"], found["rescaled"], atol=1e-8)
        assert np.abs(found["paper"] - found["rescaled"]).max() > 0.5


def test_the_loss_does_not_depend_on_the_rule():
    example = Example("softplus")
    assert example.loss(1.3, "paper")[0] == example.loss(1.3, "rescaled")[0]


def test_the_figure_and_its_numbers_are_written(data, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("numsnn.papers.psg_figure.side_by_side", lambda: data)
    assert main(["--out", str(tmp_path / "psg.png")]) == 0
    assert (tmp_path / "psg.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "psg.json").read_text())["gamma"] == 2.0
    assert len(figure(data).axes) == 6
