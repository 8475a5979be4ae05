"""The 5-byte address-event format of N-MNIST and N-Caltech101.

    byte 0    x
    byte 1    y; 240 marks no event but an overflow of the clock, 2^13 us
    byte 2-4  1 bit polarity, 23 bits time in microseconds, most significant first

Orchard et al., Frontiers in Neuroscience 9:437, 2015.
"""

import os
from pathlib import Path

import numpy as np

from numsnn.data.events import EVENT, Sensor
from numsnn.data.files import read_bytes
from numsnn.data.records import as_records, refuse, refuse_backward

SIZE = 5
N_MNIST = Sensor(34, 34)
_OVERFLOW, _OVERFLOW_US = 240, 1 << 13


def read_aer(path: str | os.PathLike[str], sensor: Sensor = N_MNIST) -> np.ndarray:
    """The events of one recording, dtype EVENT [N].

    Raises DataFormatError: empty file, incomplete last record, coordinate outside the sensor,
    time that runs backward.
    """
    path = Path(path)
    records = as_records(np.frombuffer(read_bytes(path), np.uint8), SIZE, path)
    x, y, high = records[:, 0], records[:, 1], records[:, 2]
    time = ((high & 127).astype(np.int64) << 16) | (records[:, 3].astype(np.int64) << 8)
    time |= records[:, 4]
    row = np.arange(len(records)) if (y == _OVERFLOW).any() else None
    if row is not None:
        overflow = y == _OVERFLOW
        time = (time + _OVERFLOW_US * np.cumsum(overflow))[~overflow]
        x, y, high, row = x[~overflow], y[~overflow], high[~overflow], row[~overflow]

    def place(i: int, byte: int) -> int:
        return SIZE * int(i if row is None else row[i]) + byte

    h, w = sensor
    refuse(x >= w, path, lambda i: place(i, 0), f"x below {w}", lambda i: x[i])
    refuse(y >= h, path, lambda i: place(i, 1), f"y below {h} or {_OVERFLOW}", lambda i: y[i])
    refuse_backward(time, path, lambda i: place(i, 2))
    events = np.empty(len(time), EVENT)
    events["x"], events["y"], events["polarity"], events["time"] = x, y, high >> 7, time
    return events
