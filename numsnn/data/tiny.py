"""Tiny ImageNet: as .npz archives of pixels, or as the official folder of JPEG files.

archives  train.npz, val.npz: data uint8 [N, 3 * S * S] (red, green, blue planes), labels
official  train/<wnid>/images/*.JPEG, val/images/*.JPEG, val/val_annotations.txt
both      wnids.txt, one class a line in label order; words.txt, `wnid TAB names`
"""

import math
from pathlib import Path

import numpy as np

from numsnn.data.files import find_file
from numsnn.data.images import FORMATS, ImageFiles
from numsnn.data.names import read_lines, read_names
from numsnn.data.npz import read_npz
from numsnn.errors import DataFormatError

_SET = "tiny-imagenet"
_SIDE = 64


def read_archives(
    root: Path,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[str, ...]]:
    """train_x, train_y, test_x, test_y, classes: images uint8 [N, 3, S, S], labels int64 [N].

    Raises DataFormatError: a damaged archive, arrays of another type or shape, labels outside
    the range, lines of words.txt without a name.
    """
    names = read_classes(root)
    train = read_pixels(find_file(root, ("train.npz",), _SET), len(names))
    return *train, *read_pixels(find_file(root, ("val.npz",), _SET), len(names)), names


def read_pixels(path: Path, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [N, 3, S, S] and labels int64 [N] of one archive."""
    arrays = read_npz(path)
    for key in ("data", "labels"):
        if key not in arrays:
            raise DataFormatError(path, 0, f"an array called {key!r}", f"{sorted(arrays)}")
    data, labels = arrays["data"], arrays["labels"]
    side = math.isqrt(data.shape[1] // 3) if data.ndim == 2 else 0
    if data.dtype != np.uint8 or side < 1 or data.shape[1] != 3 * side * side:
        raise DataFormatError(path, 0, "data uint8 [N, 3 S S]", f"{data.dtype} {data.shape}")
    if labels.dtype.kind not in "iu" or labels.shape != data.shape[:1]:
        found = f"{labels.dtype} {labels.shape}"
        raise DataFormatError(path, 0, f"labels, integers [{len(data)}]", found)
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        at = int(np.argmax(outside))
        raise DataFormatError(path, 0, f"labels below {classes}", f"{labels[at]} in row {at}")
    return data.reshape(-1, 3, side, side), labels.astype(np.int64)


def read_classes(root: Path) -> tuple[str, ...]:
    """The first name of each class of wnids.txt, from words.txt."""
    wnids = read_names(find_file(root, ("wnids.txt",), _SET))
    path = find_file(root, ("words.txt",), _SET)
    words: dict[str, str] = {}
    for offset, line in read_lines(path):
        wnid, tab, names = line.partition("\t")
        if not tab or not names.strip():
            raise DataFormatError(path, offset, "wnid, tab, names", line[:80])
        words[wnid] = names.split(",")[0].strip()
    for wnid in wnids:
        if wnid not in words:
            raise DataFormatError(path, path.stat().st_size, f"a line for {wnid}", "none")
    return tuple(words[wnid] for wnid in wnids)


def read_official(
    root: Path,
) -> tuple[ImageFiles, np.ndarray, ImageFiles, np.ndarray, tuple[str, ...]]:
    """train_x, train_y, test_x, test_y, classes of the official folder; the test part is val.

    Images are decoded when they are asked for (needs Pillow). Raises DataFormatError for an
    annotation of an unknown class or of an absent file.
    """
    wnids = read_names(find_file(root, ("wnids.txt",), _SET))
    paths: list[Path] = []
    labels: list[int] = []
    for label, wnid in enumerate(wnids):
        inside = sorted((root / "train" / wnid).rglob("*"))
        found = [path for path in inside if path.suffix.lower() in FORMATS]
        paths += found
        labels += [label] * len(found)
    annotations = find_file(root, ("val/val_annotations.txt",), _SET)
    val: list[Path] = []
    val_labels: list[int] = []
    for offset, line in read_lines(annotations):
        name, _, rest = line.partition("\t")
        wnid = rest.partition("\t")[0]
        if wnid not in wnids:
            raise DataFormatError(annotations, offset, "a file and a class of wnids.txt", line[:80])
        path = root / "val" / "images" / name
        if path.name != name or not path.is_file():
            raise DataFormatError(annotations, offset, f"a file in {path.parent}", name[:80])
        val.append(path)
        val_labels.append(wnids.index(wnid))
    size = (_SIDE, _SIDE)
    train_x, test_x = ImageFiles(tuple(paths), size), ImageFiles(tuple(val), size)
    classes = read_classes(root)
    return train_x, np.array(labels, np.int64), test_x, np.array(val_labels, np.int64), classes
