"""Small valid files of every format, and slow decoders that share no line with the readers.

A decoder here returns what a file holds, or None if it is not of its format: one record after
the other, with `struct`, as the format descriptions read.
"""

import gzip
import struct
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

EDGES = (0, 1, 0x7F, 0x80, 0xFF)


def idx(shape: tuple[int, ...] = (3, 2, 4), kind: int = 8) -> bytes:
    count = int(np.prod(shape))
    head = struct.pack(f">BBBB{len(shape)}I", 0, 0, kind, len(shape), *shape)
    return head + bytes((7 * i + 3) % 256 for i in range(count))


def slow_idx(raw: bytes) -> tuple[tuple[int, ...], list[float]] | None:
    forms = {8: "B", 9: "b", 0xB: "h", 0xC: "i", 0xD: "f", 0xE: "d"}
    if len(raw) < 4 or raw[0] or raw[1] or raw[2] not in forms or not 1 <= raw[3] <= 8:
        return None
    if len(raw) < 4 + 4 * raw[3]:
        return None
    shape = struct.unpack_from(f">{raw[3]}I", raw, 4)
    size = struct.calcsize(forms[raw[2]])
    count = 1
    for side in shape:
        count *= side
    body = raw[4 + 4 * raw[3] :]
    if 0 in shape or len(body) != count * size:
        return None
    return shape, [struct.unpack_from(">" + forms[raw[2]], body, size * i)[0] for i in range(count)]


def cifar(labels: list[tuple[int, ...]]) -> bytes:
    return b"".join(
        bytes(label) + bytes((11 * i + 5 * n) % 256 for i in range(3072))
        for n, label in enumerate(labels)
    )


Event = tuple[int, int, int, int]  # x, y, polarity, time


def aer(events: list[Event]) -> bytes:
    return b"".join(bytes((x, y, p << 7 | t >> 16, t >> 8 & 255, t & 255)) for x, y, p, t in events)


def slow_aer(raw: bytes, size: int = 34) -> list[Event] | None:
    events: list[Event] = []
    base = 0
    if not raw or len(raw) % 5:
        return None
    for at in range(0, len(raw), 5):
        x, y, high, middle, low = raw[at : at + 5]
        if y == 240:
            base += 8192
            continue
        event = (x, y, high // 128, (high % 128) * 65536 + middle * 256 + low + base)
        if x >= size or y >= size or (events and event[3] < events[-1][3]):
            return None
        events.append(event)
    return events


AEDAT3_HEADER = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n"


def packet(
    events: list[Event], kind: int = 1, overflow: int = 0, valid: list[int] | None = None
) -> bytes:
    valid = [1] * len(events) if valid is None else valid
    counts = len(events), len(events), sum(valid)
    head = struct.pack("<hhiiiiii", kind, 1, 8, 4, overflow, *counts)
    body = b"".join(
        struct.pack("<Ii", x << 17 | y << 2 | p << 1 | v, t)
        for (x, y, p, t), v in zip(events, valid, strict=True)
    )
    return head + body


def foreign_packet(size: int = 36, number: int = 2) -> bytes:
    """A packet of motion events (type 3), which a reader of polarity events skips."""
    head = struct.pack("<hhiiiiii", 3, 1, size, 4, 0, number, number, number)
    return head + bytes(range(size)) * number


def slow_aedat3(raw: bytes, side: int = 128) -> list[Event] | None:
    if not raw.startswith(b"#!AER-DAT3.1\r\n") or b"#!END-HEADER\r\n" not in raw:
        return None
    end = raw.index(b"#!END-HEADER\r\n")
    for line in raw[:end].split(b"\n")[:-1]:
        if not line.startswith(b"#") or not line.endswith(b"\r") or b"\r" in line[:-1]:
            return None
        if line.startswith(b"#Format:") and line != b"#Format: RAW\r":
            return None
    if raw[:end].split(b"\n")[-1]:
        return None
    at = end + 14
    events: list[Event] = []
    latest = 0
    while at < len(raw):
        if at + 28 > len(raw):
            return None
        kind, _, size, place, overflow, capacity, number, valid = struct.unpack_from(
            "<hhiiiiii", raw, at
        )
        polarity = kind == 1
        if kind < 0 or size < 1 or overflow < 0 or not 0 <= valid <= number <= capacity:
            return None
        if polarity and (size, place) != (8, 4):
            return None
        at += 28
        if at + size * capacity > len(raw):
            return None
        times = []
        for i in range(number if polarity else 0):
            word, low = struct.unpack_from("<Ii", raw, at + 8 * i)
            time = low + overflow * 2**31
            times.append(time)
            if word % 2 == 0:
                continue
            x, y = word // 2**17, word // 4 % 2**15
            if low < 0 or x >= side or y >= side or (events and time < events[-1][3]):
                return None
            events.append((x, y, word // 2 % 2, time))
        if times:
            if times[0] < latest:
                return None
            latest = max(times[0], times[-1])
        at += size * capacity
    return events


AEDAT2_HEADER = b"#!AER-DAT2.0\r\n# a raw file\r\n"


def aedat2(events: list[Event], header: bytes = AEDAT2_HEADER) -> bytes:
    """Events in this package's coordinates: the format's y counts from below."""
    return header + b"".join(
        struct.pack(">ii", (127 - y) << 8 | x << 1 | p, t) for x, y, p, t in events
    )


def slow_aedat2(raw: bytes) -> list[Event] | None:
    if not raw.startswith(b"#!AER-DAT2.0"):
        return None
    while raw.startswith(b"#"):
        if b"\n" not in raw:
            return None
        raw = raw[raw.index(b"\n") + 1 :]
    if len(raw) % 8:
        return None
    events: list[Event] = []
    latest = 0
    for at in range(0, len(raw), 8):
        address, time = struct.unpack_from(">ii", raw, at)
        if not 0 <= address < 2**16 or time < latest:
            return None
        latest = time
        if address < 2**15:
            events.append((address // 2 % 128, 127 - address // 256 % 128, address % 2, time))
    return events


def digits(rows: int = 3) -> bytes:
    line = ",".join(str(i % 17) for i in range(64))
    return b"".join(f"{line},{n % 10}\n".encode() for n in range(rows))


def slow_digits(raw: bytes) -> list[list[int]] | None:
    rows = []
    for line in raw.splitlines():
        cells = line.strip().split(b",")
        if len(cells) != 65:
            return None
        if not all(cell and set(cell) <= set(b"0123456789") and len(cell) < 3 for cell in cells):
            return None
        values = [int(cell) for cell in cells]
        if max(values[:64]) > 16 or values[64] > 9:
            return None
        rows.append(values)
    return rows or None


def packed(raw: bytes) -> bytes:
    return gzip.compress(raw, mtime=0)


@dataclass(frozen=True)
class Edit:
    """One change of a file: bytes [start, start + remove) replaced by `insert`."""

    start: int
    remove: int
    insert: bytes

    def __call__(self, raw: bytes) -> bytes:
        start = self.start % (len(raw) + 1)
        return raw[:start] + self.insert + raw[start + self.remove :]


def edits() -> st.SearchStrategy[list[Edit]]:
    """One to three changes: a byte set, a field set to an extreme, a piece cut, added or doubled."""
    place = st.integers(0, 1 << 16) | st.integers(0, 200)
    byte = st.sampled_from(EDGES) | st.integers(0, 255)
    one = st.builds(lambda at, b: Edit(at, 1, bytes([b])), place, byte)
    field = st.builds(lambda at, b: Edit(at, 4, bytes([b]) * 4), place, st.sampled_from(EDGES))
    cut = st.builds(lambda at, n: Edit(at, n, b""), place, st.integers(1, 40))
    tail = st.builds(lambda at: Edit(at, 1 << 20, b""), place)
    more = st.builds(lambda at, new: Edit(at, 0, new), place, st.binary(min_size=1, max_size=40))
    return st.lists(one | one | field | cut | tail | more, min_size=1, max_size=3)


def edited(raw: bytes, changes: list[Edit]) -> bytes:
    for change in changes:
        raw = change(raw)
    return raw


def as_tuples(events: np.ndarray) -> list[Event]:
    return [tuple(int(v) for v in event) for event in events.tolist()]
