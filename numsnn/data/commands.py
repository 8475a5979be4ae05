"""`numsnn data list | check | fetch | show`: what there is, whether it is whole, how to get it."""

import argparse
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from numsnn.data.catalogue import CATALOGUE, Entry
from numsnn.data.dataset import Dataset, load
from numsnn.data.event_plots import animate, event_picture
from numsnn.data.fetch import fetch, verify
from numsnn.data.files import MissingDataError, data_folder
from numsnn.data.recordings import Recordings
from numsnn.data.sheets import contact_sheet
from numsnn.errors import DataFormatError, NumsnnError

_FOLDER_HELP = "folder of the data sets (else the variable NUMSNN_DATA)"


def add_data_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Adds `data` and its actions to `parser.add_subparsers()`; each sets `run`.

    `arguments.run(arguments)` gives the exit status: 0, or 1 if a checked set is not whole. It
    raises NumsnnError for whatever keeps the command from being carried out.
    """
    parser = subparsers.add_parser(
        "data",
        help="list, check, download and look at data sets",
        description=(
            "Data sets. The digits lie in the package; everything else lies in one folder, "
            "named by --data-dir or NUMSNN_DATA, in the official formats."
        ),
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the sets that have a name, and which are here")
    check = actions.add_parser("check", help="read sets whole: counts, classes, checksums")
    check.add_argument("names", nargs="*", metavar="NAME", help="default: every set that is here")
    check.add_argument("--sha256", action="store_true", help="print the digest of every file")
    get = actions.add_parser("fetch", help="download official files and check them")
    get.add_argument("names", nargs="+", metavar="NAME")
    get.add_argument(
        "--from", dest="downloads", type=Path, metavar="FOLDER",
        help="take the files from FOLDER, where you put them by hand, not from the network",
    )  # fmt: skip
    show = actions.add_parser("show", help="write a picture of a set to a file")
    show.add_argument("name", metavar="NAME", help="a set, or folder:PATH")
    show.add_argument("--out", type=Path, metavar="FILE", help="default: data_NAME.png")
    show.add_argument(
        "--animate", type=Path, metavar="FILE", help="also one recording of events as FILE (gif)"
    )
    for action, handler in ((listing, _list), (check, _check), (get, _fetch), (show, _show)):
        action.add_argument("--data-dir", metavar="DIR", help=_FOLDER_HELP)
        action.set_defaults(run=handler)
    return parser


def _list(arguments: argparse.Namespace) -> int:
    root = _root(arguments.data_dir)
    print(f"data folder: {root or 'none (pass --data-dir or set NUMSNN_DATA)'}\n")
    print(f"{'name':<20} {'record':<8} {'train / test here':<18} {'official':<16} what; licence")
    for name, entry in CATALOGUE.items():
        counts = "in the package" if not entry.folder else _counts_here(name, root)
        official = f"{entry.train:,} / {entry.test:,}"
        about = f"{entry.title}; {entry.licence}"
        print(f"{name:<20} {entry.shape:<8} {counts:<18} {official:<16} {about}")
    print("\nAlso folder:PATH for PATH/train/CLASS/IMAGE and PATH/test/CLASS/IMAGE.")
    return 0


def _counts_here(name: str, root: Path | None) -> str:
    """What a set's loader finds: counts, "-" for nothing, or that it is damaged."""
    if root is None:
        return "-"
    try:
        dataset = load(name, root, memory_map=True)
    except MissingDataError:
        return "-"
    except DataFormatError:
        return "damaged"
    return f"{len(dataset.train_y):,} / {len(dataset.test_y):,}"


def _check(arguments: argparse.Namespace) -> int:
    root = _root(arguments.data_dir)
    names = arguments.names or [
        name
        for name, entry in CATALOGUE.items()
        if not entry.folder or _counts_here(name, root) != "-"
    ]
    return max((_check_one(name, root, arguments.sha256) for name in names), default=0)


def _check_one(name: str, root: Path | None, sha256: bool) -> int:
    try:
        dataset = load(name, root)
        events = _read_all(dataset)
    except MissingDataError as error:
        print(f"{name}: not here: {error}")
        return 1
    except DataFormatError as error:
        print(f"{name}: NOT WHOLE: {error}")
        return 1
    entry = CATALOGUE.get(name)
    counts = len(dataset.train_y), len(dataset.test_y)
    note = ""
    if entry is not None:
        whole = counts == (entry.train, entry.test)
        official = f"reduced, official {entry.train:,} and {entry.test:,}"
        note = f" ({'the official counts' if whole else official})"
    print(f"{name}: {counts[0]:,} train, {counts[1]:,} test{note}{events}")
    for part, labels in (("train", dataset.train_y), ("test", dataset.test_y)):
        if len(labels):
            histogram = np.bincount(labels, minlength=len(dataset.classes))
            print(f"  {part} classes: {_histogram(histogram)}")
    if entry is not None and entry.folder and root is not None:
        folders = (root / folder for folder in (entry.folder, *entry.also))
        _report_files(entry, next(filter(Path.is_dir, folders)), sha256)
    return 0


def _report_files(entry: Entry, folder: Path, sha256: bool) -> None:
    print(f"  in {folder}")
    for source in entry.sources:
        if not source.unpack and (folder / source.file).is_file():
            print(f"  {source.file}: {_verdict(folder / source.file, source.digest)}")
    for path in sorted(folder.rglob("*")) if sha256 else ():
        if path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            print(f"  {digest}  {path.relative_to(folder).as_posix()}")


def _read_all(dataset: Dataset) -> str:
    """Reads every record of a set that stays on disk; says how many events there are."""
    totals = []
    for x in (dataset.train_x, dataset.test_x):
        if isinstance(x, Recordings):
            totals.append(sum(len(events) for events in x))
        elif not isinstance(x, np.ndarray):
            for i in range(len(x)):
                x[i]
    return f", {totals[0]:,} and {totals[1]:,} events" if totals else ""


def _histogram(counts: np.ndarray) -> str:
    if counts.min() == counts.max():
        return f"{counts[0]:,} of each of {len(counts)}"
    return " ".join(str(count) for count in counts)


def _verdict(path: Path, digest: str) -> str:
    try:
        verify(path, digest)
    except DataFormatError:
        return "not the official file (a reduced set is not)"
    return "the official file, byte for byte"


def _fetch(arguments: argparse.Namespace) -> int:
    given = arguments.data_dir or os.environ.get("NUMSNN_DATA")
    if not given:
        raise MissingDataError("fetch: where to? pass --data-dir DIR or set NUMSNN_DATA")
    for name in arguments.names:
        if name not in CATALOGUE:
            raise NumsnnError(f"no data set called {name!r}: known are {', '.join(CATALOGUE)}")
    for name in arguments.names:
        place = fetch(name, CATALOGUE[name], Path(given), arguments.downloads, print)
        print(f"{name}: in {place}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    dataset = load(arguments.name, arguments.data_dir)
    is_events = isinstance(dataset.train_x, Recordings)
    figure = event_picture(dataset) if is_events else contact_sheet(dataset)
    plain = arguments.name.replace("folder:", "").replace("/", "_").replace("\\", "_")
    out = arguments.out or Path(f"data_{plain}.png")
    figure.savefig(out)
    print(f"wrote {out}")
    if arguments.animate:
        if not is_events:
            raise NumsnnError(f"show: {arguments.name} holds images, only events can be animated")
        recording = dataset.train_x[0] if len(dataset.train_x) else dataset.test_x[0]
        animate(recording, dataset.train_x.sensor).save(arguments.animate, writer="pillow")
        print(f"wrote {arguments.animate}")
    return 0


def _root(data_dir: str | None) -> Path | None:
    try:
        return data_folder(data_dir)
    except MissingDataError:
        if data_dir is not None:
            raise
        return None
