"""Data: sets behind one front door, event cameras, encodings, augmentation, mini-batches."""

from numsnn.data.dataset import Dataset, as_float, load
from numsnn.data.files import MissingDataError

__all__ = ["Dataset", "MissingDataError", "as_float", "load"]
