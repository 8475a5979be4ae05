"""`numsnn data`: what it prints, the status it gives, the pictures it writes."""

import argparse
import hashlib

import numpy as np
import pytest

from numsnn.data import Dataset, MissingDataError
from numsnn.data import commands as data_commands
from numsnn.data.catalogue import CATALOGUE, Source
from numsnn.data.commands import add_data_parser
from numsnn.data.event_plots import animate, event_image, event_picture
from numsnn.data.events import Sensor, make_events
from numsnn.data.recordings import recorded
from numsnn.data.sheets import contact_sheet
from numsnn.errors import NumsnnError

from . import made
from .test_readers import make_mnist


def command(*words: object) -> int:
    parser = argparse.ArgumentParser("numsnn")
    add_data_parser(parser.add_subparsers(dest="command"))
    arguments = parser.parse_args(["data", *map(str, words)])
    return arguments.run(arguments)


def test_list_says_what_is_here(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("NUMSNN_DATA", raising=False)
    assert command("list") == 0
    assert "NUMSNN_DATA" in capsys.readouterr().out
    make_mnist(tmp_path / "mnist", gz=False)
    (tmp_path / "cifar-100-binary").mkdir()
    (tmp_path / "cifar-100-binary/train.bin").write_bytes(b"short")
    assert command("list", "--data-dir", tmp_path) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert CATALOGUE.keys() <= lines.keys()
    assert "3 / 2" in lines["mnist"] and "60,000 / 10,000" in lines["mnist"]
    assert "damaged" in lines["cifar-100"] and "in the package" in lines["digits"]
    assert lines["n-mnist"].split()[2] == "-"


def test_check_counts_classes_and_compares_digests(tmp_path, capsys, monkeypatch):
    make_mnist(tmp_path / "mnist", gz=True)
    name = "t10k-labels-idx1-ubyte.gz"
    raw = (tmp_path / "mnist" / name).read_bytes()
    sources = tuple(
        Source(s.url, s.file, f"sha256:{hashlib.sha256(raw).hexdigest()}")
        for s in CATALOGUE["mnist"].sources
    )
    monkeypatch.setitem(CATALOGUE, "mnist", CATALOGUE["mnist"]._replace(sources=sources))
    assert command("check", "mnist", "--data-dir", tmp_path, "--sha256") == 0
    out = capsys.readouterr().out
    assert "mnist: 3 train, 2 test (reduced, official 60,000 and 10,000)" in out
    assert "train classes: 1 1 1 0 0 0 0 0 0 0" in out
    assert f"{name}: the official file, byte for byte" in out
    assert "train-labels-idx1-ubyte.gz: not the official file" in out
    assert f"{hashlib.sha256(raw).hexdigest()}  {name}" in out


def test_check_fails_for_what_is_not_whole(tmp_path, capsys):
    make_mnist(tmp_path / "mnist", gz=False)
    path = tmp_path / "mnist" / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    assert command("check", "--data-dir", tmp_path, "mnist", "digits") == 1
    out = capsys.readouterr().out
    assert f"mnist: NOT WHOLE: {path}, byte 16: expected 60 bytes" in out
    assert "digits: 1,437 train, 360 test (the official counts)" in out
    assert command("check", "--data-dir", tmp_path, "n-mnist") == 1
    assert "n-mnist: not here" in capsys.readouterr().out


def test_check_reads_every_recording(tmp_path, capsys):
    for part in ("Train", "Test"):
        for label in range(2):
            folder = tmp_path / "N-MNIST" / part / str(label)
            folder.mkdir(parents=True)
            (folder / f"0000{label}.bin").write_bytes(made.aer([(1, 1, 0, 5), (2, 2, 1, 6)]))
    assert command("check", "n-mnist", "--data-dir", tmp_path) == 0
    assert "4 and 4 events" in capsys.readouterr().out
    (folder / "00001.bin").write_bytes(made.aer([(1, 1, 0, 5), (99, 2, 1, 6)]))
    assert command("check", "n-mnist", "--data-dir", tmp_path) == 1
    assert "byte 5: expected x below 34, found 99" in capsys.readouterr().out


def test_fetch_says_where_to_and_knows_its_names(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("NUMSNN_DATA", raising=False)
    with pytest.raises(MissingDataError, match="--data-dir"):
        command("fetch", "mnist")
    with pytest.raises(NumsnnError, match="'minst'"):
        command("fetch", "minst", "--data-dir", tmp_path)
    with pytest.raises(MissingDataError, match="by hand"):
        command("fetch", "dvs-gesture", "--data-dir", tmp_path / "new")
    assert "numsnn data fetch dvs-gesture --from FOLDER" in capsys.readouterr().out
    with pytest.raises(MissingDataError, match="train-images"):
        command("fetch", "mnist", "--data-dir", tmp_path, "--from", tmp_path)


def test_fetch_by_hand_then_check(tmp_path, capsys, monkeypatch):
    make_mnist(tmp_path / "downloads", gz=True)
    sources = tuple(
        Source(s.url, s.file, f"md5:{hashlib.md5(path.read_bytes()).hexdigest()}")
        for s in CATALOGUE["mnist"].sources
        if (path := tmp_path / "downloads" / s.file).is_file()
    )
    assert len(sources) == 4
    monkeypatch.setitem(CATALOGUE, "mnist", CATALOGUE["mnist"]._replace(sources=sources))
    data = tmp_path / "data"
    assert command("fetch", "mnist", "--data-dir", data, "--from", tmp_path / "downloads") == 0
    assert str(data / "mnist") in capsys.readouterr().out
    assert command("check", "mnist", "--data-dir", data) == 0
    assert capsys.readouterr().out.count("the official file, byte for byte") == 4


def events(seed: int, sensor: Sensor, count: int = 300) -> np.ndarray:
    rng = np.random.default_rng(seed)
    places = (rng.integers(n, size=count) for n in (sensor.width, sensor.height, 2))
    return make_events(*places, np.sort(rng.integers(200_000, size=count)))


def image_set(classes: int, train: int = 30) -> Dataset:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (train + 5, 3, 8, 8), np.uint8)
    y = np.arange(train + 5) % classes
    names = tuple(f"class {i}" for i in range(classes))
    return Dataset(x[:train], y[:train], x[train:], y[train:], names, "squares")


def event_set() -> Dataset:
    sensor = Sensor(9, 12)
    x = recorded([events(i, sensor) for i in range(4)], sensor)
    y = np.array([0, 1, 0, 2])
    return Dataset(x[:3], y[:3], x[3:], y[3:], ("a", "b", "c"), "moving")


def test_pictures_of_images_events_and_empty_parts(tmp_path):
    for number, figure in enumerate(
        (
            contact_sheet(image_set(3)),
            contact_sheet(image_set(30)),
            contact_sheet(image_set(3, train=0)),
            event_picture(event_set()),
        )
    ):
        path = tmp_path / f"{number}.png"
        figure.savefig(path, dpi=40)
        assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    nothing = image_set(3)._replace(train_y=np.empty(0, int), test_y=np.empty(0, int))
    with pytest.raises(NumsnnError, match="no record"):
        contact_sheet(nothing)


def test_a_sheet_shows_the_images_themselves():
    dataset = image_set(3)
    sheet = contact_sheet(dataset, columns=2).axes[0].images[0].get_array()
    second = dataset.train_x[np.flatnonzero(dataset.train_y == 1)[1]]
    gap = 1
    cell = sheet[gap + 9 : gap + 17, gap + 9 : gap + 17]
    np.testing.assert_allclose(cell, second.transpose(1, 2, 0) / 255, atol=1e-6)


def test_colours_tell_the_sign():
    counts = np.zeros((2, 1, 3))
    counts[1, 0, 0] = counts[0, 0, 2] = 4
    brighter, nothing, darker = event_image(counts)[0]
    assert nothing.tolist() == [1, 1, 1]
    assert brighter[0] > brighter[2] and darker[2] > darker[0]
    assert event_image(np.zeros((2, 2, 2))).min() == 1


def test_an_animation_shows_every_event(tmp_path):
    pytest.importorskip("PIL", reason="writing a gif needs Pillow")
    sensor = Sensor(9, 12)
    animation = animate(events(0, sensor), sensor, frames=4)
    animation.save(tmp_path / "a.gif", writer="pillow", dpi=30)
    assert (tmp_path / "a.gif").read_bytes()[:4] == b"GIF8"


def test_show_writes_a_picture(tmp_path, capsys, monkeypatch):
    sets = {"squares": image_set(3), "moving": event_set()}
    monkeypatch.setattr(data_commands, "load", lambda name, data_dir: sets[name])
    monkeypatch.chdir(tmp_path)
    assert command("show", "squares") == 0
    assert (tmp_path / "data_squares.png").is_file()
    assert command("show", "moving", "--out", "m.png", "--animate", "m.gif") == 0
    assert (tmp_path / "m.png").is_file() and (tmp_path / "m.gif").is_file()
    assert "wrote m.gif" in capsys.readouterr().out
    with pytest.raises(NumsnnError, match="only events"):
        command("show", "squares", "--animate", "s.gif")
