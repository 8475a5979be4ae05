"""Where an image's numbers lie in memory: [T, N, C, H, W] by name, channels last underneath.

A convolution's rows are runs of channels, so images whose channels are neighbours in memory need
no reordering before or after it. What a convolution returns is laid out so; elementwise layers
keep the layout they are given. Shapes, indices and results are the same in either.
"""

from typing import Any

import numpy as np

Array = np.ndarray


def channels_last(x: Array) -> bool:
    """Whether the channels (third axis from the end) of an image array are neighbours in memory."""
    return x.ndim > 3 and x.shape[-3] > 1 and abs(x.strides[-3]) == x.itemsize


def empty(shape: tuple[int, ...], dtype: Any, last: bool) -> Array:
    """An array [..., C, H, W] of any content, with its channels last in memory if ``last``."""
    if not last:
        return np.empty(shape, dtype)
    *lead, C, H, W = shape
    return np.moveaxis(np.empty((*lead, H, W, C), dtype), -1, -3)


def empty_like(x: Array, dtype: Any = None) -> Array:
    """An array of the shape and layout of x; views of stride 0 get room for every element."""
    return empty(x.shape, x.dtype if dtype is None else dtype, channels_last(x))


def along_rows(constant: Array, x: Array) -> Array:
    """A constant [..., C, 1, 1] for images x, written out along a row, [..., C, 1, W], as x is laid out.

    Loops over x and the constant then run over whole rows of pixels, not over one pixel's channels.
    Any other constant comes back as it is.
    """
    if constant.ndim < 3 or constant.shape[-2:] != (1, 1) or not channels_last(x):
        return constant
    row = empty((*constant.shape[:-1], x.shape[-1]), constant.dtype, last=True)
    row[:] = constant
    return row


def in_memory_order(x: Array, last: bool) -> Array:
    """x with its axes in the order of memory: [..., H, W, C] if ``last``. A view."""
    return np.moveaxis(x, -3, -1) if last else x
