"""Sums down to a parameter's shape: the transpose of broadcasting the parameter up."""

import numpy as np

Array = np.ndarray

PIECE = 1 << 13  # numbers in one inner product: longer ones BLAS may split over threads its own way


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """Sum x over the axes along which ``shape``, aligned on the right, does not vary."""
    lead = x.ndim - len(shape)
    ones = tuple(lead + i for i, size in enumerate(shape) if size == 1 and x.shape[lead + i] != 1)
    return x.sum(axis=(*range(lead), *ones), keepdims=True).reshape(shape)


def contract(x: Array, y: Array, shape: tuple[int, ...]) -> Array:
    """sum_to(x * y, shape); a scalar is one inner product, without the array x * y."""
    if shape == () and x.shape == y.shape:
        x, y = x.ravel(), y.ravel()
        pieces = (slice(i, i + PIECE) for i in range(0, max(1, x.size), PIECE))
        return sum(np.dot(x[piece], y[piece]) for piece in pieces)
    return sum_to(x * y, shape)
