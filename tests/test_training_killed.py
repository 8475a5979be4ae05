"""A run that is killed at any moment and resumed ends in the same bits as one left alone."""

import json
import multiprocessing
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from training_cases import untimed, write_idx

TRAIN = ("--epochs", "5", "--T", "2", "--batch-size", "20", "--augment", "crop:1", "--threads", "1")


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "numsnn", "train", *options]


def epochs_done(folder: Path) -> int:
    """How many epochs the metrics of a run in progress show."""
    path = folder / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


def stopped(argv: list[str], folder: Path, after: int, how: signal.Signals) -> tuple[int, str]:
    """Run until ``after`` epochs are kept and a part of the next is done, then send a signal."""
    # a job in the background ignores Ctrl-C, and its children with it: this child listens
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        end = time.monotonic() + 120
        while epochs_done(folder) < after and time.monotonic() < end:
            assert process.poll() is None, process.communicate()
            time.sleep(0.005)
        time.sleep(0.03)  # into the middle of the next epoch
        process.send_signal(how)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    return process.returncode, errors


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Data, and the folder of a run over them that nothing disturbed."""
    data = write_idx(tmp_path_factory.mktemp("idx"), train=240, test=50)
    folder = tmp_path_factory.mktemp("whole") / "run"
    subprocess.run(command("--data", str(data), *TRAIN, "--out", str(folder)), check=True)
    return data, folder


def assert_same_run(ours: Path, theirs: Path) -> None:
    with np.load(ours / "checkpoint.npz") as a, np.load(theirs / "checkpoint.npz") as b:
        assert set(a.files) == set(b.files)
        for name in set(a.files) - {"description"}:
            assert a[name].dtype == b[name].dtype
            assert a[name].tobytes() == b[name].tobytes(), name
        descriptions = [json.loads(x["description"].tobytes()) for x in (a, b)]
    for description in descriptions:
        description["history"] = untimed(description["history"])
    assert descriptions[0] == descriptions[1]
    rows = [
        untimed([json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()])
        for run in (ours, theirs)
    ]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 5
    matrices = [(run / "confusion.json").read_text() for run in (ours, theirs)]
    assert matrices[0] == matrices[1]


def test_killed_three_times(uninterrupted, tmp_path):
    data, whole = uninterrupted
    folder = tmp_path / "run"
    kill = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows: both end a process at once
    begin = command("--data", str(data), *TRAIN, "--out", str(folder))
    again = command("--out", str(folder), "--resume", "--threads", "1")
    for argv, after in ((begin, 1), (again, 2), (again, 4)):
        status, _ = stopped(argv, folder, after, kill)
        assert status != 0
        assert after <= epochs_done(folder) < 5
    subprocess.run(again, check=True)
    assert_same_run(folder, whole)


def test_killed_before_anything_was_kept(uninterrupted, tmp_path):
    """--resume with nothing to resume begins, so a script may always say --resume."""
    data, whole = uninterrupted
    folder = tmp_path / "run"
    argv = command("--data", str(data), *TRAIN, "--out", str(folder), "--resume")
    subprocess.run(argv, check=True)
    assert_same_run(folder, whole)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no Ctrl-C to one process")
def test_ctrl_c(uninterrupted, tmp_path):
    data, whole = uninterrupted
    folder = tmp_path / "run"
    begin = command("--data", str(data), *TRAIN, "--out", str(folder))
    status, errors = stopped(begin, folder, 2, signal.SIGINT)
    assert status == 130
    assert "Traceback" not in errors
    assert "--resume goes on" in errors
    subprocess.run(command("--out", str(folder), "--resume", "--threads", "1"), check=True)
    assert_same_run(folder, whole)


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)
def test_two_processes_are_interrupted_and_killed_as_one(uninterrupted, tmp_path):
    data, _ = uninterrupted
    whole, folder = tmp_path / "whole", tmp_path / "run"
    shared = command("--data", str(data), *TRAIN, "--processes", "2")
    subprocess.run([*shared, "--out", str(whole)], check=True)
    again = command("--out", str(folder), "--resume", "--threads", "1")
    status, errors = stopped([*shared, "--out", str(folder)], folder, 1, signal.SIGINT)
    assert status == 130
    assert "Traceback" not in errors
    stopped(again, folder, 3, signal.SIGKILL)
    subprocess.run(again, check=True)
    assert_same_run(folder, whole)
