"""NumPy's .npz archives, read without trust: no pickle, nothing allocated on a header's word.

An .npz is a zip archive of .npy members. Sizes come from the archive's directory; what the .npy
header claims must equal them before the array is made. A member that is stored uncompressed is
memory-mapped.
"""

import math
import os
import re
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from numsnn.data.files import LIMIT, map_bytes
from numsnn.errors import DataFormatError

_END = struct.Struct("<4sHHHHIIH")
_ENTRY = struct.Struct("<4sHHHHHHIIIHHHHHII")
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_HEADER = re.compile(
    rb"\{'descr': ?'([<>|=]?[biufU]\d{1,4})', ?'fortran_order': ?(False|True), ?"
    rb"'shape': ?\((\d{0,18}(?:, ?\d{1,18}){0,7}),?\),? ?\} *\n?"
)
_STORED, _DEFLATED = 0, 8


class Member(NamedTuple):
    """Where an array lies in the archive: its bytes, how they are packed, their checksum."""

    start: int
    packed: int
    size: int
    method: int
    crc: int


def read_npz(path: str | os.PathLike[str], limit: int = LIMIT) -> dict[str, np.ndarray]:
    """The arrays of an archive by name; no member may be larger than `limit` bytes.

    Raises DataFormatError: not a zip archive, damaged directory or member, unknown compression,
    a header that claims another size than its member has, object arrays.
    """
    path = Path(path)
    content = map_bytes(path)
    arrays: dict[str, np.ndarray] = {}
    for name, member in _directory(content, path, limit):
        if name.removesuffix(".npy") in arrays:
            raise DataFormatError(path, member.start, "names that differ", f"{name!r} twice")
        raw = _unpack(content, member, path)
        arrays[name.removesuffix(".npy")] = _parse_npy(raw, member, path)
    return arrays


def _directory(content: np.ndarray, path: Path, limit: int) -> list[tuple[str, Member]]:
    size = len(content)
    tail = bytes(content[max(0, size - 65557) :])
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise DataFormatError(path, size, "the end of a zip directory", "none")
    *_, entries, length, start, _ = _END.unpack_from(tail, at)
    end = size - len(tail) + at
    if start + length > end:
        raise DataFormatError(path, end + 12, f"a directory before byte {end}", f"{start + length}")
    directory, offset, found = bytes(content[start : start + length]), 0, []
    for _ in range(entries):
        here = directory[offset : offset + _ENTRY.size]
        if len(here) < _ENTRY.size or here[:4] != b"PK\x01\x02":
            raise DataFormatError(
                path, start + offset, f"{entries} directory entries", "other data"
            )
        entry = _ENTRY.unpack_from(directory, offset)
        flags, method, crc, packed, unpacked = entry[3], entry[4], *entry[7:10]
        name_at, skip, local = offset + _ENTRY.size, sum(entry[10:13]), entry[16]
        name = directory[name_at : name_at + entry[10]].decode("latin-1")
        if flags & 1 or method not in (_STORED, _DEFLATED):
            what = f"method {method}, flags {flags}"
            raise DataFormatError(path, start + offset + 8, "stored or deflated data", what)
        if not 10 <= unpacked <= min(limit, packed * 1032 + 64):
            allowed = f"10 to {min(limit, packed * 1032 + 64)} bytes from {packed} packed bytes"
            raise DataFormatError(path, start + offset + 24, allowed, f"{unpacked}")
        data = _data_start(content, local, start, path, start + offset + 42)
        if data + packed > start:
            raise DataFormatError(path, data, f"{packed} bytes of {name!r}", f"{start - data}")
        found.append((name, Member(data, packed, unpacked, method, crc)))
        offset = name_at + skip
    return found


def _data_start(content: np.ndarray, local: int, end: int, path: Path, at: int) -> int:
    if local + _LOCAL.size > end:
        raise DataFormatError(path, at, f"a member before byte {end}", f"one at byte {local}")
    head = _LOCAL.unpack(bytes(content[local : local + _LOCAL.size]))
    if head[0] != b"PK\x03\x04":
        raise DataFormatError(path, local, "a zip member", repr(head[0].decode("latin-1")))
    return local + _LOCAL.size + head[9] + head[10]


def _unpack(content: np.ndarray, member: Member, path: Path) -> np.ndarray:
    packed = content[member.start : member.start + member.packed]
    if member.method == _STORED:
        raw = packed
    else:
        stream = zlib.decompressobj(wbits=-15)
        try:
            raw = np.frombuffer(stream.decompress(packed.data, member.size + 1), np.uint8)
        except zlib.error as error:
            raise DataFormatError(path, member.start, "deflated data", "damaged data") from error
    if len(raw) != member.size:
        raise DataFormatError(path, member.start, f"{member.size} bytes", f"{len(raw)} or more")
    crc = zlib.crc32(raw.data)
    if crc != member.crc:
        raise DataFormatError(path, member.start, f"checksum {member.crc:#010x}", f"{crc:#010x}")
    return raw


def _parse_npy(raw: np.ndarray, member: Member, path: Path) -> np.ndarray:
    """Offsets in errors are those of the member; inside a deflated one no byte has its own."""
    at = member.start
    head = bytes(raw[:10])
    if head[:6] != b"\x93NUMPY" or tuple(head[6:8]) not in ((1, 0), (2, 0), (3, 0)):
        raise DataFormatError(path, at, "a .npy member", repr(head.decode("latin-1")))
    lead = 10 if head[6] == 1 else 12
    length = int.from_bytes(bytes(raw[8:lead]), "little")
    header = bytes(raw[lead : lead + min(length, 4096)])
    match = _HEADER.fullmatch(header)
    if match is None or length != len(header):
        found = repr(header[:80].decode("latin-1"))
        raise DataFormatError(path, at + lead, "a plain .npy header without objects", found)
    dtype = _dtype(match[1].decode(), path, at + lead)
    shape = tuple(int(n) for n in match[3].decode().split(",") if n.strip())
    body = len(raw) - lead - length
    if dtype.itemsize * math.prod(shape) != body or (0 in shape and max(shape) > body):
        raise DataFormatError(path, at + lead, f"{body} bytes of data", f"{dtype} {shape}")
    order = "F" if match[2] == b"True" else "C"
    return raw[lead + length :].view(dtype).reshape(shape, order=order)  # type: ignore[call-overload]


def _dtype(text: str, path: Path, at: int) -> np.dtype:
    try:
        dtype = np.dtype(text)
    except TypeError as error:
        raise DataFormatError(path, at, "a NumPy type", repr(text)) from error
    if dtype.itemsize == 0:
        raise DataFormatError(path, at, "a type with a size", repr(text))
    return dtype
