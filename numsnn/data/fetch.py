"""Download of official files: checked, unpacked aside, put in place at once or not at all."""

import contextlib
import gzip
import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from numsnn.data.catalogue import Entry, Source
from numsnn.data.files import MissingDataError
from numsnn.errors import DataFormatError

_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError)
Say = Callable[[str], None]


def fetch(name: str, entry: Entry, root: Path, downloads: Path | None, say: Say) -> Path:
    """Puts the official files of a set into `root / entry.folder`; returns that folder.

    Files come from the folder `downloads` if given, else from the network with pooch. Each is
    compared with its published checksum before it is opened. Archives are unpacked into a
    temporary folder beside the final one, which then takes its name: an interruption at any
    moment leaves no half-written set. `say` hears of each step, and what to do by hand.

    Raises MissingDataError: the set cannot be downloaded, no network, pooch is not installed, the
    place is taken; DataFormatError: a file is not the published one.
    """
    place = root / entry.folder
    if not entry.sources:
        raise MissingDataError(f"{name}: there is no official file to download ({entry.licence})")
    if place.exists() and any(place.iterdir()):
        raise MissingDataError(f"{name}: {place} holds files already; `numsnn data check {name}`")
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".numsnn-", dir=root) as aside:
        fresh = Path(aside) / "set"
        fresh.mkdir()
        for source in entry.sources:
            try:
                path = _obtain(name, source, Path(aside), downloads, say)
            except MissingDataError:
                say(by_hand(name, entry))
                raise
            if source.unpack:
                say(f"unpacking {source.file}")
                _unpack(path, source.unpack, fresh, entry.folder)
            else:
                shutil.copyfile(path, fresh / source.file)
        if place.exists():
            place.rmdir()  # empty, as checked above
        os.replace(fresh, place)
    return place


def _obtain(name: str, source: Source, aside: Path, downloads: Path | None, say: Say) -> Path:
    if downloads is not None:
        path = downloads / source.file
        if not path.is_file():
            raise MissingDataError(f"{name}: {path} does not exist")
        verify(path, source.digest)
        return path
    if not source.url:
        raise MissingDataError(f"{name} has no direct link: it must be downloaded by hand")
    try:
        import pooch
    except ImportError as error:
        raise MissingDataError("downloading needs pooch: pip install numsnn[data]") from error
    say(f"downloading {source.url}")
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")  # its advice about hashes is not for the user of this command
    try:
        file = pooch.retrieve(source.url, None, source.file, aside, progressbar=sys.stderr.isatty())
    except (OSError, ValueError) as error:  # requests' errors are OSErrors
        raise MissingDataError(f"{source.url} could not be downloaded: {error}") from error
    finally:
        logger.setLevel(level)
    verify(Path(file), source.digest)
    return Path(file)


def by_hand(name: str, entry: Entry) -> str:
    """What to do without a network: which files, from where, and the command that places them."""
    lines = [f"To get {name} by hand, download"]
    lines += [f"  {source.url or entry.by_hand} as {source.file}" for source in entry.sources]
    lines.append(f"into a folder, then: numsnn data fetch {name} --from FOLDER")
    return "\n".join(lines)


def verify(path: Path, digest: str) -> None:
    """DataFormatError unless the file has the digest "sha256:..." or "md5:..."."""
    kind, _, wanted = digest.partition(":")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False))
    if found.hexdigest() != wanted:
        raise DataFormatError(path, 0, f"a file of {kind} {wanted}", found.hexdigest())


def _unpack(archive: Path, prefix: str, fresh: Path, folder: str) -> None:
    """Regular members below `prefix`, which is dropped if it is the set's own folder."""
    kept = 0
    try:
        for member, stream in _members(archive):
            parts = PurePosixPath(member).parts
            if not member.startswith(prefix) or ".." in parts or "__MACOSX" in parts:
                continue
            target = fresh.joinpath(*parts[1 if prefix == folder + "/" else 0 :])
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                shutil.copyfileobj(stream, file, 1 << 20)
            kept += 1
    except _DAMAGE as error:
        raise DataFormatError(archive, 0, "a whole archive", str(error)) from error
    if not kept:
        raise DataFormatError(archive, 0, f"members below {prefix}", "none")


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of each regular file of a .zip or .tar.gz; raises one of `_DAMAGE`."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as files:
            for info in files.infolist():
                if not info.is_dir():
                    with files.open(info) as stream:
                        yield info.filename, stream
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                with contextlib.closing(content):
                    yield member.name.removeprefix("./"), content
