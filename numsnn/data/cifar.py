"""CIFAR-10 and CIFAR-100, binary versions: records of labels and 3,072 pixels.

    CIFAR-10   1 byte label, then 32x32 red, green, blue, row-major
    CIFAR-100  1 byte coarse label, 1 byte fine label, then the same

The number of records is the size of the file divided by 3,073 or 3,074. Krizhevsky, "Learning
Multiple Layers of Features from Tiny Images", 2009.
"""

import os
from pathlib import Path

import numpy as np

from numsnn.data.files import map_bytes
from numsnn.data.records import as_records, refuse

SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32


def read_cifar(
    path: str | os.PathLike[str], classes: tuple[int, ...] = (10,)
) -> tuple[np.ndarray, ...]:
    """Images uint8 [N, 3, 32, 32], then one int64 [N] a label: `classes` is (10,) or (20, 100).

    The images are a view of the memory-mapped file: nothing is read until it is used.

    Raises DataFormatError: empty file, incomplete last record, label outside its range.
    """
    path = Path(path)
    lead = len(classes)
    records = as_records(map_bytes(path), lead + _PIXELS, path)
    labels = [records[:, column].astype(np.int64) for column in range(lead)]
    for column, (label, count) in enumerate(zip(labels, classes, strict=True)):
        refuse(
            label >= count,
            path,
            lambda i, column=column: i * (lead + _PIXELS) + column,  # type: ignore[misc]
            f"a label below {count}",
            lambda i, label=label: label[i],  # type: ignore[misc]
        )
    return records[:, lead:].reshape(-1, *SHAPE), *labels
