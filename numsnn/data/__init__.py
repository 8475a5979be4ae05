"""Data: sets behind one front door, event cameras, encodings, augmentation, mini-batches."""

from numsnn.data.dataset import Dataset, as_float, as_frames, load
from numsnn.data.events import EVENT, Sensor
from numsnn.data.files import MissingDataError
from numsnn.data.frames import RECIPES, Recipe, to_frames

__all__ = [
    "EVENT",
    "RECIPES",
    "Dataset",
    "MissingDataError",
    "Recipe",
    "Sensor",
    "as_float",
    "as_frames",
    "load",
    "to_frames",
]
