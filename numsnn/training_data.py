"""The data of a training run: opened by name or path, split, recognised again."""

import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from numsnn.data.dataset import Dataset, load
from numsnn.data.encodings import channel_statistics
from numsnn.data.files import find_file
from numsnn.data.idx import read_labelled
from numsnn.validate import require

Folder = str | os.PathLike[str] | None
IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
       "t10k-labels-idx1-ubyte")  # fmt: skip


def open_data(name: str, data_dir: Folder = None, frames: str = "none") -> Dataset:
    """A data set by its name, or by the path of a folder of IDX files or of images.

    ``frames`` names the recipe that turns recordings of events into frames. Raises NumsnnError for
    what is no data set, is damaged, or is recordings without a recipe.
    """
    path = Path(name).expanduser()
    if path.is_dir() and any((path / f"{IDX[0]}{end}").exists() for end in ("", ".gz")):
        dataset = _open_idx(path, name)
    else:
        found = f"folder:{path.resolve()}" if path.is_dir() else name
        dataset = load(found, data_dir, recipe=None if frames == "none" else frames)
    require(
        hasattr(dataset.train_x, "shape") and len(dataset.train_x.shape) in (4, 5),
        f"{name} holds recordings of events: --frames says how they become frames",
    )
    return dataset


def _open_idx(folder: Path, name: str) -> Dataset:
    files = [find_file(folder, (stem, f"{stem}.gz"), name) for stem in IDX]
    train_x, train_y = read_labelled(files[0], files[1], 256)
    test_x, test_y = read_labelled(files[2], files[3], 256)
    count = int(max(train_y.max(initial=0), test_y.max(initial=0))) + 1
    classes = tuple(str(label) for label in range(count))
    return Dataset(train_x, train_y, test_x, test_y, classes, name)


def held_out(dataset: Dataset, count: int) -> Dataset:
    """The last ``count`` training samples, in a fixed random order, as the test part; 0: unchanged.

    The real test part is then out of reach. Raises NumsnnError where nothing is left to train on.
    """
    if not count:
        return dataset
    total = len(dataset.train_y)
    require(count < total, f"hold-out: {count} of {total} training samples leave none to train on")
    order = np.random.default_rng(0).permutation(total)
    train, test = np.sort(order[:-count]), np.sort(order[-count:])
    y = dataset.train_y
    ours, theirs = (Subset(dataset.train_x, rows) for rows in (train, test))
    return dataset._replace(train_x=ours, train_y=y[train], test_x=theirs, test_y=y[test])


@dataclass(frozen=True)
class Subset:
    """Some rows of a row source, by number; read when they are asked for."""

    rows: Any
    numbers: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), *self.rows.shape[1:])

    @property
    def dtype(self) -> Any:
        return self.rows.dtype

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: Any) -> np.ndarray:
        return self.rows[self.numbers[index]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)


def standardised(dataset: Dataset) -> Dataset:
    """Both parts with each channel at mean 0 and deviation 1 over the training part.

    What augmentation fills with 0 is then a channel's mean. tdBN, supplement C. Raises NumsnnError
    for a channel that is constant.
    """
    change = channel_statistics(dataset.train_x)
    ours, theirs = (Changed(x, change) for x in (dataset.train_x, dataset.test_x))
    return dataset._replace(train_x=ours, test_x=theirs)


@dataclass(frozen=True)
class Changed:
    """The rows of a row source, each changed when it is asked for; float32."""

    rows: Any
    change: Any

    @property
    def shape(self) -> tuple[int, ...]:
        return self.rows.shape

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(np.float32)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> np.ndarray:
        return self.change(self.rows[index]).astype(np.float32, copy=False)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)


def fingerprint(dataset: Dataset) -> dict[str, Any]:
    """Counts, shape, classes and a checksum of the labels: is this the data of that run?"""
    labels = np.concatenate([dataset.train_y, dataset.test_y]).astype("<i8")
    return {
        "training samples": len(dataset.train_y),
        "test samples": len(dataset.test_y),
        "shape": list(dataset.train_x.shape[1:]),
        "classes": len(dataset.classes),
        "labels": f"{zlib.crc32(labels.tobytes()):08x}",
    }
