"""Sums down to a parameter's shape: the transpose of broadcasting the parameter up."""

import numpy as np

Array = np.ndarray

PIECE = 1 << 13  # numbers in one inner product: longer ones BLAS may split over threads its own way


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """Sum x over the axes along which ``shape``, aligned on the right, does not vary."""
    lead = x.ndim - len(shape)
    axes = (*range(lead), *(lead + i for i, size in enumerate(shape) if size == 1))
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    if not kept:
        return total(x).reshape(shape)
    if [x.strides[axis] for axis in kept] == [x.itemsize]:
        return _column_sums(np.moveaxis(x, kept, [-1])).reshape(shape)
    return x.sum(axis=axes).reshape(shape)


def _column_sums(x: Array) -> Array:
    """The sum over all axes but the last, whose numbers are neighbours: a row of ones times x.

    As a product it is several times faster than a sum over few columns.
    """
    columns = x.shape[-1]
    height = max(1, PIECE // columns)
    rows = x.reshape(-1, columns)
    whole = len(rows) - len(rows) % height
    pieces = rows[:whole].reshape(-1, height, columns)
    total = np.matmul(np.ones((1, height), x.dtype), pieces).sum(axis=(0, 1))
    return total + np.ones(len(rows) - whole, x.dtype) @ rows[whole:]


def contract(x: Array, y: Array, shape: tuple[int, ...]) -> Array:
    """sum_to(x * y, shape); a scalar is one inner product, without the array x * y."""
    if shape != () or x.shape != y.shape:
        return sum_to(x * y, shape)
    x, y = x.ravel(), y.ravel()
    whole = len(x) - len(x) % PIECE
    pieces = np.matmul(x[:whole].reshape(-1, 1, PIECE), y[:whole].reshape(-1, PIECE, 1))
    return pieces.sum() + np.dot(x[whole:], y[whole:])


def total(x: Array) -> Array:
    """The sum of all numbers: of products with one, as ``contract`` adds them."""
    x = x.ravel("K")
    whole = len(x) - len(x) % PIECE
    ones = np.ones(PIECE, x.dtype)
    return (x[:whole].reshape(-1, PIECE) @ ones).sum() + ones[: len(x) - whole] @ x[whole:]
