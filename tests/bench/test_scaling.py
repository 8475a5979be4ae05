"""Scaling: the fits are exact on exact curves; axes change one thing; the picture shows all of it."""

import json

import numpy as np
import pytest

from numsnn import parallel
from numsnn.bench import scaling
from numsnn.bench.contest import Progress
from numsnn.bench.figure import scaling_figure
from numsnn.bench.scaling import Point, axes, curves, exponent, line, text
from numsnn.bench.workloads import workload
from numsnn.plots import save

FEW = workload("a").resized(batch=4, T=2, turn=1)


@pytest.mark.parametrize("power", [-1.0, 0.5, 1.0, 1.05, 2.0])
def test_the_exponent_of_a_power(power):
    x = [1, 2, 4, 8, 16]
    assert exponent(x, [3 * v**power for v in x]) == pytest.approx(power)


def test_a_constant_part_lowers_the_exponent():
    x = [1, 2, 4, 8, 16]
    assert 0 < exponent(x, [10 + v for v in x]) < 0.6
    assert line(x, [10 + 3 * v for v in x]) == pytest.approx(
        {"constant": 10, "slope": 3, "off": 0}, abs=1e-9
    )
    assert line(x, [v**2 for v in x])["off"] > 0.5


def test_nothing_to_fit():
    assert exponent([1], [2.0]) is None
    assert exponent([1, 2], [0, 1]) is None
    assert line([1, 2], [1, 2]) is None


def test_an_axis_changes_one_thing():
    base = workload("c")
    found = axes(base, threads=3)
    assert list(found) == ["T", "batch", "channels", "threads"]
    for name, field in (("T", "T"), ("batch", "batch"), ("channels", "width")):
        for point in found[name]:
            assert getattr(point.work, field) == point.value
            same = point.work.resized(**{field: getattr(base, field)})
            assert same == base.resized(turn=1)
            assert point.threads == 3
        assert getattr(base, field) in [point.value for point in found[name]]
    assert [point.threads for point in found["threads"]] == [1, 2, 3]
    assert [point.value for point in axes(base, 1)["threads"]] == [1]


@pytest.fixture
def tiny(monkeypatch):
    """Curves of a few points, with peaks that are known."""
    monkeypatch.setattr(scaling, "peak_bytes", lambda work: work.T * work.batch * 1000)
    return {
        "T": [Point(T, FEW.resized(T=T), 1) for T in (1, 2, 4)],
        "batch": [Point(n, FEW.resized(batch=n), 1) for n in (2, 4, 8)],
        "threads": [Point(1, FEW, 1)],
    }


def test_curves(tiny):
    before = parallel.threads()
    found = curves(FEW, 2, Progress(), tiny)
    assert parallel.threads() == before
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["workload"]["name"] == "a"
    along = found["axes"]
    assert along["T"]["values"] == [1, 2, 4]
    assert along["T"]["peak_bytes"] == [4000, 8000, 16000]
    assert along["T"]["memory_exponent"] == pytest.approx(1)
    assert along["T"]["memory_line"]["off"] < 1e-9
    assert along["threads"]["time_exponent"] is None
    for axis in along.values():
        assert len(axis["step_seconds"]) == len(axis["values"])
        assert min(axis["step_seconds"]) > 0
        for median, (low, high) in zip(axis["step_seconds"], axis["quartiles"], strict=True):
            assert low <= median <= high
    shown = text({"threads": 1, "rounds": 2, **found})
    assert "batch" in shown
    assert "1.00" in shown


def test_the_picture(tiny, tmp_path):
    found = {"threads": 1, "rounds": 1, **curves(FEW, 1, Progress(), tiny)}
    figure = scaling_figure(found)
    top, bottom = np.array(figure.axes).reshape(2, 3)
    for place, name in zip(bottom, found["axes"], strict=True):
        assert name in place.get_xlabel()
    assert "(s)" in top[0].get_ylabel()
    assert "MiB" in bottom[0].get_ylabel()
    points, fit = bottom[1].lines
    np.testing.assert_allclose(points.get_ydata(), [v * 2000 / 2**20 for v in (2, 4, 8)])
    np.testing.assert_allclose(fit.get_ydata(), points.get_ydata(), rtol=1e-6)
    assert "1.00" in bottom[1].get_title()
    save(figure, tmp_path / "scaling.png", found)
    assert json.loads((tmp_path / "scaling.json").read_text()) == found
