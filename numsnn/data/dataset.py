"""One front door: `load(name)` gives a `Dataset`, whatever the files behind it look like."""

import os
from typing import Any, NamedTuple

import numpy as np

from numsnn.data.frames import Frames, Recipe, find_recipe
from numsnn.data.recordings import Recordings
from numsnn.errors import NumsnnError


class Dataset(NamedTuple):
    """A training and a test part.

    Images are [N, C, H, W]: float32 in [0, 1], or uint8 as on disk (`as_float` scales a batch).
    Event sets hold `Recordings`, or with a recipe `Frames`: float32 [N, T, 2, H, W]. Labels are
    int64 [N], an index into `classes`. Whatever is not an array still has `len`, and gives rows
    for an index array.
    """

    train_x: Any
    train_y: np.ndarray
    test_x: Any
    test_y: np.ndarray
    classes: tuple[str, ...]
    name: str


def load(
    name: str,
    data_dir: str | os.PathLike[str] | None = None,
    *,
    recipe: str | Recipe | None = None,
    memory_map: bool = False,
) -> Dataset:
    """The data set called `name`, from the package or from the data folder.

    The folder is `data_dir`, else the environment variable NUMSNN_DATA. A reduced set (fewer
    records in the same format) loads the same way. "folder:PATH" is a folder of images a class,
    PATH below the data folder or absolute. With `memory_map`, uncompressed files stay on disk
    and rows are read as they are used. `recipe` turns recordings of events into frames.

    Raises NumsnnError for an unknown name, MissingDataError for absent files, DataFormatError for
    damaged ones.
    """
    from numsnn.data.loaders import LOADERS, load_folder  # they build Datasets

    if name.startswith("folder:"):
        dataset = load_folder(data_dir, name)
    elif name in LOADERS:
        dataset = LOADERS[name](data_dir, name, memory_map)
    else:
        known = ", ".join((*LOADERS, "folder:PATH"))
        raise NumsnnError(f"no data set called {name!r}: known are {known}")
    return dataset if recipe is None else as_frames(dataset, recipe)


def as_frames(dataset: Dataset, recipe: str | Recipe) -> Dataset:
    """A set of recordings as a set of frames [N, T, 2, H, W], made when they are asked for.

    Raises NumsnnError for a set of images and for an unknown recipe.
    """
    made = find_recipe(recipe)
    if not isinstance(dataset.train_x, Recordings):
        raise NumsnnError(f"{dataset.name} holds images: only events become frames by a recipe")
    train, test = Frames(dataset.train_x, made), Frames(dataset.test_x, made)
    return dataset._replace(train_x=train, test_x=test)


def as_float(x: np.ndarray) -> np.ndarray:
    """x / 255 for uint8, float32 in [0, 1]; floating arrays pass unchanged.

    Raises NumsnnError for any other type: an int64 image has no agreed scale.
    """
    if x.dtype == np.uint8:
        return x.astype(np.float32) * np.float32(1 / 255)
    if np.issubdtype(x.dtype, np.floating):
        return x
    raise NumsnnError(f"as_float: expected uint8 or floating values, found {x.dtype}")
