"""`numsnn bench`: what it prints and writes, and how it says no."""

import importlib.util
import io
import json
import multiprocessing
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest

from numsnn import parallel
from numsnn.bench import command, scaling, training
from numsnn.bench.report import document
from numsnn.cli import main


@pytest.fixture(scope="module", autouse=True)
def known_peaks():
    """Processes that measure memory have tests of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            training, "peak_bytes", lambda work, peer=None, processes=1: processes * 3 << 20
        )
        patch.setattr(scaling, "peak_bytes", lambda work: work.T * work.batch)
        yield


@pytest.fixture(scope="module")
def found(known_peaks, tmp_path_factory):
    """The JSON document of two workloads, and what was printed."""
    folder = tmp_path_factory.mktemp("bench")
    file, out, err = folder / "bench.json", io.StringIO(), io.StringIO()
    argv = ["bench", "--workload", "a,b", "--rounds", "2", "--threads", "1", "--json", str(file)]
    with redirect_stdout(out), redirect_stderr(err):
        assert main(argv) == 0
    assert err.getvalue() == ""  # no bar where nobody looks
    assert [path.name for path in folder.iterdir()] == ["bench.json"]
    return json.loads(file.read_text()), out.getvalue()


def test_the_document(found):
    found, _ = found
    assert found["threads"] == 1
    assert found["rounds"] == 2
    assert found["machine"]["cores"] >= 1
    assert found["machine"]["processor"]
    assert [row["name"] for row in found["workloads"]] == ["a", "b"]
    for row in found["workloads"]:
        seconds = row["step_seconds"]
        assert list(seconds) == ["numsnn", "products"]
        assert row["ratio_to_products"] == seconds["numsnn"] / seconds["products"] > 0
        assert row["ratio_to_fastest_peer"] is None
        assert row["memory_ratio_to_leanest_peer"] is None
        assert row["peak_bytes"] == {"numsnn": 3 << 20}
        only = {"step_seconds": seconds["numsnn"], "peak_bytes": 3 << 20}
        assert row["ways"] == {"threads": only}
        assert row["samples_per_second"]["numsnn"] == row["batch"] / seconds["numsnn"]
        assert row["operations_of_products"] == sum(p["operations"] for p in row["products"])
        low, high = row["quartiles"]["numsnn"]
        assert low <= seconds["numsnn"] <= high
    assert found["geometric_mean_ratio"] is None
    a, b = (row["ratio_to_products"] for row in found["workloads"])
    assert found["geometric_mean_ratio_to_products"] == pytest.approx((a * b) ** 0.5)
    assert [row["name"] for row in found["inference"]] == ["a", "b"]
    for row in found["inference"]:
        plain, folded = row["step_seconds"].values()
        assert list(row["step_seconds"]) == ["numsnn", "numsnn, folded"]
        assert row["ratio_folded_to_unfolded"] == folded / plain


def test_the_tables(found):
    found, out = found
    for words in ("1 thread, 2 rounds", "training step", "/ products", "peak memory", "inference"):
        assert words in out
    assert "peer" not in out
    for row in found["workloads"]:
        assert out.count(f"{row['name']}  {row['title']}") == 3
        assert f"{row['ratio_to_products']:.2f}" in out
    assert "3 MiB" in out


def test_the_faster_of_two_ways_counts(capsys, tmp_path):
    """With two threads a step runs in two processes as well; time and memory are those of one way."""
    file = tmp_path / "bench.json"
    argv = ["bench", "--workload", "b", "--rounds", "2", "--threads", "2", "--json", str(file)]
    assert main(argv) == 0
    (row,) = json.loads(file.read_text())["workloads"]
    assert list(row["ways"]) == ["threads", "processes"]
    fastest = min(row["ways"].values(), key=lambda way: way["step_seconds"])
    assert row["step_seconds"]["numsnn"] == fastest["step_seconds"]
    assert row["peak_bytes"]["numsnn"] == fastest["peak_bytes"]
    assert [way["peak_bytes"] for way in row["ways"].values()] == [3 << 20, 6 << 20]
    out = capsys.readouterr().out
    assert "numsnn, threads" in out and "numsnn, processes" in out
    assert not multiprocessing.active_children()


def test_ratios_to_peers_and_their_means():
    rows = [
        {"ratio_to_fastest_peer": a, "ratio_to_products": 2.0, "memory_ratio_to_leanest_peer": m}
        for a, m in ((0.5, None), (2.0, 0.25))
    ]
    made = document({"threads": 2}, rows, [{"ratio_to_fastest_peer": 3.0}])
    assert made["geometric_mean_ratio"] == pytest.approx(1)
    assert made["geometric_mean_ratio_to_products"] == pytest.approx(2)
    assert made["geometric_mean_memory_ratio"] == pytest.approx(0.25)
    assert made["geometric_mean_ratio_of_inference"] == pytest.approx(3)
    assert made["threads"] == 2


def test_scaling(tmp_path, capsys):
    figure, file = tmp_path / "scaling.png", tmp_path / "other.json"
    argv = ["bench", "--scaling", "--workload", "a", "--rounds", "1", "--threads", "1"]
    assert main([*argv, "--out", str(figure), "--json", str(file)]) == 0
    assert figure.read_bytes().startswith(b"\x89PNG")
    found = json.loads(file.read_text())
    assert found == json.loads(figure.with_suffix(".json").read_text())
    assert list(found["axes"]) == ["T", "batch", "channels", "threads"]
    assert found["axes"]["batch"]["memory_exponent"] == pytest.approx(1)
    printed = capsys.readouterr()
    assert "MLP 784-256-10" in printed.out
    assert printed.err == ""


def refused(capsys, *argv):
    assert main(["bench", *argv]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("numsnn")
    return lines[0]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--workload", "z"], "unknown workload 'z'; there are a, b, c, d, e"),
        (["--workload", ""], "unknown workload ''"),
        (["--workload", "a,,b"], "unknown workload ''"),
        (["--rounds", "0"], "--rounds: expected an integer from 1, found '0'"),
        (["--rounds", "2.5"], "--rounds"),
        (["--threads", "0"], "--threads: expected an integer from 1, found '0'"),
        (["--threads", "-1"], "--threads"),
        (["--json", "no/such/folder/b.json"], "no folder no/such/folder"),
        (["--json", "."], "is a folder"),
        (["--out", "b.png"], "--out is the figure of --scaling"),
        (["--scaling", "--peers"], "leave --peers out"),
        (["--scaling", "--workload", "a,b"], "--scaling takes one workload, found a,b"),
        (["--scaling", "--out", "no/folder/b.png"], "no folder no/folder"),
    ],
)
def test_bad_options(argv, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, *argv)
    assert list(tmp_path.iterdir()) == []


def test_peers_that_are_not_installed(capsys, monkeypatch):
    known = importlib.util.find_spec
    gone = ("torch", "norse")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name in gone else known(name, *a)
    )
    message = refused(capsys, "--peers")
    assert "torch" in message
    assert "norse" in message
    assert 'pip install "numsnn[peers]"' in message


def test_nothing_of_the_peers_is_imported():
    code = (
        "import sys; from numsnn.cli import main; import numsnn.bench.training, numsnn.bench.inference;"
        "import numsnn.bench.peers; main(['bench', '--help']);"
        "sys.exit(any(name in sys.modules for name in ('torch', 'snntorch', 'spikingjelly', 'norse')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


@pytest.mark.parametrize("names", [["a"], ["a", "a"]])
def test_a_workload_given_twice_runs_once(names, tmp_path, monkeypatch):
    seen = []

    def note(work, *_):
        seen.append(work.name)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "measure", note)
    main(["bench", "--workload", ",".join(names)])
    assert seen == ["a"]


def test_an_interruption_leaves_nothing_behind(tmp_path, monkeypatch, capsys):
    file = tmp_path / "bench.json"
    file.write_text("before")

    def stop(*_, **__):
        raise KeyboardInterrupt

    before = parallel.threads()
    monkeypatch.setattr(training, "peak_bytes", stop)
    argv = ["bench", "--workload", "a", "--rounds", "1", "--threads", "1", "--json", str(file)]
    assert main(argv) == 130
    assert capsys.readouterr().err == "numsnn: stopped\n"
    assert file.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["bench.json"]
    assert parallel.threads() == before


def test_the_bar_shows_what_is_going_on(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with command.Bar() as bar:
        bar.phase("a: training", 2)
        bar.done()
        bar.phase("a: memory", 1)
        bar.done()
    shown = capsys.readouterr().err
    assert "a: training" in shown
    assert "a: memory" in shown
