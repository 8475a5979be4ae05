"""Real sets through the front door: counts, class histograms, values at known places."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from numsnn.data import as_frames, load
from numsnn.data.recordings import Recordings
from numsnn.errors import NumsnnError

EVEN = "even"  # as many of each class

# name: training part, test part, shape of a record, classes; a part is its class histogram
REDUCED = {
    "uci-digits": (
        [139, 145, 130, 155, 139, 150, 144, 152, 144, 139],
        [39, 37, 47, 28, 42, 32, 37, 27, 30, 41],
        (1, 8, 8),
    ),
    "mnist": (
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
        (1, 28, 28),
    ),
    "fashion-mnist": ([500] * 10, [200] * 10, (1, 28, 28)),
    "cifar-10": ([1000] * 10, [103, 89, 100, 103, 90, 86, 112, 102, 106, 109], (3, 32, 32)),
    "cifar-10-jpeg-extra": ([0] * 10, [97, 111, 100, 97, 110, 114, 88, 98, 94, 91], (3, 32, 32)),
    "cifar-100": ([100] * 100, [20] * 100, (3, 32, 32)),
    "cifar-100-coarse": ([500] * 20, [100] * 20, (3, 32, 32)),
    "tiny-imagenet": ([100] * 10, [20] * 10, (3, 64, 64)),
    "n-mnist": (
        [97, 116, 99, 93, 105, 92, 94, 117, 87, 100],
        [8, 14, 8, 11, 14, 7, 10, 15, 2, 11],
        None,
    ),
    "dvs-gesture": ([1] * 10 + [0], [0] * 11, None),
}


def find(name: str, data_dir: Path, **options):
    folders = {
        "cifar-10": "cifar-10-batches-bin",
        "cifar-100": "cifar-100-binary",
        "cifar-100-coarse": "cifar-100-binary",
        "tiny-imagenet": "tiny-imagenet-10",
        "n-mnist": "N-MNIST",
        "dvs-gesture": "DvsGesture",
    }
    if not (data_dir / folders.get(name, name)).is_dir():
        pytest.skip(f"{name} is not in NUMSNN_DATA")
    return load(name, data_dir, **options)


@pytest.mark.parametrize("name", REDUCED)
def test_counts_and_histograms(name, data_dir):
    dataset = find(name, data_dir)
    if dataset.name in ("fashion-mnist", "cifar-10") and len(dataset.train_y) > 10_000:
        pytest.skip(f"{name} is the official set, these numbers are of a reduced one")
    train, test, shape = REDUCED[name]
    assert dataset.name == name
    assert len(dataset.classes) == len(set(dataset.classes)) == len(train)
    for x, y, histogram in (
        (dataset.train_x, dataset.train_y, train),
        (dataset.test_x, dataset.test_y, test),
    ):
        assert y.dtype == np.int64 and y.shape == (sum(histogram),) and len(x) == len(y)
        assert np.bincount(y, minlength=len(histogram)).tolist() == histogram
        if shape is None:
            assert isinstance(x, Recordings)
        else:
            assert x.shape == (len(y), *shape)
            assert x.dtype == (np.float32 if shape == (1, 8, 8) else np.uint8)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar-10", "cifar-100"])
def test_memory_mapped_rows_equal_those_in_memory(name, data_dir):
    whole, mapped = find(name, data_dir), find(name, data_dir, memory_map=True)
    rows = np.random.default_rng(0).integers(len(whole.train_y), size=200)
    np.testing.assert_array_equal(np.asarray(mapped.train_x[rows]), whole.train_x[rows])
    assert mapped.train_x.shape == whole.train_x.shape
    np.testing.assert_array_equal(mapped.test_x[:50], whole.test_x[:50])


def test_n_mnist_events(data_dir):
    """Totals as counted when the set was made; every event image is of its digit's place."""
    dataset = find("n-mnist", data_dir)
    if len(dataset.train_x) != 1000:
        pytest.skip("these numbers are of the first 1,000 recordings")
    assert sum(len(events) for events in dataset.test_x) == 385_596
    longest = max(int(events["time"][-1]) for events in dataset.test_x)
    assert longest <= 336_040
    assert sum(len(events) for events in dataset.train_x) == 4_133_231


def test_n_mnist_recordings_look_like_their_mnist_digits(data_dir):
    recorded, images = find("n-mnist", data_dir), find("mnist", data_dir)
    np.testing.assert_array_equal(recorded.test_y, images.test_y[: len(recorded.test_y)])
    correlations = []
    for i in range(20):
        events = recorded.test_x[i]
        seen = np.bincount(events["y"].astype(int) * 34 + events["x"], minlength=34 * 34)
        image = np.pad(images.test_x[i, 0].astype(float), 3)
        correlations.append(np.corrcoef(np.sqrt(seen), image.ravel())[0, 1])
    assert np.mean(correlations) > 0.5
    turned = np.mean([np.corrcoef(np.sqrt(seen), image.T.ravel())[0, 1]])
    assert turned < np.mean(correlations)


def test_dvs_gesture_clips_count_from_their_start(data_dir):
    dataset = find("dvs-gesture", data_dir)
    if len(dataset.train_x) != 10:
        pytest.skip("these numbers are of ten clips")
    counts = [len(events) for events in dataset.train_x]
    assert sum(counts) == 1_206_710 and counts[:3] == [63_471, 84_260, 113_063]
    for events in dataset.train_x:
        assert 0 <= events["time"][0] < 10_000 and events["time"][-1] < 1_450_000
    frames = as_frames(dataset, "tdbn-dvs-gesture").train_x
    assert frames.shape == (10, 40, 2, 32, 32)
    events = dataset.train_x[3]
    assert frames[3].sum() == (events["time"] < 1_200_000).sum()


def test_the_embedded_digits_are_the_published_ones(data_dir):
    embedded, file = load("digits"), find("uci-digits", data_dir)
    for mine, theirs in zip(embedded[:4], file[:4], strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_embedded_digits():
    """1,797 lines, split by the permutation of generator 0, the values untouched."""
    random, sequential = load("digits"), load("digits-sequential")
    for dataset in (random, sequential):
        assert dataset.train_x.shape == (1437, 1, 8, 8) and dataset.test_x.shape == (360, 1, 8, 8)
        assert dataset.train_x.dtype == np.float32 and dataset.train_y.dtype == np.int64
        assert dataset.classes == tuple("0123456789")
    x = np.concatenate([sequential.train_x, sequential.test_x])
    y = np.concatenate([sequential.train_y, sequential.test_y])
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (x * 16 == np.rint(x * 16)).all() and x.min() == 0 and x.max() == 1
    pixels = (x * 16).astype(np.uint8).tobytes() + y.astype(np.uint8).tobytes()
    assert hashlib.sha256(pixels).hexdigest()[:16] == "87ff0c9e40dc7e2c"
    order = np.random.default_rng(0).permutation(1797)
    np.testing.assert_array_equal(random.train_x, x[order[:1437]])
    np.testing.assert_array_equal(random.test_y, y[order[1437:]])
    assert (x[0, 0, 0] * 16).tolist() == [0, 0, 5, 13, 9, 1, 0, 0] and y[0] == 0


def test_simulated_digits_need_no_file(monkeypatch):
    monkeypatch.delenv("NUMSNN_DATA", raising=False)
    dataset = load("digits-saccades", recipe="saccades")
    assert dataset.train_x.shape == (1437, 10, 2, 20, 20)
    assert dataset.test_x[:5].sum() > 500
    np.testing.assert_array_equal(dataset.train_y, load("digits").train_y)


def test_unknown_names_and_recipes():
    with pytest.raises(NumsnnError, match=r"'minst'.*mnist"):
        load("minst")
    with pytest.raises(NumsnnError, match="recipe"):
        load("digits", recipe="tdbn-dvs-gesture")
    with pytest.raises(NumsnnError, match="no recipe called 'x'"):
        load("digits", recipe="x")
