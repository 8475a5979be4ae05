"""IDX, the format of MNIST and its relatives: a typed array of any rank, gzip or not.

byte 0-1   zero
byte 2     type: 8 uint8, 9 int8, B int16, C int32, D float32, E float64, big-endian
byte 3     rank
then       one big-endian uint32 a dimension, then the values, row-major
"""

import math
import os
from pathlib import Path

import numpy as np

from numsnn.data.files import LIMIT, gzip_head, is_gzip, map_bytes, read_bytes
from numsnn.errors import DataFormatError

TYPES: dict[int, np.dtype] = {
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_MAX_RANK = 8
_DEFLATE = 1032  # the most bytes that one compressed byte can become


def read_idx(path: str | os.PathLike[str], limit: int = LIMIT) -> np.ndarray:
    """The array of an IDX file, in the machine's byte order.

    An uncompressed uint8 file is memory-mapped: nothing is read until it is used. The size that
    the header claims is checked against the file before anything of that size is allocated.

    Raises DataFormatError: wrong magic, truncated or overlong body, damaged gzip, over `limit`.
    """
    path = Path(path)
    compressed, size = is_gzip(path), path.stat().st_size
    if compressed:
        head = gzip_head(path, 4 + 4 * _MAX_RANK)
        available = min(size * _DEFLATE, limit)
    else:
        head = bytes(map_bytes(path)[: 4 + 4 * _MAX_RANK])
        available = size
    dtype, shape = _parse_header(head, path)
    start = 4 + 4 * len(shape)
    end = start + math.prod(shape) * dtype.itemsize
    if end > available:
        raise DataFormatError(
            path, start, f"{end - start} bytes for {dtype.name} {shape}", _found(compressed, size)
        )
    content = np.frombuffer(read_bytes(path, end), np.uint8) if compressed else map_bytes(path)
    if content.size != end:
        raise DataFormatError(
            path, min(content.size, end), f"{end} bytes in all", f"{content.size} bytes"
        )
    values = content[start:].view(dtype).reshape(shape)
    return values if dtype.isnative else values.astype(dtype.newbyteorder("="))


def _parse_header(head: bytes, path: Path) -> tuple[np.dtype, tuple[int, ...]]:
    if len(head) < 4:
        raise DataFormatError(path, len(head), "a 4-byte IDX magic number", "end of file")
    if head[:2] != b"\0\0":
        raise DataFormatError(path, 0, "IDX magic: two zero bytes", f"{head[:2].hex()} (hex)")
    if head[2] not in TYPES:
        raise DataFormatError(path, 2, "IDX type 8, 9, B, C, D or E (hex)", f"{head[2]:X}")
    rank = head[3]
    if not 1 <= rank <= _MAX_RANK:
        raise DataFormatError(path, 3, f"1 to {_MAX_RANK} dimensions", f"{rank}")
    if len(head) < 4 + 4 * rank:
        raise DataFormatError(path, len(head), f"{rank} dimensions of 4 bytes", "end of file")
    shape = tuple(int(n) for n in np.frombuffer(head, ">u4", rank, 4))
    if 0 in shape:
        raise DataFormatError(path, 4 + 4 * shape.index(0), "a dimension of 1 or more", "0")
    return TYPES[head[2]], shape


def _found(compressed: bool, size: int) -> str:
    return f"a gzip file of {size} bytes" if compressed else f"a file of {size} bytes"


def read_labelled(
    images: Path, labels: Path, classes: int, limit: int = LIMIT
) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [N, 1, H, W] and labels int64 [N] of two IDX files that belong together.

    Raises DataFormatError also for another type or rank, counts that differ, labels >= `classes`.
    """
    x, y = read_idx(images, limit), read_idx(labels, limit)
    for path, array, rank in ((images, x, 3), (labels, y, 1)):
        if array.dtype != np.uint8:
            raise DataFormatError(path, 2, "unsigned bytes (type 8)", array.dtype.name)
        if array.ndim != rank:
            raise DataFormatError(path, 3, f"{rank} dimensions", f"{array.ndim}")
    if len(x) != len(y):
        raise DataFormatError(
            labels, 4, f"{len(x)} labels, one an image of {images.name}", f"{len(y)}"
        )
    if (y >= classes).any():
        first = int(np.argmax(y >= classes))
        raise DataFormatError(labels, 8 + first, f"a label below {classes}", f"{y[first]}")
    return x[:, None], y.astype(np.int64)
