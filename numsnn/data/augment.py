"""Random changes of training images that keep their class, by name.

Every change takes [N, ..., H, W], images or frames of events, moves all of a sample's channels
and time steps together, and returns a new array of the same shape and type.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from numsnn.errors import NumsnnError

Change = Callable[[np.ndarray, np.random.Generator, int], np.ndarray]


def flip(x: np.ndarray, rng: np.random.Generator, amount: int = 0) -> np.ndarray:
    """x[..., ::-1] for a random half of the samples: left and right exchanged."""
    chosen = rng.random(len(x)) < 0.5
    changed = x.copy()
    changed[chosen] = x[chosen, ..., ::-1]
    return changed


def crop(x: np.ndarray, rng: np.random.Generator, amount: int) -> np.ndarray:
    """Zeros of width `amount` around the image, then a random window of the old size."""
    pad = [(0, 0)] * (x.ndim - 2) + [(amount, amount)] * 2
    windows = sliding_window_view(np.pad(x, pad), x.shape[-2:], (-2, -1))
    down, right = rng.integers(2 * amount + 1, size=(2, len(x)))
    changed = np.empty_like(x, order="C")
    for row, window, i, j in zip(changed, windows, down, right, strict=True):
        row[...] = window[..., i, j, :, :]
    return changed


def cutout(x: np.ndarray, rng: np.random.Generator, amount: int) -> np.ndarray:
    """Zeros in a square of side `amount` around a random pixel, cut off at the border.

    DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout".
    """
    inside = []
    for side in x.shape[-2:]:
        start = rng.integers(side, size=(len(x), 1)) - amount // 2
        place = np.arange(side)
        inside.append((place >= start) & (place < start + amount))
    hole = inside[0][:, :, None] & inside[1][:, None, :]
    return np.where(hole.reshape(len(x), *[1] * (x.ndim - 3), *x.shape[-2:]), x.dtype.type(0), x)


def roll(x: np.ndarray, rng: np.random.Generator, amount: int) -> np.ndarray:
    """x shifted by -amount..amount along both axes, what leaves one side entering at the other."""
    down, right = rng.integers(-amount, amount + 1, size=(2, len(x)))
    changed = np.empty_like(x, order="C")
    for row, old, i, j in zip(changed, x, down, right, strict=True):
        row[...] = np.roll(old, (i, j), (-2, -1))
    return changed


CHANGES: dict[str, tuple[Change, bool]] = {  # the function, and whether it needs an amount
    "flip": (flip, False),
    "crop": (crop, True),
    "cutout": (cutout, True),
    "roll": (roll, True),
}


@dataclass(frozen=True)
class Augmentation:
    """Changes one after the other: `augmentation(x, rng)`. Made from text by `augmentation`."""

    steps: tuple[tuple[str, int], ...]

    def __call__(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if x.ndim < 3:
            raise NumsnnError(f"augmentation: expected [N, ..., H, W], found {x.shape}")
        for name, amount in self.steps:
            x = CHANGES[name][0](x, rng, amount)
        return x


def augmentation(text: str) -> Augmentation:
    """From names and amounts in pixels, as "flip,crop:4,cutout:16"; "" or "none" changes nothing.

    crop:1 suits 8x8 digits, flip,crop:4,cutout:16 CIFAR (MPBN, section 5), flip,roll:5 events
    at 48x48. Raises NumsnnError for an unknown name or a missing, needless or negative amount.
    """
    steps: list[tuple[str, int]] = []
    for part in [] if text in ("", "none") else text.split(","):
        name, colon, amount = part.strip().partition(":")
        if name not in CHANGES:
            raise NumsnnError(f"no augmentation called {name!r}: known are {', '.join(CHANGES)}")
        needed = CHANGES[name][1]
        if needed != bool(colon) or (needed and not amount.isdecimal()):
            wanted = f"{name}:PIXELS" if needed else name
            raise NumsnnError(f"augmentation: expected {wanted}, found {part.strip()!r}")
        steps.append((name, int(amount or 0)))
    return Augmentation(tuple(steps))
