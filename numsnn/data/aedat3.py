"""AEDAT 3.1, the format of DVS128 Gesture: a text header, then packets of typed events.

    packet header  28 bytes, little-endian: int16 type, int16 source, int32 event size,
                   offset of the time in an event, clock overflows, capacity, number, valid
    polarity event  8 bytes: uint32  x << 17 | y << 2 | polarity << 1 | valid,  int32 time in us
    time           overflows << 31 | time

Packets of other types (special, frame, motion) and events marked invalid are skipped. Format
description: iniVation, "AEDAT 3.1".
"""

import os
import struct
from pathlib import Path

import numpy as np

from numsnn.data.events import EVENT, Sensor
from numsnn.data.files import map_bytes
from numsnn.data.records import refuse, refuse_backward
from numsnn.errors import DataFormatError

DVS128 = Sensor(128, 128)
VERSION, END = b"#!AER-DAT3.1\r\n", b"#!END-HEADER\r\n"
_PACKET = struct.Struct("<hhiiiiii")
_TIME = struct.Struct("<i")
_POLARITY, _SIZE = 1, 8
_LONGEST_HEADER = 1 << 20


def read_aedat3(
    path: str | os.PathLike[str],
    sensor: Sensor = DVS128,
    start: int | None = None,
    end: int | None = None,
) -> np.ndarray:
    """The polarity events with start <= time < end (microseconds), dtype EVENT [N].

    The file is memory-mapped and only packets that touch the interval are decoded, so that a
    clip of a long recording costs its own size.

    Raises DataFormatError: empty or foreign file, header without end, impossible or truncated
    packet, coordinate outside the sensor, time that is negative or runs backward.
    """
    path = Path(path)
    content = map_bytes(path)
    offsets, numbers, overflows = _polarity_packets(content, path, start, end)
    if not len(offsets):
        return np.empty(0, EVENT)
    pieces = [content[o : o + _SIZE * n] for o, n in zip(offsets, numbers, strict=True)]
    words = np.concatenate(pieces).view("<u4").reshape(-1, 2)
    valid = (words[:, 0] & 1).astype(bool)
    word = words[valid, 0]
    time = (words[:, 1].astype(np.int64) + (np.repeat(overflows, numbers) << 31))[valid]

    def place(i: int, byte: int = 0) -> int:
        record = int(np.flatnonzero(valid)[i])
        packet = int(np.searchsorted(np.cumsum(numbers), record, "right"))
        return int(offsets[packet]) + _SIZE * (record - int(numbers[:packet].sum())) + byte

    x, y = word >> 17, (word >> 2) & 0x7FFF
    h, w = sensor
    refuse(x >= w, path, place, f"x below {w}", lambda i: x[i])
    refuse(y >= h, path, place, f"y below {h}", lambda i: y[i])
    negative = (words[:, 1] >> 31).astype(bool)[valid]
    refuse(negative, path, lambda i: place(i, 4), "a time of 0 or later", lambda _: "sign bit set")
    refuse_backward(time, path, lambda i: place(i, 4))
    events = np.empty(len(word), EVENT)
    events["x"], events["y"], events["polarity"], events["time"] = x, y, (word >> 1) & 1, time
    first = 0 if start is None else int(np.searchsorted(time, start))
    return events[first : None if end is None else int(np.searchsorted(time, end))]


def _polarity_packets(
    content: np.ndarray, path: Path, start: int | None, end: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offset, number of events and clock overflows of each packet that may touch the interval."""
    found: list[tuple[int, int, int]] = []
    view = content.data
    offset, latest = _after_header(content, path), 0
    while offset < len(view):
        if len(view) - offset < _PACKET.size:
            left = f"{len(view) - offset} bytes"
            raise DataFormatError(path, offset, f"a packet header of {_PACKET.size} bytes", left)
        kind, _, size, place, overflow, capacity, number, valid = _PACKET.unpack_from(view, offset)
        _check_packet(path, offset, kind, size, place, overflow, capacity, number, valid)
        body = offset + _PACKET.size
        if size * capacity > len(view) - body:
            raise DataFormatError(
                path, body, f"{capacity} events of {size} bytes", f"{len(view) - body} bytes"
            )
        if kind == _POLARITY and number:
            base = overflow << 31
            first = base + _TIME.unpack_from(view, body + 4)[0]
            last = base + _TIME.unpack_from(view, body + _SIZE * (number - 1) + 4)[0]
            if first < latest:
                expected = f"a time of {latest} us or later"
                raise DataFormatError(path, body + 4, expected, f"{first} us")
            latest = max(first, last)
            if (end is None or first < end) and (start is None or latest >= start):
                found.append((body, number, overflow))
        offset = body + size * capacity
    table = np.array(found, np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _check_packet(
    path: Path, at: int, kind: int, size: int, place: int, overflow: int, *counts: int
) -> None:
    capacity, number, valid = counts
    if kind < 0:
        raise DataFormatError(path, at, "an event type of 0 or more", f"{kind}")
    if size < 1 or (kind == _POLARITY and size != _SIZE):
        wanted = f"polarity events of {_SIZE} bytes" if kind == _POLARITY else "events of 1 byte up"
        raise DataFormatError(path, at + 4, wanted, f"{size}")
    if kind == _POLARITY and place != 4:
        raise DataFormatError(path, at + 8, "a time at byte 4 of an event", f"{place}")
    if overflow < 0:
        raise DataFormatError(path, at + 12, "0 or more clock overflows", f"{overflow}")
    if capacity < 0:
        raise DataFormatError(path, at + 16, "a capacity of 0 or more", f"{capacity}")
    if not 0 <= number <= capacity:
        raise DataFormatError(path, at + 20, f"at most {capacity} events", f"{number}")
    if not 0 <= valid <= number:
        raise DataFormatError(path, at + 24, f"at most {number} valid events", f"{valid}")


def _after_header(content: np.ndarray, path: Path) -> int:
    head = bytes(content[:_LONGEST_HEADER])
    if not head.startswith(VERSION):
        raise DataFormatError(path, 0, "#!AER-DAT3.1", repr(head[: len(VERSION)].decode("latin-1")))
    end = head.find(END)
    if end < 0:
        raise DataFormatError(path, len(head), "#!END-HEADER", "no such line")
    offset = 0
    for line in head[:end].splitlines(keepends=True):
        if not line.startswith(b"#") or not line.endswith(b"\r\n"):
            raise DataFormatError(path, offset, "a header line: # ... CR LF", "another line")
        if line.startswith(b"#Format:") and line != b"#Format: RAW\r\n":
            raise DataFormatError(path, offset, "#Format: RAW", line.strip().decode("latin-1"))
        offset += len(line)
    return end + len(END)
