"""mean = sum(u)/n, variance = sum((u - mean)^2)/n over stated axes, and their backward by hand.

Sums are accumulated in double precision, elements stay in the membrane's own dtype. Only analytic
operations touch live values, so that a complex membrane carries its tangent through.
"""

from typing import Any, NamedTuple

import numpy as np

from numsnn.errors import NumsnnError

ACCUMULATOR = {"f": np.float64, "c": np.complex128}


class Moments(NamedTuple):
    """Statistics that keep the reduced axes as axes of length 1."""

    mean: Any  # double precision, one number a group
    variance: Any  # biased; exactly 0 where every element of the group is equal
    centred: np.ndarray  # u - mean, in the dtype and shape of u
    size: int  # elements a group


def channel_axes(membrane: np.ndarray) -> tuple[int, ...]:
    """Every axis but the channels': T and N, and H and W where there are."""
    return tuple(axis for axis in range(membrane.ndim) if axis != 2)


def step_axes(membrane: np.ndarray) -> tuple[int, ...]:
    """Every axis but time: all neurons of a layer, over the batch."""
    return tuple(range(1, membrane.ndim))


def moments(membrane: np.ndarray, axes: tuple[int, ...]) -> Moments:
    """mean and biased variance of the membrane over the axes."""
    wide = ACCUMULATOR[membrane.dtype.kind]
    size = int(np.prod([membrane.shape[axis] for axis in axes]))
    # Measured from one of its own values, a constant group has exactly no spread.
    first = membrane[
        tuple(slice(1) if axis in axes else slice(None) for axis in range(membrane.ndim))
    ]
    with np.errstate(over="ignore", invalid="ignore"):
        centred = membrane - first.real
        offset = centred.mean(axis=axes, keepdims=True, dtype=wide)
        centred -= offset.astype(membrane.dtype)
        variance = np.square(centred).mean(axis=axes, keepdims=True, dtype=wide)
    if not np.isfinite(variance).all():
        raise NumsnnError(f"moments: the variance of the membrane overflows {membrane.dtype}")
    return Moments(first.real + offset, variance, centred, size)


def moments_backward(saved: Moments, d_mean: Any, d_variance: Any) -> np.ndarray:
    """d_u = d_mean/n + d_variance * 2 (u - mean)/n; mean's own motion cancels in the variance."""
    dtype = saved.centred.dtype
    offset = (d_mean / saved.size).astype(dtype)
    scale = (2 * d_variance / saved.size).astype(dtype)
    return offset + scale * saved.centred


def standard_deviation(saved: Moments) -> Any:
    """std = sqrt(variance), and exactly 0, without a tangent, where there is no spread."""
    alive = _alive(saved)
    return np.where(alive, np.sqrt(np.where(alive, saved.variance, 1)), 0)


def standard_deviation_backward(saved: Moments, std: Any, d_std: Any) -> Any:
    """d_variance = d_std / (2 std), taken as 0 in a group without spread."""
    alive = _alive(saved)
    return np.where(alive, d_std / (2 * np.where(alive, std, 1)), 0)


def _alive(saved: Moments) -> np.ndarray:
    """Where the variance is a normal number; below that 1/std could overflow."""
    return saved.variance.real >= np.finfo(saved.centred.dtype).tiny


def positive_part(x: Any) -> Any:
    """(x)_+ = max(x, 0), by the real part, its slope at 0 taken as 0."""
    return np.where(x.real > 0, x, 0)
