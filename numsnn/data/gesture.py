"""DVS128 Gesture: long recordings, and tables that say which gesture happens when.

    trials_to_train.txt, trials_to_test.txt   one recording a line
    NAME.aedat, NAME_labels.csv               events; class, start and end in microseconds
    gesture_mapping.csv                       the names of the classes 1 to 11

Time that no row covers is skipped. Amir et al., "A Low Power, Fully Event-Based Gesture
Recognition System", CVPR 2017.
"""

from functools import partial
from pathlib import Path

import numpy as np

from numsnn.data.aedat3 import DVS128, read_aedat3
from numsnn.data.files import MissingDataError, find_file
from numsnn.data.names import read_integers, read_lines
from numsnn.data.recordings import Clip, Recordings, from_files
from numsnn.errors import DataFormatError

COLUMNS = "class,startTime_usec,endTime_usec"


def read_gestures(
    root: Path, name: str = "dvs-gesture"
) -> tuple[Recordings, np.ndarray, Recordings, np.ndarray, tuple[str, ...]]:
    """train_x, train_y, test_x, test_y, classes; a recording is one row of a label table.

    Times count from the start of the gesture. A split file that is absent leaves its part empty.

    Raises MissingDataError: neither split file, no mapping, or a listed recording is absent;
    DataFormatError: a table or a recording is not what it should be.
    """
    classes = read_mapping(find_file(root, ("gesture_mapping.csv",), name))
    splits = [root / f"trials_to_{part}.txt" for part in ("train", "test")]
    if not any(split.is_file() for split in splits):
        raise MissingDataError(f"{name}: neither {splits[0].name} nor {splits[1].name} in {root}")
    read = partial(read_aedat3, sensor=DVS128)
    parts: list[tuple[Recordings, np.ndarray]] = []
    for split in splits:
        clips, labels = _listed(split, len(classes), name) if split.is_file() else ([], [])
        parts.append((from_files(clips, DVS128, read), np.array(labels, np.int64)))
    return *parts[0], *parts[1], classes


def _listed(split: Path, classes: int, name: str) -> tuple[list[Clip], list[int]]:
    clips: list[Clip] = []
    labels: list[int] = []
    for offset, line in read_lines(split):
        if not line.endswith(".aedat") or "/" in line or "\\" in line:
            raise DataFormatError(split, offset, "the name of an .aedat file", line[:80])
        recording = find_file(split.parent, (line,), name)
        table = find_file(split.parent, (line.removesuffix(".aedat") + "_labels.csv",), name)
        for label, start, end in read_labels(table, classes):
            clips.append(Clip(recording, start, end))
            labels.append(label)
    return clips, labels


def read_labels(path: Path, classes: int = 11) -> list[tuple[int, int, int]]:
    """(label, start, end) a row, the label from 0; DataFormatError out of range or start >= end."""
    rows: list[tuple[int, int, int]] = []
    for offset, (label, start, end) in read_integers(path, COLUMNS):
        if not 1 <= label <= classes:
            raise DataFormatError(path, offset, f"a class from 1 to {classes}", f"{label}")
        if start >= end:
            raise DataFormatError(path, offset, "a start before the end", f"{start} and {end}")
        rows.append((label - 1, start, end))
    return rows


def read_mapping(path: Path) -> tuple[str, ...]:
    """The names of the classes, from lines `name,number` numbered 1, 2, 3, ..."""
    lines = read_lines(path)
    if not lines or lines[0][1] != "action,label":
        found = lines[0][1][:80] if lines else "no line"
        raise DataFormatError(path, lines[0][0] if lines else 0, "action,label", found)
    names: list[str] = []
    for offset, line in lines[1:]:
        name, number = (cell.strip() for cell in line.rpartition(",")[::2])
        if not name or number != str(len(names) + 1):
            raise DataFormatError(path, offset, f"a name and {len(names) + 1}", line[:80])
        names.append(name.replace("_", " ").strip())
    if not names:
        raise DataFormatError(path, path.stat().st_size, "names of classes", "none")
    return tuple(names)
