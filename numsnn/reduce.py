"""Sums down to a parameter's shape: the transpose of broadcasting the parameter up."""

import numpy as np

Array = np.ndarray


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """Sum x over the axes along which ``shape``, aligned on the right, does not vary."""
    lead = x.ndim - len(shape)
    ones = tuple(lead + i for i, size in enumerate(shape) if size == 1 and x.shape[lead + i] != 1)
    return x.sum(axis=(*range(lead), *ones), keepdims=True).reshape(shape)


def contract(x: Array, y: Array, shape: tuple[int, ...]) -> Array:
    """sum_to(x * y, shape); a scalar is one inner product, without the array x * y."""
    if shape == () and x.shape == y.shape:
        return np.dot(x.ravel(), y.ravel())
    return sum_to(x * y, shape)
