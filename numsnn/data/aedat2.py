"""AEDAT 2.0 of a DVS128 camera, the format of DVS-CIFAR10: header lines, then 8-byte events.

    int32 big-endian address  bit 0 polarity, bits 1-7 x, bits 8-14 y, bit 15 an external event
    int32 big-endian time     microseconds

External events are skipped. The format counts x and y from the lower left corner; here, as in
every event array of this package, y counts from the top. Format description: iniVation,
"AEDAT 2.0".
"""

import os
from pathlib import Path

import numpy as np

from numsnn.data.events import EVENT
from numsnn.data.files import map_bytes
from numsnn.data.records import as_records, refuse, refuse_backward
from numsnn.errors import DataFormatError

VERSION = b"#!AER-DAT2.0"
SIZE = 8
_LONGEST_LINE = 1 << 16
_LONGEST_HEADER = 1 << 22


def read_aedat2(path: str | os.PathLike[str]) -> np.ndarray:
    """The polarity events of one recording, dtype EVENT [N].

    Raises DataFormatError: empty or foreign file, header line without end, incomplete last
    record, address of more than 16 bits, time that is negative or runs backward.
    """
    path = Path(path)
    content = map_bytes(path)
    start = _after_header(content, path)
    records = as_records(content[start:], SIZE, path, start)
    words = records.view(">i4").astype(np.int64)
    address, time = words[:, 0], words[:, 1]

    def place(i: int) -> int:
        return start + SIZE * i

    foreign = (address < 0) | (address > 0xFFFF)
    refuse(foreign, path, place, "a 16-bit address", lambda i: hex(address[i] & 0xFFFFFFFF))
    refuse(time < 0, path, lambda i: place(i) + 4, "a time of 0 or later", lambda i: time[i])
    refuse_backward(time, path, lambda i: place(i) + 4)
    inner = address < 0x8000
    address, time = address[inner], time[inner]
    events = np.empty(len(time), EVENT)
    events["x"], events["y"] = (address >> 1) & 127, 127 - ((address >> 8) & 127)
    events["polarity"], events["time"] = address & 1, time
    return events


def _after_header(content: np.ndarray, path: Path) -> int:
    head = bytes(content[:_LONGEST_HEADER])
    if head[: len(VERSION)] != VERSION:
        raise DataFormatError(path, 0, "#!AER-DAT2.0", repr(head[:12].decode("latin-1")))
    offset = 0
    while head[offset : offset + 1] == b"#":
        end = head.find(b"\n", offset, offset + _LONGEST_LINE)
        if end < 0:
            raise DataFormatError(path, offset, "a header line that ends", "none")
        offset = end + 1
    return offset


def read_dvs_cifar10(path: str | os.PathLike[str]) -> np.ndarray:
    """A recording of DVS-CIFAR10, upright: its camera lay on its side and signs are reversed.

    column = 127 - address y, row = 127 - address x, polarity = 1 - bit, as the public readers of
    this set have it. Raises as `read_aedat2`.
    """
    events = read_aedat2(path)
    turned = events.copy()
    turned["x"], turned["y"] = events["y"], 127 - events["x"]
    turned["polarity"] = 1 - events["polarity"]
    return turned
