"""The UCI 8x8 digits, inside the package: 1,797 images that need no download.

Origin and licence stand in digits.txt beside this file.
"""

import gzip
from importlib.resources import files
from pathlib import Path

import numpy as np

from numsnn.data.files import read_bytes
from numsnn.errors import DataFormatError, NumsnnError

COUNT, TRAIN, SIDE, TOP = 1797, 1437, 8, 16
SPLITS = ("random", "sequential")


def load_digits(split: str = "random") -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """train_x, train_y, test_x, test_y: pixels 0..16 divided by 16, float32 [N, 1, 8, 8].

    split "random" orders the 1,797 lines by numpy.random.default_rng(0).permutation(1797);
    "sequential" keeps their order, so that the test part is by other writers and harder. The
    first 1,437 train, the other 360 test. Labels are int64 [N].
    """
    packed = files("numsnn.data").joinpath("digits.csv.gz").read_bytes()
    return split_digits(*parse_digits(gzip.decompress(packed), Path("digits.csv")), split)


def read_digits(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images float32 [N, 1, 8, 8] and labels of a CSV file of that layout, gzip or not."""
    return parse_digits(read_bytes(path, 1 << 24), path)


def parse_digits(text: bytes, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """65 integers a line: 64 pixels of 0..16 and a label of 0..9; else DataFormatError."""
    rows: list[list[int]] = []
    offset = 0
    for line in text.splitlines(keepends=True):
        cells = line.strip().split(b",")
        if len(cells) != SIDE * SIDE + 1:
            raise DataFormatError(path, offset, "65 values a line", f"{len(cells)}")
        place = offset
        for column, cell in enumerate(cells):
            top = TOP if column < SIDE * SIDE else 9
            if not (cell.isdigit() and len(cell) <= 2 and int(cell) <= top):
                found = repr(cell[:20].decode("latin-1"))
                raise DataFormatError(path, place, f"an integer from 0 to {top}", found)
            place += len(cell) + 1
        rows.append([int(cell) for cell in cells])
        offset += len(line)
    if not rows:
        raise DataFormatError(path, 0, "65 values a line", "no line")
    table = np.array(rows, np.int64)
    pixels = table[:, :-1].astype(np.float32) / np.float32(TOP)
    return pixels.reshape(-1, 1, SIDE, SIDE), table[:, -1].copy()


def split_digits(
    x: np.ndarray, y: np.ndarray, split: str = "random"
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The first 80 % of the lines train (1,437 of 1,797), in the order that `split` names."""
    if split not in SPLITS:
        raise NumsnnError(f"digits: split is one of {SPLITS}, not {split!r}")
    random = split == "random"
    order = np.random.default_rng(0).permutation(len(x)) if random else np.arange(len(x))
    cut = len(x) * TRAIN // COUNT
    train, test = order[:cut], order[cut:]
    return x[train], y[train], x[test], y[test]
