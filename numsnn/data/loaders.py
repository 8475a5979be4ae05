"""What stands behind each name: which files to find, which reader to call, what the labels are."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from numsnn.data import digits, gesture, tiny
from numsnn.data.aedat2 import read_dvs_cifar10
from numsnn.data.aer import N_MNIST, read_aer
from numsnn.data.cifar import SHAPE, read_cifar
from numsnn.data.dataset import Dataset
from numsnn.data.events import Sensor
from numsnn.data.files import MissingDataError, data_folder, find_file
from numsnn.data.idx import read_labelled
from numsnn.data.images import read_folder
from numsnn.data.names import read_integer, read_lines, read_names
from numsnn.data.recordings import Clip, from_files
from numsnn.data.rows import Joined
from numsnn.data.saccades import DIGITS_CAMERA, with_saccades
from numsnn.errors import DataFormatError

Folder = str | os.PathLike[str] | None
DIGIT_NAMES = tuple("0123456789")
FASHION_NAMES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
CIFAR10_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
_CIFAR10, _EXTRA, _CIFAR100 = "cifar-10-batches-bin", "cifar-10-jpeg-extra", "cifar-100-binary"


def _embedded(split: str) -> Callable[..., Dataset]:
    def load(data_dir: Folder, name: str, memory_map: bool) -> Dataset:
        return Dataset(*digits.load_digits(split), DIGIT_NAMES, name)

    return load


def _digits_saccades(data_dir: Folder, name: str, memory_map: bool) -> Dataset:
    """The embedded digits before a simulated event camera, seed 0; some seconds of computing."""
    return with_saccades(_embedded("random")(data_dir, "digits", memory_map), 0, DIGITS_CAMERA)


def _uci_digits(data_dir: Folder, name: str, memory_map: bool) -> Dataset:
    path = find_file(data_folder(data_dir), ("uci-digits/digits.csv.gz",), name)
    return Dataset(*digits.split_digits(*digits.read_digits(path)), DIGIT_NAMES, name)


def _idx(folders: tuple[str, ...], classes: tuple[str, ...]) -> Callable[..., Dataset]:
    def load(data_dir: Folder, name: str, memory_map: bool) -> Dataset:
        root = data_folder(data_dir)
        parts: list[Any] = []
        for part in ("train", "t10k"):
            stems = (f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte")
            images, labels = (_idx_file(root, folders, stem, name) for stem in stems)
            x, y = read_labelled(images, labels, len(classes))
            parts += [_kept(x, memory_map), y]
        train_x, train_y, test_x, test_y = parts
        return Dataset(train_x, train_y, test_x, test_y, classes, name)

    return load


def _idx_file(root: Path, folders: tuple[str, ...], stem: str, name: str) -> Path:
    return find_file(root, tuple(f"{f}/{stem}{gz}" for f in folders for gz in ("", ".gz")), name)


def _kept(x: Any, memory_map: bool) -> Any:
    return x if memory_map or not isinstance(x, np.memmap) else np.array(x)


def _cifar10(data_dir: Folder, name: str, memory_map: bool) -> Dataset:
    root = data_folder(data_dir)
    batches = [f"{_CIFAR10}/data_batch_{i}.bin" for i in range(1, 6)]
    train = [read_cifar(find_file(root, (batch,), name)) for batch in batches]
    test_x, test_y = read_cifar(find_file(root, (f"{_CIFAR10}/test_batch.bin",), name))
    names = read_names(find_file(root, (f"{_CIFAR10}/batches.meta.txt",), name), 10)
    images = [x for x, _ in train]
    train_x = Joined(tuple(images)) if memory_map else np.concatenate(images)
    train_y = np.concatenate([y for _, y in train])
    return Dataset(train_x, train_y, _kept(test_x, memory_map), test_y, names, name)


def _cifar10_extra(data_dir: Folder, name: str, memory_map: bool) -> Dataset:
    """1,000 more test images, decoded from JPEG, so not exact: apart from the official ones."""
    root = data_folder(data_dir)
    path = find_file(root, (f"{_EXTRA}/test_batch_jpeg.bin",), name)
    index = find_file(root, (f"{_EXTRA}/test_batch_jpeg_index.txt",), name)
    test_x, test_y = read_cifar(path)
    places = [read_integer(index, offset, line, 10_000) for offset, line in read_lines(index)]
    if len(places) != len(test_y):
        end = index.stat().st_size
        raise DataFormatError(index, end, f"{len(test_y)} lines, one an image", f"{len(places)}")
    empty = np.empty((0, *SHAPE), np.uint8), np.empty(0, np.int64)
    return Dataset(*empty, _kept(test_x, memory_map), test_y, CIFAR10_NAMES, name)


def _cifar100(label: int) -> Callable[..., Dataset]:
    def load(data_dir: Folder, name: str, memory_map: bool) -> Dataset:
        root = data_folder(data_dir)
        parts: list[Any] = []
        for part in ("train", "test"):
            path = find_file(root, (f"{_CIFAR100}/{part}.bin",), name)
            images, *labels = read_cifar(path, (20, 100))
            parts += [_kept(images, memory_map), labels[label]]
        kind, count = (("coarse", 20), ("fine", 100))[label]
        names = find_file(root, (f"{_CIFAR100}/{kind}_label_names.txt",), name)
        train_x, train_y, test_x, test_y = parts
        return Dataset(train_x, train_y, test_x, test_y, read_names(names, count), name)

    return load


def _n_mnist(data_dir: Folder, name: str, memory_map: bool) -> Dataset:
    root = data_folder(data_dir) / "N-MNIST"
    parts: list[Any] = []
    for part in ("Train", "Test"):
        labelled = [
            (path, label)
            for label in range(10)
            for path in (root / part / str(label)).glob("*.bin")
        ]
        if not labelled:
            raise MissingDataError(f"{name}: no {part}/<label>/<number>.bin in {root}")
        labelled.sort(key=lambda pair: pair[0].name)  # the order of MNIST
        parts.append(from_files([Clip(path) for path, _ in labelled], N_MNIST, read_aer))
        parts.append(np.array([label for _, label in labelled], np.int64))
    train_x, train_y, test_x, test_y = parts
    return Dataset(train_x, train_y, test_x, test_y, DIGIT_NAMES, name)


def _dvs_gesture(data_dir: Folder, name: str, memory_map: bool) -> Dataset:
    root = data_folder(data_dir) / "DvsGesture"
    return Dataset(*gesture.read_gestures(root, name), name)


def _dvs_cifar10(data_dir: Folder, name: str, memory_map: bool) -> Dataset:
    """No official split: the first 9 of 10 recordings of each class, by number, train."""
    folders = ("CIFAR10DVS", "CIFAR10-DVS", "DVS-CIFAR10")
    base = data_folder(data_dir)
    root = next((base / folder for folder in folders if (base / folder).is_dir()), None)
    clips: tuple[list[Clip], list[Clip]] = ([], [])
    labels: tuple[list[int], list[int]] = ([], [])
    for label, kind in enumerate(CIFAR10_NAMES):
        found = [] if root is None else sorted((root / kind).glob("*.aedat"), key=_number)
        if not found:
            raise MissingDataError(f"{name}: no {kind}/*.aedat in {root or base / folders[0]}")
        for i, path in enumerate(found):
            part = int(10 * i >= 9 * len(found))
            clips[part].append(Clip(path))
            labels[part].append(label)
    (train_x, test_x) = (from_files(c, Sensor(128, 128), read_dvs_cifar10) for c in clips)
    train_y, test_y = (np.array(label, np.int64) for label in labels)
    return Dataset(train_x, train_y, test_x, test_y, CIFAR10_NAMES, name)


def _number(path: Path) -> tuple[int, str]:
    end = "".join(c if c.isdigit() else " " for c in path.stem).split()
    return (int(end[-1]) if end else -1, path.name)


def _tiny_imagenet(data_dir: Folder, name: str, memory_map: bool) -> Dataset:
    root = data_folder(data_dir)
    found = find_file(
        root, ("tiny-imagenet-10/wnids.txt", "tiny-imagenet-200/wnids.txt"), name
    ).parent
    if not (found / "train.npz").is_file():
        x, y, test_x, test_y, classes = tiny.read_official(found)
        return Dataset(x, y, test_x, test_y, classes, name)
    train, labels, test, test_labels, classes = tiny.read_archives(found)
    images = _kept(train, memory_map), _kept(test, memory_map)
    return Dataset(images[0], labels, images[1], test_labels, classes, name)


def load_folder(data_dir: Folder, name: str) -> Dataset:
    """ "folder:PATH": PATH/train/<class>/<image> and PATH/test (or val)/<class>/<image>."""
    path = Path(name.removeprefix("folder:"))
    root = path if path.is_absolute() else data_folder(data_dir) / path
    return Dataset(*read_folder(root), name)


LOADERS: dict[str, Callable[[Folder, str, bool], Dataset]] = {
    "digits": _embedded("random"),
    "digits-sequential": _embedded("sequential"),
    "digits-saccades": _digits_saccades,
    "uci-digits": _uci_digits,
    "mnist": _idx(("mnist", "MNIST/raw", "MNIST"), DIGIT_NAMES),
    "fashion-mnist": _idx(("fashion-mnist", "FashionMNIST/raw", "FashionMNIST"), FASHION_NAMES),
    "cifar-10": _cifar10,
    "cifar-10-jpeg-extra": _cifar10_extra,
    "cifar-100": _cifar100(1),
    "cifar-100-coarse": _cifar100(0),
    "tiny-imagenet": _tiny_imagenet,
    "n-mnist": _n_mnist,
    "dvs-gesture": _dvs_gesture,
    "dvs-cifar10": _dvs_cifar10,
}
