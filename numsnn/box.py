"""Sums over the windows of an image, rows first, then columns. The transpose is another such sum."""

import math

import numpy as np

from numsnn import parallel
from numsnn.im2col import Pair, at_once, image_scratch, samples
from numsnn.layout import channels_last, empty
from numsnn.reduce import added

Array = np.ndarray


def box(x: Array, size: int, padding: Pair) -> Array:
    """y[i, j] = sum over a, b < size of x[i + a - top, j + b - left], 0 beyond x.

    x: [T, N, C, H, W], y: [T, N, C, H + 2 top - size + 1, W + 2 left - size + 1], laid out as x is;
    padding (top, left), where below 0 as much of x is left out. The transpose is box with padding
    size - 1 - padding.
    """
    (T, N, C, *sides), (top, left) = x.shape, padding
    H, W = (z + 2 * p - size + 1 for z, p in zip(sides, padding, strict=True))
    last = channels_last(x)
    y = empty((T, N, C, H, W), x.dtype, last)
    pixels, sums = (a.reshape(T * N, *a.shape[2:]).transpose(0, 2, 3, 1) for a in (x, y))

    def some(n: slice) -> None:
        lines = image_scratch("lines", (n.stop - n.start, H, sides[1], C), x.dtype, last)
        _neighbours(pixels[n].swapaxes(0, 1), size, top, lines.swapaxes(0, 1))
        _neighbours(lines.swapaxes(0, 2), size, left, sums[n].swapaxes(0, 2))

    parallel.run(some, list(samples(T * N, at_once(T * N, math.prod(sides) * C))))
    return y


def _neighbours(x: Array, size: int, padding: int, out: Array) -> None:
    """out[i] = sum over a < size of x[i + a - padding], 0 beyond x."""
    first, last = max(0, padding), min(len(out), len(x) - size + 1 + padding)
    if first < last:  # all of these neighbours are there
        inside = range(first - padding, first - padding + size)
        added([x[a : a + last - first] for a in inside], out[first:last])
    for i in (*range(first), *range(max(first, last), len(out))):
        there = x[max(0, i - padding) : max(0, i - padding + size)]
        np.copyto(out[i], there[0] if len(there) == 1 else there.sum(axis=0))
