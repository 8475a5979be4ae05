"""The command line: what it prints, what it writes, and how it says no."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from training_cases import write_idx

from numsnn import __version__
from numsnn.cli import COMMANDS, main
from numsnn.data.augment import augmentation
from numsnn.data.frames import RECIPES
from numsnn.data.loaders import LOADERS
from numsnn.networks import NETWORKS
from numsnn.papers import METHODS
from numsnn.papers.rates import RATES
from numsnn.train_options import ADAM_RATE, PRESETS, SETTINGS, Preset, completed

QUICK = ("--epochs", "2", "--T", "2", "--batch-size", "50")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return str(write_idx(tmp_path_factory.mktemp("idx"), train=100, test=40))


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """The folder of a finished run, and its --json file."""
    folder = tmp_path_factory.mktemp("run") / "out"
    file = folder.parent / "result.json"
    assert main(["train", "--data", data, *QUICK, "--out", str(folder), "--json", str(file)]) == 0
    return folder, file


def refused(capsys, *argv: str) -> str:
    """The one line with which a command is refused."""
    assert main(list(argv)) == 2
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    lines = printed.err.splitlines()
    assert len(lines) == 1, printed.err
    assert lines[0].startswith("numsnn")
    return lines[0]


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# -- what comes out --------------------------------------------------------------------------------


def test_json_has_what_was_asked_for(finished):
    result = json.loads(finished[1].read_text())
    for key in ("test_accuracy", "train_accuracy"):
        assert isinstance(result[key], float)
        assert 0 <= result[key] <= 1
    assert result["seed"] == 0
    assert result["epochs"] == 2
    assert result["seconds"] > 0
    assert result["samples_per_second"] > 0
    assert result["test_samples"] == 40
    assert set(SETTINGS) <= set(result)


def test_a_run_keeps_everything(finished):
    folder, file = finished
    assert sorted(contents(folder)) == [
        "checkpoint.npz", "confusion.json", "confusion.png", "learning-curve.json",
        "learning-curve.png", "metrics.jsonl", "result.json",
    ]  # fmt: skip
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2]
    assert rows == json.loads((folder / "learning-curve.json").read_text())
    confusion = json.loads((folder / "confusion.json").read_text())
    counts = confusion["confusion"]
    assert sum(map(sum, counts)) == 40
    right = sum(counts[i][i] for i in range(3)) / 40
    result = json.loads(file.read_text())
    assert confusion["accuracy"] == right == result["test_accuracy"] == rows[-1]["test_accuracy"]
    assert len(confusion["per_class_accuracy"]) == len(confusion["classes"]) == 3
    assert result == json.loads((folder / "result.json").read_text())
    for name in ("learning-curve.png", "confusion.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_what_is_printed(data, capsys):
    assert main(["train", "--data", data, *QUICK]) == 0
    printed = capsys.readouterr()
    assert "100 training and 40 test samples" in printed.out
    assert "seed 0" in printed.out
    assert "epoch 2/2" in printed.out
    assert "test accuracy" in printed.out
    assert printed.err == ""  # no bar where nobody looks


def test_the_bar_shows_rate_and_remaining_time(data, capsys):
    assert main(["train", "--data", data, *QUICK, "--progress"]) == 0
    printed = capsys.readouterr()
    assert "images/s" in printed.err
    assert "epoch 2/2, loss" in printed.err
    assert "200/200" in printed.err
    assert "images/s]" not in printed.out


def test_held_out_images_come_from_the_training_part(data, capsys):
    assert main(["train", "--data", data, *QUICK, "--hold-out", "30"]) == 0
    out = capsys.readouterr().out
    assert "70 training and 30 held-out samples" in out
    assert "held-out accuracy" in out
    assert "test accuracy" not in out


def test_every_option_reaches_the_run(data, tmp_path, capsys):
    file = tmp_path / "r.json"
    chosen = ["--rate", "0.05", "--augment", "crop:1", "--seed", "7", "--threads", "1"]
    chosen += ["--smoothing", "0.2", "--standardise", "--optimizer", "adam"]
    assert main(["train", "--data", data, *QUICK, *chosen, "--json", str(file)]) == 0
    result = json.loads(file.read_text())
    expected = {"rate": 0.05, "augment": "crop:1", "seed": 7, "T": 2, "batch_size": 50}
    expected |= {"smoothing": 0.2, "standardise": True, "optimizer": "adam"}
    assert {key: result[key] for key in expected} == expected
    assert f"seed {expected['seed']}" in capsys.readouterr().out


def test_embedded_digits_need_no_files(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("NUMSNN_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--epochs", "1", "--T", "1", "--hold-out", "1200"]) == 0
    assert "digits: 237 training and 1,200 held-out samples" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_events_bring_their_own_steps(tmp_path, capsys):
    """Recordings in the format of N-MNIST: x, y, then polarity and 23 bits of time."""
    rng = np.random.default_rng(0)
    for part, count in (("Train", 6), ("Test", 3)):
        for number in range(count):
            folder = tmp_path / "N-MNIST" / part / str(number % 10)
            folder.mkdir(parents=True)
            places = rng.integers(34, size=(50, 2)).astype(np.uint8)
            times = np.sort(rng.integers(300_000, size=50)) | rng.integers(2, size=50) << 23
            events = np.concatenate(
                [places, times.astype(">u4").view(np.uint8).reshape(-1, 4)[:, 1:]], 1
            )
            (folder / f"{number + 1}.bin").write_bytes(events.tobytes())
    argv = ["train", "--data", "n-mnist", "--data-dir", str(tmp_path), "--epochs", "1"]
    file = tmp_path / "r.json"
    assert main([*argv, "--hold-out", "2", "--json", str(file)]) == 0
    steps = RECIPES[PRESETS["n-mnist"].frames].steps
    assert json.loads(file.read_text())["T"] == steps
    capsys.readouterr()
    assert f"have {steps}" in refused(capsys, *argv, "--T", "4")
    assert "--frames says" in refused(capsys, *argv, "--frames", "none")


def test_other_architectures_at_another_width(data, tmp_path, capsys):
    file = tmp_path / "r.json"
    argv = ["train", "--data", data, *QUICK, "--epochs", "1", "--network", "small-resnet"]
    sizes = []
    for width in ("0.25", "0.5"):
        assert main([*argv, "--width", width, "--json", str(file)]) == 0
        sizes.append(json.loads(file.read_text())["parameters"])
    assert sizes[0] < sizes[1] / 2
    assert "width" in refused(capsys, *argv, "--width", "0.001")


def test_methods_combine_in_any_order(data, tmp_path):
    file = tmp_path / "r.json"
    argv = ["train", "--data", data, *QUICK, "--method", "esg+im+tdbn", "--json", str(file)]
    assert main(argv) == 0
    assert json.loads(file.read_text())["method"] == "tdbn+im+esg"


def test_presets_hold_for_known_sets():
    assert set(PRESETS) <= set(LOADERS)
    for preset in PRESETS.values():
        assert preset.method in METHODS
        assert preset.network in NETWORKS
        augmentation(preset.augment)


def test_settings_are_those_given_else_the_presets(monkeypatch):
    preset = Preset("mpbn", "small-resnet", 0.5, 2, 7, 32, "adam", 0.05, "flip", "none", True, 0.1)
    monkeypatch.setitem(PRESETS, "mnist", preset)
    found = completed({"data": "mnist", "epochs": 3, "seed": 4})
    common = {"data": "mnist", "hold_out": 0, "epochs": 3, "seed": 4, "processes": 1}
    assert found == {**preset._asdict(), **common}
    assert tuple(found) == SETTINGS
    other = completed({"data": "mnist", "method": "esg"})  # its own rate; no smoothing of its loss
    assert (other["rate"], other["smoothing"], other["network"]) == (
        RATES["esg"],
        0,
        "small-resnet",
    )
    assert other["optimizer"] == "sgd"
    assert completed({"data": "mnist", "optimizer": "sgd"})["rate"] == RATES["mpbn"]
    assert completed({"data": "digits", "optimizer": "adam"})["rate"] == ADAM_RATE
    monkeypatch.setitem(PRESETS, "n-mnist", Preset(frames="saccades"))
    assert completed({"data": "n-mnist"})["T"] == 0


def test_smoothing_needs_the_cross_entropy_of_the_mean(data, capsys):
    argv = ["train", "--data", data, *QUICK, "--method", "recdis", "--smoothing", "0.1"]
    assert "the method's loss is mean_cross_entropy" in refused(capsys, *argv)


# -- the whole command -----------------------------------------------------------------------------


def test_help_teaches(capsys):
    assert main(["--help"]) == 0
    assert "numsnn train" in capsys.readouterr().out
    assert main(["train", "--help"]) == 0
    out = capsys.readouterr().out
    for word in ("--data", "--epochs", "--seed", "--out", "--resume", "--json", "examples:", "T"):
        assert word in out
    assert "--hold-out" in out.split("options:")[0]  # how to choose settings honestly


def test_no_command_shows_the_help(capsys):
    assert main([]) == 0
    assert "COMMAND" in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"numsnn {__version__}\n"


def test_the_module_is_the_command():
    argv = [sys.executable, "-m", "numsnn", "--version"]
    shown = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert shown.stdout == f"numsnn {__version__}\n"


@pytest.mark.parametrize("help_only", [True, False])
def test_a_reader_that_leaves_early(help_only, data):
    """`numsnn train | head -0`: no traceback."""
    options = ["--help"] if help_only else ["--data", data, *QUICK]
    argv = [sys.executable, "-m", "numsnn", "train", *options]
    read, write = os.pipe()
    os.close(read)
    try:
        shown = subprocess.run(argv, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(write)
    assert shown.stderr == ""
    assert help_only or shown.returncode == 1


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help(name, capsys):
    status = main([name, "--help"])
    if status == 2:
        assert "invalid choice" in capsys.readouterr().err
        pytest.skip(f"numsnn {name} is not built yet")
    assert f"usage: numsnn {name}" in capsys.readouterr().out


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["fly"], "invalid choice: 'fly'"),
        (["train", "--speed", "3"], "unrecognized arguments: --speed 3"),
        (["train", "--epochs", "0"], "--epochs: expected an integer from 1, found '0'"),
        (["train", "--epochs", "2.5"], "--epochs"),
        (["train", "--T", "0"], "--T: expected an integer from 1, found '0'"),
        (["train", "--seed", "-1"], "--seed"),
        (["train", "--rate", "nan"], "--rate: expected a positive number, found 'nan'"),
        (["train", "--rate", "fast"], "--rate"),
        (["train", "--width", "0"], "--width"),
        (["train", "--smoothing", "1"], "--smoothing: expected a number in [0, 1), found '1'"),
        (["train", "--smoothing", "much"], "--smoothing"),
        (["train", "--network", "big"], "--network: invalid choice: 'big'"),
        (["train", "--method", "guess"], "--method: unknown method 'guess'"),
        (["train", "--data", "no-such-set"], "no data set called 'no-such-set'"),
        (["train", "--data-dir", "nowhere", "--data", "mnist"], "nowhere"),
        (["train", "--augment", "twist"], "no augmentation called 'twist'"),
        (["train", "--hold-out", "1437"], "hold-out"),
        (["train", "--resume"], "--resume needs --out"),
        (["train", "--json", "no/such/folder/r.json"], "no folder no"),
        (["train", "--frames", "psg-n-mnist"], "digits holds images"),
    ],
)
def test_refused(argv, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, *argv)
    assert list(tmp_path.iterdir()) == []


def test_damaged_data(data, tmp_path, capsys):
    folder = write_idx(tmp_path / "idx", train=20, test=10)
    images = folder / "train-images-idx3-ubyte"
    whole = images.read_bytes()
    for content, message in (
        (b"\x00\x00\x08\x01" + whole[4:], "train-images"),
        (whole[:-5], "train-images"),
        (whole + b"more", "train-images"),
    ):
        images.write_bytes(content)
        assert message in refused(capsys, "train", "--data", str(folder), *QUICK)


def test_an_explosion_is_one_line(data, tmp_path, capsys):
    out = str(tmp_path / "out")
    message = refused(capsys, "train", "--data", data, *QUICK, "--rate", "1e30", "--out", out)
    assert "epoch 1, batch 2 of 2" in message
    assert main(["train", "--out", out, "--resume", "--data", data]) == 2  # what was kept is whole


def test_a_run_is_never_written_over(finished, data, capsys):
    folder, _ = finished
    before = contents(folder)
    assert "already holds a run" in refused(
        capsys, "train", "--data", data, *QUICK, "--out", str(folder)
    )
    assert contents(folder) == before


def test_out_must_be_a_folder(data, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("mine")
    assert "is a file" in refused(capsys, "train", "--data", data, *QUICK, "--out", str(file))
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--seed", "1"], "seed 0, not 1"),
        (["--epochs", "9", "--rate", "0.5"], "epochs 2, not 9"),
        (["--data", "digits"], "settings data"),
    ],
)
def test_resuming_another_run(finished, change, message, capsys):
    folder, _ = finished
    before = contents(folder)
    assert message in refused(capsys, "train", "--out", str(folder), "--resume", *change)
    assert contents(folder) == before


def test_resuming_with_other_data(tmp_path, capsys):
    data, out = tmp_path / "idx", str(tmp_path / "out")
    write_idx(data, train=60, test=20)
    assert main(["train", "--data", str(data), *QUICK, "--out", out]) == 0
    write_idx(data, train=70, test=20)
    capsys.readouterr()
    assert "training samples 60, not 70" in refused(capsys, "train", "--out", out, "--resume")


def test_resuming_what_was_kept_before_there_were_processes(finished, tmp_path, capsys):
    with np.load(finished[0] / "checkpoint.npz") as file:
        arrays = dict(file)
    description = json.loads(arrays["description"].tobytes())
    assert description["about"]["settings"].pop("processes") == 1
    text = json.dumps(description).encode()
    arrays["description"] = np.frombuffer(text, np.uint8)
    np.savez(tmp_path / "checkpoint.npz", **arrays)
    assert main(["train", "--out", str(tmp_path), "--resume"]) == 0
    assert "processes 1" in capsys.readouterr().out


def test_resuming_from_a_damaged_checkpoint(finished, tmp_path, capsys):
    whole = (finished[0] / "checkpoint.npz").read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"something else"):
        (tmp_path / "checkpoint.npz").write_bytes(content)
        message = refused(capsys, "train", "--out", str(tmp_path), "--resume")
        assert "checkpoint.npz" in message
        assert (tmp_path / "checkpoint.npz").read_bytes() == content
