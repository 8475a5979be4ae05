"""One front door: `load(name)` gives a `Dataset`, whatever the files behind it look like."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from numsnn.data import digits
from numsnn.data.files import data_folder, find_file
from numsnn.data.idx import read_labelled
from numsnn.errors import NumsnnError


class Dataset(NamedTuple):
    """A training and a test part.

    Images are [N, C, H, W]: float32 in [0, 1], or uint8 as on disk (`as_float` scales a batch).
    Labels are int64 [N], an index into `classes`.
    """

    train_x: Any
    train_y: np.ndarray
    test_x: Any
    test_y: np.ndarray
    classes: tuple[str, ...]
    name: str


def as_float(x: np.ndarray) -> np.ndarray:
    """x / 255 for uint8, float32 in [0, 1]; floating arrays pass unchanged.

    Raises NumsnnError for any other type: an int64 image has no agreed scale.
    """
    if x.dtype == np.uint8:
        return x.astype(np.float32) * np.float32(1 / 255)
    if np.issubdtype(x.dtype, np.floating):
        return x
    raise NumsnnError(f"as_float: expected uint8 or floating values, found {x.dtype}")


DIGIT_NAMES = tuple("0123456789")
FASHION_NAMES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip


def _digits(split: str) -> Callable[..., Dataset]:
    def load_split(data_dir: object, name: str) -> Dataset:
        return Dataset(*digits.load_digits(split), DIGIT_NAMES, name)

    return load_split


def _idx(folders: tuple[str, ...], classes: tuple[str, ...]) -> Callable[..., Dataset]:
    def find(root: Path, stem: str, name: str) -> Path:
        files = (stem, stem + ".gz")
        return find_file(root, tuple(f"{f}/{file}" for f in folders for file in files), name)

    def load_idx(data_dir: str | os.PathLike[str] | None, name: str) -> Dataset:
        root = data_folder(data_dir)
        parts: list[np.ndarray] = []
        for part in ("train", "t10k"):
            images = find(root, f"{part}-images-idx3-ubyte", name)
            labels = find(root, f"{part}-labels-idx1-ubyte", name)
            parts += read_labelled(images, labels, len(classes))
        return Dataset(*parts, classes, name)

    return load_idx


LOADERS: dict[str, Callable[..., Dataset]] = {
    "digits": _digits("random"),
    "digits-sequential": _digits("sequential"),
    "mnist": _idx(("mnist", "MNIST/raw", "MNIST"), DIGIT_NAMES),
    "fashion-mnist": _idx(("fashion-mnist", "FashionMNIST/raw", "FashionMNIST"), FASHION_NAMES),
}


def load(name: str, data_dir: str | os.PathLike[str] | None = None) -> Dataset:
    """The data set called `name`, from the package or from the data folder.

    The folder is `data_dir`, else the environment variable NUMSNN_DATA. A reduced set (fewer
    records in the same format) loads the same way.

    Raises NumsnnError for an unknown name, MissingDataError for absent files, DataFormatError for
    damaged ones.
    """
    if name not in LOADERS:
        raise NumsnnError(f"no data set called {name!r}: known are {', '.join(LOADERS)}")
    return LOADERS[name](data_dir, name)
