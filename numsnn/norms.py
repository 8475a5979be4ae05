"""Batch normalisation over chosen axes: plain, threshold-dependent (tdBN), or on a membrane (MPBN)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import Any, NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.errors import NumsnnError
from numsnn.layer import Array, Cotangents, Layer
from numsnn.layout import empty_like, over, written_out
from numsnn.reduce import sum_to
from numsnn.validate import cotangent, finite, inexact, one_precision, require


class Statistics(NamedTuple):
    """Mean and biased variance, in the shape in which they broadcast against x."""

    mean: Array
    variance: Array


@dataclass(frozen=True)
class BatchNorm(Layer):
    """y = scale gain (x - mean)/sqrt(variance + eps) + shift.

    Mean and biased variance are those of x over ``axes``. By default these are all axes along
    which gain and shift, aligned with x on the right, do not vary: ``shape`` (C, 1, 1) for images
    [T, N, C, H, W] normalises over T, N, H, W; (C,) for [T, N, C] over T, N; (C, H, W) element by
    element over T, N. ``scale`` is fixed, alpha * threshold for tdBN.

    Batch statistics leave in ``saved.statistics``; ``evaluating`` gives the layer that uses
    running ones. Raises NumsnnError where ``shape`` does not fit x, or where a statistic would
    come from a single number. tdBN eq. 5-8, MPBN eq. 4-5.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...] | None = None
    scale: float = 1.0
    eps: float = 1e-5
    name: str = ""
    stem = "norm"
    unkept = ("y", "d_x")

    class Params(NamedTuple):
        gain: Array  # shape
        shift: Array  # shape

    class Saved(NamedTuple):
        gain: Array
        x: Array
        deviation: Array  # sqrt(variance + eps)
        statistics: Statistics

    def __post_init__(self) -> None:
        _constants("BatchNorm", self)

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        """Gain 1, shift 0."""
        return self.Params(np.ones(self.shape, dtype), np.zeros(self.shape, dtype))

    def reduced(self, x: Array) -> tuple[int, ...]:
        """The axes of x over which the statistics run."""
        return _reduced(self.shape, self.axes and tuple(self.axes), x.shape)

    def forward(self, params: Params, x: Array) -> tuple[Array, Saved]:
        dtype = check("BatchNorm", self.shape, params, x)
        gain, shift = params
        tiles = self._tiles(x)
        mean, variance = self._statistics(x, tiles)
        if not np.isfinite(variance).all():
            finite("BatchNorm", "x", x)
            finite("BatchNorm", "the variance of x", variance)
        deviation = np.sqrt(variance + self.eps)
        y = empty_like(x, dtype)
        _scaled(x, mean, self.scale * gain / deviation, shift, y, tiles)
        return y, self.Saved(gain, x, deviation, Statistics(mean, variance))

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Params]:
        return self._backward(saved, d_y, empty_like(saved.x, self._cotangent(saved, d_y)))

    def backward_over(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Params]:
        """The same, with d_x in the place of d_y."""
        return self._backward(saved, d_y, over(d_y, saved.x, self._cotangent(saved, d_y)))

    def _backward(self, saved: Saved, d_y: Array, d_x: Array) -> tuple[Array, Params]:
        """d_x, filled, and d_params, the statistics' shares included; d_x may be ``d_y``."""
        gain, x, deviation, (mean, _) = saved
        tiles, fine = self._tiles(x), self._fine(x)
        centre, dtype = written_out(mean, x), np.result_type(d_y, x)

        def sums(n: tuple) -> Array:
            product = _centred(x[n], centre, dtype)
            product *= d_y[n]
            found = np.empty((2, *fine), dtype)
            found[0], found[1] = sum_to(d_y[n], fine), sum_to(product, fine)
            return found

        all_of_it, along = found = reduce(np.add, parallel.run(sums, tiles))
        along /= deviation  # the sum of d_y normal, normal = (x - mean)/deviation
        d_shift = sum_to(all_of_it, self.shape)
        d_gain = self.scale * sum_to(along, self.shape)
        # Through the statistics: the mean takes away what is common to a channel's d_normal, the
        # deviation takes away what of it lies along normal.
        slope, count = self.scale * gain, self._count(x)
        axes = tuple(axis + 1 for axis in self.reduced(x))
        common, along = self._whole((slope * found).sum(axis=axes, keepdims=True)) / count
        slope, common, along = slope / deviation, common / deviation, along / deviation**2
        offset = along * mean - common
        slope, along, offset = (written_out(c, x) for c in (slope, along, offset))

        def tile(n: tuple) -> None:
            # (d_normal - common - normal along) / deviation, what is alike for all in the offset
            d = np.multiply(slope, d_y[n], out=d_x[n])
            d -= np.multiply(along, x[n], out=parallel.scratch_like("along", d, d.dtype))
            d += offset

        parallel.run(tile, tiles)
        return d_x, self.Params(d_gain, d_shift)

    def _cotangent(self, saved: Saved, d_y: Array) -> np.dtype:
        """The dtype of d_x; refuses a cotangent that is not of the output's shape."""
        cotangent("BatchNorm.backward", d_y, saved.x.shape)
        return np.result_type(d_y, saved.x, saved.gain)

    @np.errstate(over="ignore", invalid="ignore")  # forward looks for what is not finite
    def _statistics(self, x: Array, tiles: list[tuple]) -> Statistics:
        """Mean and biased variance over the reduced axes, dimensions kept. tdBN eq. 7-8.

        Those of every tile while it is in a cache, then all of them ``together``.
        """
        kept = _kept(x.shape, self.reduced(x))

        def tile(n: tuple) -> tuple[int, Array, Array]:
            part = x[n]
            count = part.size // math.prod(kept)
            mean = sum_to(part, kept) / count
            apart = _centred(part, written_out(mean, part), x.dtype)
            return count, mean, sum_to(np.square(apart, out=apart), kept)

        mean, squares = together(*zip(*parallel.run(tile, tiles), strict=True))
        mean, squares = self._of_all(math.prod(x.shape) // math.prod(kept), mean, squares)
        return Statistics(mean, squares / self._count(x))

    def _of_all(self, count: int, mean: Array, squares: Array) -> tuple[Array, Array]:
        """Mean and squares about it over the batch, given those of ``count`` numbers: all of them."""
        return mean, squares

    def _whole(self, part: Array) -> Array:
        """A sum over the batch, given the sum over x: x is the batch."""
        return part

    def _count(self, x: Array) -> int:
        return math.prod(x.shape[axis] for axis in self.reduced(x))

    def _fine(self, x: Array) -> tuple[int, ...]:
        """The shape of x with 1 where neither the statistics nor the gain vary."""
        shape = (1,) * (x.ndim - len(self.shape)) + self.shape
        ones = tuple(axis for axis in self.reduced(x) if shape[axis] == 1)
        return _kept(x.shape, ones)

    def _tiles(self, x: Array) -> list[tuple]:
        """Tiles of x over steps and samples, where the statistics run over both; else all of x."""
        lead = x.ndim - len(self.shape)
        whole = [(slice(None),) * lead]
        return parallel.tiles(x.shape, lead) if set(range(lead)) <= set(self.reduced(x)) else whole


@dataclass(frozen=True)
class FixedNorm(Layer):
    """y = scale gain (x - mean)/sqrt(variance + eps) + shift, with mean and variance given.

    What ``evaluating`` puts in a BatchNorm's place: an affine map, no statistics of x in it.
    """

    shape: tuple[int, ...]
    statistics: Statistics = field(compare=False)
    scale: float = 1.0
    eps: float = 1e-5
    name: str = ""
    stem = "norm"
    unkept = ("y", "d_x")

    Params = BatchNorm.Params

    class Saved(NamedTuple):
        gain: Array
        x: Array
        deviation: Array

    def __post_init__(self) -> None:
        _constants("FixedNorm", self)
        for name, value in zip(Statistics._fields, self.statistics, strict=True):
            finite("FixedNorm", name, np.asarray(value))
        least = np.min(self.statistics.variance)
        require(least >= 0, f"FixedNorm: variance must be 0 or more, found {least}")

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> BatchNorm.Params:
        return self.Params(np.ones(self.shape, dtype), np.zeros(self.shape, dtype))

    def forward(self, params: BatchNorm.Params, x: Array) -> tuple[Array, Saved]:
        dtype = check("FixedNorm", self.shape, params, x)
        gain, shift = params
        finite("FixedNorm", "x", x)
        for name, value in zip(Statistics._fields, map(np.shape, self.statistics), strict=True):
            pairs = zip(reversed(value), reversed(x.shape), strict=False)
            fits = len(value) <= x.ndim and all(size in (1, given) for size, given in pairs)
            require(fits, f"FixedNorm: the {name} {value} does not fit x {x.shape}")
        mean, variance = self.statistics
        deviation = np.sqrt(variance + self.eps).astype(x.real.dtype)
        mean = mean.astype(x.real.dtype)
        y = empty_like(x, dtype)
        lead = min(2, x.ndim - max(map(_rank, (mean, deviation, gain))))
        tiles = parallel.tiles(x.shape, lead) if lead else [()]
        _scaled(x, mean, self.scale * gain / deviation, shift, y, tiles)
        return y, self.Saved(gain, x, deviation)

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, BatchNorm.Params]:
        gain, x, deviation = saved
        cotangent("FixedNorm.backward", d_y, x.shape)
        normal = (x - self.statistics.mean.astype(x.real.dtype)) / deviation
        d_shift = sum_to(d_y, self.shape)
        d_gain = self.scale * sum_to(d_y * normal, self.shape)
        d_x = (self.scale * gain) * d_y / deviation
        return d_x, self.Params(d_gain, d_shift)


def _centred(x: Array, centre: Array, dtype: Any) -> Array:
    """x - centre, in an array that the thread's next call uses again."""
    return np.subtract(x, centre, out=parallel.scratch_like("centred", x, dtype))


def together(
    counts: Sequence[int], means: Sequence[Array] | Array, squares: Sequence[Array] | Array
) -> tuple[Array, Array]:
    """The mean of several samples of numbers, and the sum of squares about it, from those of each.

    mean = sum of n_i m_i / n,  squares = sum of S_i + n_i (m_i - mean)^2. Chan, Golub and LeVeque,
    "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
    """
    if len(counts) == 1:
        return means[0], squares[0]
    whole = sum(counts)
    mean = reduce(np.add, (n / whole * m for n, m in zip(counts, means, strict=True)))
    apart = (n * np.square(m - mean) for n, m in zip(counts, means, strict=True))
    return mean, reduce(np.add, (*squares, *apart))


@lru_cache(1024)  # the same few shapes, asked for many times a step
def _reduced(
    shape: tuple[int, ...], axes: tuple[int, ...] | None, x_shape: tuple[int, ...]
) -> tuple[int, ...]:
    """The axes over which a BatchNorm of ``shape`` and ``axes`` reduces x."""
    rank = len(x_shape)
    lead = rank - len(shape)
    fits = lead >= 1 and all(size in (1, x_shape[lead + i]) for i, size in enumerate(shape))
    require(fits, f"BatchNorm: gain {shape} does not fit the last axes of x {x_shape}")
    if axes is not None:
        require(
            all(-rank <= axis < rank for axis in axes),
            f"BatchNorm: axes {axes} do not all exist in x {x_shape}",
        )
        axes = tuple(sorted(axis % rank for axis in axes))
    else:
        ones = (lead + i for i, size in enumerate(shape) if size == 1)
        axes = (*range(lead), *ones)
    count = math.prod(x_shape[axis] for axis in axes)
    require(
        count > 1,
        f"BatchNorm: statistics need more than one number, found {count} over the axes {axes} "
        f"of x {x_shape}",
    )
    return axes


@lru_cache(1024)  # the same few at every step
def _kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with 1 along some axes."""
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape))


def _scaled(
    x: Array, mean: Array, slope: Array, shift: Array, y: Array, tiles: list[tuple]
) -> None:
    """Fill y with (x - mean) slope + shift, tile by tile, as x slope + offset. tdBN eq. 5-6, MPBN eq. 4-5.

    x, y: [T, N, ...] or [N, ...]; the others broadcast against x, and do not vary where it is cut.
    """
    slope, offset = (written_out(c, x) for c in (slope, shift - mean * slope))

    def tile(n: tuple) -> None:
        scaled = np.multiply(x[n], slope, out=y[n])
        scaled += offset

    parallel.run(tile, tiles)


def _rank(constant: Array) -> int:
    """The number of axes of an array, without those of size 1 at its head."""
    sizes = constant.shape
    return len(sizes) - next((i for i, size in enumerate(sizes) if size > 1), len(sizes))


def check(op: str, shape: tuple[int, ...], params: BatchNorm.Params, x: Array) -> np.dtype:
    """The dtype of the result; refuses parameters that are not of ``shape`` or not of x's precision."""
    inexact(op, "x", x)
    if x.size == 0:
        raise NumsnnError(f"{op}: x must not be empty, found {x.shape}")
    for name, value in zip(params._fields, params, strict=True):
        if value.shape != shape:
            raise NumsnnError(f"{op}: {name} must be {shape}, found {value.shape}")
        finite(op, name, value)
    lead = x.ndim - len(shape)
    fits = lead >= 1 and all(size in (1, x.shape[lead + i]) for i, size in enumerate(shape))
    if not fits:
        raise NumsnnError(f"{op}: gain {shape} does not fit the last axes of x {x.shape}")
    return one_precision(op, x, gain=params.gain, shift=params.shift)


def _constants(op: str, norm: Any) -> None:
    """Make scale and eps Python floats, which never widen an array, and refuse a bad eps."""
    for name in ("scale", "eps"):
        object.__setattr__(norm, name, float(getattr(norm, name)))
    require(
        math.isfinite(norm.scale) and 0 < norm.eps < math.inf,
        f"{op}: scale must be finite and eps positive, found {norm.scale!r} and {norm.eps!r}",
    )
