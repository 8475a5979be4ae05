"""Sums down to a parameter's shape: the transpose of broadcasting the parameter up."""

from functools import lru_cache

import numpy as np

Array = np.ndarray

PIECE = 1 << 13  # numbers in one inner product: longer ones BLAS may split over threads its own way


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """Sum x over the axes along which ``shape``, aligned on the right, does not vary."""
    axes, kept = _axes(x.ndim, shape)
    if not kept:
        return total(x).reshape(shape)
    if len(kept) == 1 and x.strides[kept[0]] == x.itemsize:
        return _column_sums(x.transpose(*axes, *kept)).reshape(shape)
    return x.sum(axis=axes).reshape(shape)


@lru_cache(1024)  # the same few at every step
def _axes(rank: int, shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes along which ``shape`` does not vary, and those along which it does."""
    lead = rank - len(shape)
    axes = (*range(lead), *(lead + i for i, size in enumerate(shape) if size == 1))
    return axes, tuple(axis for axis in range(rank) if axis not in axes)


def _column_sums(x: Array) -> Array:
    """The sum over all axes but the last, whose numbers are neighbours: a row of ones times x.

    As a product it is several times faster than a sum over few columns.
    """
    columns = x.shape[-1]
    height = max(1, PIECE // columns)
    rows = x.reshape(-1, columns)
    rest = len(rows) % height
    total = _ones(rest, x.dtype) @ rows[len(rows) - rest :]
    if rest < len(rows):
        pieces = rows[: len(rows) - rest].reshape(-1, height, columns)
        total += np.matmul(_ones(height, x.dtype), pieces).sum(axis=0)
    return total


def contract(x: Array, y: Array, shape: tuple[int, ...]) -> Array:
    """sum_to(x * y, shape); a scalar is one inner product, without the array x * y."""
    if shape != () or x.shape != y.shape:
        return sum_to(x * y, shape)
    x, y = x.ravel(), y.ravel()
    rest = len(x) % PIECE
    whole = len(x) - rest
    last = np.dot(x[whole:], y[whole:])
    if rest == len(x):
        return last
    pieces = np.matmul(x[:whole].reshape(-1, 1, PIECE), y[:whole].reshape(-1, PIECE, 1))
    return pieces.sum() + last


def total(x: Array) -> Array:
    """The sum of all numbers: of products with one, as ``contract`` adds them."""
    x = x.ravel("K")
    rest = len(x) % PIECE
    whole = len(x) - rest
    last = _ones(rest, x.dtype) @ x[whole:]
    if rest == len(x):
        return last
    return (x[:whole].reshape(-1, PIECE) @ _ones(PIECE, x.dtype)).sum() + last


def added(parts: list[Array], out: Array) -> Array:
    """out = the sum of some arrays of one shape, in order."""
    if len(parts) == 1:
        return np.positive(parts[0], out=out)
    np.add(parts[0], parts[1], out=out)
    for part in parts[2:]:
        out += part
    return out


@lru_cache(256)  # the same few at every step
def _ones(count: int, dtype: np.dtype) -> Array:
    ones = np.ones(count, dtype)
    ones.flags.writeable = False
    return ones
