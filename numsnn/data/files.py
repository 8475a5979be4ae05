"""Where data lies, and how bytes are read without trusting them.

Every reader in this package goes through two functions here: `read_bytes`, which never holds more
than the caller allowed, however small a compressed file looked, and `map_bytes`, which holds
nothing at all. What a file claims about itself is compared with its real size first.
"""

import os
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from numsnn.errors import DataFormatError, NumsnnError

GZIP_MAGIC = b"\x1f\x8b"
LIMIT = 1 << 31  # decompressed bytes a reader accepts unless told otherwise: 2 GiB
_CHUNK = 1 << 20


class MissingDataError(NumsnnError):
    """A data set is not on this machine: says which file, where it was sought, how to get it."""


def data_folder(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """The folder that holds the data sets: the argument, else the variable NUMSNN_DATA.

    Raises MissingDataError if neither is given or the folder does not exist.
    """
    chosen = data_dir if data_dir is not None else os.environ.get("NUMSNN_DATA")
    if not chosen:
        raise MissingDataError(
            "no data folder: pass data_dir (--data-dir) or set the variable NUMSNN_DATA to the "
            "folder with the sets; `numsnn data list` shows what each needs, "
            "`numsnn data fetch NAME` downloads one"
        )
    folder = Path(chosen)
    if not folder.is_dir():
        raise MissingDataError(f"data folder {folder} does not exist")
    return folder


def find_file(root: Path, choices: tuple[str, ...], name: str) -> Path:
    """The first of `choices` (paths below `root`) that exists; MissingDataError if none does."""
    for choice in choices:
        if (root / choice).is_file():
            return root / choice
    raise MissingDataError(
        f"{name}: none of {', '.join(choices)} in {root}; `numsnn data fetch {name}` downloads it, "
        f"or see `numsnn data list` for the files to place there"
    )


def read_bytes(path: str | os.PathLike[str], limit: int = LIMIT) -> bytes:
    """The content of a file, decompressed if it is gzip: at most `limit` bytes.

    Raises DataFormatError for an empty, truncated or damaged file and for one whose content is
    longer than `limit` (a compression bomb stops there: nothing past the limit is ever held).
    Offsets count in the compressed file where the compression is at fault, in the content else.
    """
    path = Path(path)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise DataFormatError(path, 0, "a file with content", "an empty file")
        magic = file.read(len(GZIP_MAGIC))
        file.seek(0)
        if magic == GZIP_MAGIC:
            return _inflate(file, path, limit)
        if size > limit:
            raise DataFormatError(path, limit, f"at most {limit} bytes", f"{size} bytes")
        return file.read(size)


def _inflate(file: BinaryIO, path: Path, limit: int) -> bytes:
    """gzip members one after the other, as the format allows, into at most `limit` bytes."""
    content = bytearray()
    stream = zlib.decompressobj(wbits=31)
    fed, pending = 0, b""
    while True:
        if not pending:
            pending = file.read(_CHUNK)
            fed += len(pending)
            if not pending:
                break
        if stream.eof:  # the last member ended: zero padding, or another member
            pending = pending.lstrip(b"\0")
            if not pending:
                continue
            stream = zlib.decompressobj(wbits=31)
        start = fed - len(pending)
        try:
            content += stream.decompress(pending, min(limit + 1 - len(content), _CHUNK))
        except zlib.error as error:
            raise DataFormatError(
                path, start, "gzip data", f"damaged data in the {len(pending)} bytes from here"
            ) from error
        if len(content) > limit:
            raise DataFormatError(path, limit, f"at most {limit} bytes of content", "more")
        pending = stream.unused_data if stream.eof else stream.unconsumed_tail
    if not stream.eof:
        raise DataFormatError(path, fed, "the rest of the gzip data", "end of file")
    return bytes(content)


def gzip_head(path: Path, count: int) -> bytes:
    """At most the first `count` bytes of a gzip file's content, without reading the rest."""
    with path.open("rb") as file:
        stream, head = zlib.decompressobj(wbits=31), b""
        while len(head) < count and not stream.eof and (raw := file.read(512)):
            try:
                head += stream.decompress(raw, count - len(head))
            except zlib.error as error:
                raise DataFormatError(path, 0, "gzip data", "damaged data") from error
    return head


def is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(GZIP_MAGIC)) == GZIP_MAGIC


def map_bytes(path: str | os.PathLike[str]) -> np.ndarray:
    """The content of an uncompressed file as a read-only uint8 array that stays on disk."""
    path = Path(path)
    if path.stat().st_size == 0:
        raise DataFormatError(path, 0, "a file with content", "an empty file")
    return np.memmap(path, dtype=np.uint8, mode="r")
