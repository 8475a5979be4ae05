"""A task that a tiny network learns in a second, for the tests of training."""

from pathlib import Path

import numpy as np

from numsnn.data import Dataset
from numsnn.networks import small_network
from numsnn.optimizers import SGD, cosine
from numsnn.recipes import Objective, Recipe
from numsnn.training import TrainingState
from numsnn.tree import flatten


def bars(count: int, seed: int, size: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Noisy images of one bright row (class 0), column (1) or diagonal (2)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=count)
    x = rng.random((count, 1, size, size), dtype=np.float32) * np.float32(0.5)
    for image, label in zip(x[:, 0], labels, strict=True):
        place = rng.integers(size)
        if label == 0:
            image[place] += 0.5
        elif label == 1:
            image[:, place] += 0.5
        else:
            image[np.arange(size), (np.arange(size) + place) % size] += 0.5
    return x, labels


def dataset(train: int = 96, test: int = 40) -> Dataset:
    return Dataset(*bars(train, 1), *bars(test, 2), ("row", "column", "diagonal"), "bars")


def recipe(**changes) -> Recipe:
    network = changes.pop("network", None) or small_network((1, 8, 8), 3, 2, channels=(6, 8))
    chosen = {"optimizer": SGD(0.9, 1e-4), "schedule": cosine(0.1), "objective": Objective()}
    return Recipe(network, **{**chosen, **changes})


def arrays(state: TrainingState) -> dict[str, np.ndarray]:
    """All arrays of a state by name."""
    parts = {"params": state.params, "optimizer": state.optimizer, "statistics": state.statistics}
    return flatten(parts)


def assert_same(a: TrainingState, b: TrainingState) -> None:
    """Bitwise the same, but for the time it took."""
    ours, theirs = arrays(a), arrays(b)
    assert list(ours) == list(theirs)
    for name in ours:
        assert ours[name].dtype == theirs[name].dtype, name
        assert ours[name].tobytes() == theirs[name].tobytes(), name
    assert a.random == b.random
    assert a.epoch == b.epoch
    assert untimed(a.history) == untimed(b.history)


def untimed(history) -> list[dict]:
    times = ("seconds", "samples_per_second")
    return [{k: v for k, v in row.items() if k not in times} for row in history]


def write_idx(folder: Path, train: int = 200, test: int = 60, size: int = 5) -> Path:
    """The bars as a folder of four IDX files."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, count, seed in (("train", train, 1), ("t10k", test, 2)):
        x, y = bars(count, seed, size)
        images = np.round(x[:, 0] * 255).astype(np.uint8)
        for stem, values in (("images-idx3", images), ("labels-idx1", y.astype(np.uint8))):
            head = bytes([0, 0, 8, values.ndim])
            sizes = np.array(values.shape, ">u4").tobytes()
            (folder / f"{part}-{stem}-ubyte").write_bytes(head + sizes + values.tobytes())
    return folder
