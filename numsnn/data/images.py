"""A folder of image files a class, decoded one at a time when asked for. Needs Pillow.

    root/train/<class>/<image>    root/test/<class>/<image>  (or val)

Classes are the folders' names in order; images are PNG, JPEG or BMP, in order of name.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from numsnn.data.files import MissingDataError
from numsnn.data.rows import row_numbers
from numsnn.errors import DataFormatError

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP"}
_MOST_PIXELS = 1 << 26


def read_image(path: Path, size: tuple[int, int] | None = None) -> np.ndarray:
    """uint8 [3, H, W], red, green, blue; grey and palette images become colour.

    With `size` (H, W), the largest centred part of that shape, resized to it (bicubic).

    Raises DataFormatError: empty, damaged or foreign file, more than 2^26 pixels.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDataError(
            "reading image files needs Pillow: pip install numsnn[data]"
        ) from error
    if path.stat().st_size == 0:
        raise DataFormatError(path, 0, "an image", "an empty file")
    wanted = FORMATS.get(path.suffix.lower(), "PNG")
    damage: tuple[type[Exception], ...] = (OSError, SyntaxError, ValueError)  # Pillow's, all named
    damage += (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        with Image.open(path, formats=[wanted]) as image:
            extent = image.width * image.height
            colour = image.convert("RGB") if extent <= _MOST_PIXELS else None
    except damage as error:
        raise DataFormatError(path, 0, f"a whole {wanted} image", str(error)) from error
    if colour is None:
        raise DataFormatError(path, 0, f"at most {_MOST_PIXELS} pixels", f"{extent}")
    if size is not None:
        height, width = size
        scale = min(colour.height / height, colour.width / width)
        h, w = (max(1, round(side * scale)) for side in size)
        left, top = (colour.width - w) // 2, (colour.height - h) // 2
        cut = colour.crop((left, top, left + w, top + h))
        colour = cut.resize((width, height), Image.Resampling.BICUBIC)
    return np.ascontiguousarray(np.asarray(colour).transpose(2, 0, 1))


@dataclass(frozen=True)
class ImageFiles:
    """Image files as rows [3, H, W], uint8; files of another size are cut and resized to it."""

    paths: Sequence[Path]
    size: tuple[int, int]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.paths), 3, *self.size)

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Any) -> np.ndarray:
        wanted = row_numbers(index, len(self))
        if wanted.ndim == 0:
            return read_image(self.paths[int(wanted)], self.size)
        rows = np.empty((len(wanted), *self.shape[1:]), np.uint8)
        for row, number in zip(rows, wanted, strict=True):
            row[...] = read_image(self.paths[int(number)], self.size)
        return rows

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)


def read_folder(
    root: str | os.PathLike[str], size: tuple[int, int] | None = None
) -> tuple[ImageFiles, np.ndarray, ImageFiles, np.ndarray, tuple[str, ...]]:
    """train_x, train_y, test_x, test_y, classes. Without `size`, that of the first image.

    Raises MissingDataError: no train folder, no class, no image; DataFormatError: a test class
    that is no training class, a first image that cannot be read.
    """
    root = Path(root)
    train = root / "train"
    names = sorted(p.name for p in train.iterdir() if p.is_dir()) if train.is_dir() else []
    test = next((root / part for part in ("test", "val") if (root / part).is_dir()), None)
    paths, labels = _listed(train, names)
    if not paths:
        raise MissingDataError(f"no images in {train}: expected {train}/<class>/<image>")
    for folder in sorted(test.iterdir()) if test else ():
        if folder.is_dir() and folder.name not in names:
            raise DataFormatError(folder, 0, f"one of the classes {names}", folder.name)
    test_paths, test_labels = _listed(test, names) if test else ([], np.empty(0, np.int64))
    shape = size or read_image(paths[0]).shape[1:]
    height, width = shape
    train_x, test_x = (ImageFiles(tuple(p), (height, width)) for p in (paths, test_paths))
    return train_x, labels, test_x, test_labels, tuple(names)


def _listed(part: Path, names: list[str]) -> tuple[list[Path], np.ndarray]:
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(names):
        folder = part / name
        inside = sorted(folder.rglob("*")) if folder.is_dir() else []
        found = [path for path in inside if path.suffix.lower() in FORMATS and path.is_file()]
        paths += found
        labels += [label] * len(found)
    return paths, np.array(labels, np.int64)
