"""Still images as input over time, and the scaling of their channels.

Every encoding turns [N, ...] into [T, N, ...] and keeps the floating type.
"""

from dataclasses import dataclass

import numpy as np

from numsnn.data.dataset import as_float
from numsnn.data.rows import Rows
from numsnn.errors import NumsnnError


def direct(x: np.ndarray, steps: int) -> np.ndarray:
    """input[t] = x for every t: a view of stride 0 over time, which costs no memory."""
    return np.broadcast_to(x, (_checked(steps), *x.shape))


def rate(x: np.ndarray, steps: int, rng: np.random.Generator) -> np.ndarray:
    """input[t] = 1 with probability x, else 0, independently each step (Poisson coding).

    Raises NumsnnError unless x lies in [0, 1].
    """
    _in_unit_range("rate", x)
    chance = rng.random((_checked(steps), *x.shape), dtype=np.float32)
    return (chance < x).astype(x.dtype)


def latency(x: np.ndarray, steps: int) -> np.ndarray:
    """input[t] = 1 at t = round((1 - x) (T - 1)), else 0: bright first, black (x = 0) never.

    Raises NumsnnError unless x lies in [0, 1].
    """
    _in_unit_range("latency", x)
    first = np.rint((1 - x) * (_checked(steps) - 1))
    time = np.arange(steps).reshape(-1, *[1] * x.ndim)
    return ((time == first) & (x > 0)).astype(x.dtype)


def time_first(x: np.ndarray) -> np.ndarray:
    """[N, T, 2, H, W] -> [T, N, 2, H, W], contiguous: frames of events as a network takes them."""
    if x.ndim != 5:
        raise NumsnnError(f"time_first: expected [N, T, 2, H, W], found {x.shape}")
    return np.ascontiguousarray(np.moveaxis(x, 1, 0))


@dataclass(frozen=True)
class Standardise:
    """(x / 255 - mean) / std, a number each a channel: tdBN, supplement C.

    mean, std [C]. Takes uint8 or floating [..., C, H, W]; uint8 is scaled to [0, 1] first.
    Raises NumsnnError for std not above 0: a constant channel cannot be standardised.
    """

    mean: np.ndarray
    std: np.ndarray

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or self.mean.shape != self.std.shape:
            found = f"{self.mean.shape} and {self.std.shape}"
            raise NumsnnError(f"Standardise: mean and std must both be [C], found {found}")
        if not np.all(self.std > 0):
            raise NumsnnError(f"Standardise: std must be above 0 in every channel: {self.std}")

    def __call__(self, x: np.ndarray) -> np.ndarray:
        x = as_float(x)
        if x.ndim < 3 or x.shape[-3] != len(self.mean):
            raise NumsnnError(
                f"Standardise: x has shape {x.shape}, mean expects {len(self.mean)} channels "
                f"on its third axis from the end"
            )
        mean, std = (v.astype(x.dtype)[:, None, None] for v in (self.mean, self.std))
        return (x - mean) / std


def channel_statistics(x: Rows, chunk: int = 1024) -> Standardise:
    """Mean and standard deviation of each channel over all images [N, C, H, W] and pixels.

    One pass in chunks, float64, so that a set on disk is never in memory at once. Give it the
    training part only. Raises NumsnnError for an empty set or another rank.
    """
    if len(x.shape) < 4 or not len(x):
        raise NumsnnError(f"channel_statistics: expected [N, C, H, W], N > 0, found {x.shape}")
    count, mean, squares = 0, np.zeros(x.shape[-3]), np.zeros(x.shape[-3])
    for start in range(0, len(x), chunk):
        part = as_float(np.asarray(x[start : start + chunk])).astype(np.float64)
        axes = tuple(axis for axis in range(part.ndim) if axis != part.ndim - 3)
        here = part.size // len(mean)
        centre = part.mean(axes)
        spread = np.square(part - centre[:, None, None]).sum(axes)
        total = count + here
        squares += spread + (centre - mean) ** 2 * (count * here / total)
        mean += (centre - mean) * (here / total)
        count = total
    return Standardise(mean, np.sqrt(squares / count))


def _checked(steps: int) -> int:
    if steps < 1:
        raise NumsnnError(f"encoding: expected 1 or more time steps, found {steps}")
    return steps


def _in_unit_range(name: str, x: np.ndarray) -> None:
    if not np.issubdtype(x.dtype, np.floating):
        raise NumsnnError(f"{name}: expected floating values in [0, 1], found {x.dtype}")
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise NumsnnError(f"{name}: expected values in [0, 1], found {x.min()} to {x.max()}")
