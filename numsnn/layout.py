"""Where an image's numbers lie in memory: [T, N, C, H, W] by name, channels last underneath.

A convolution's rows are runs of channels, so images whose channels are neighbours in memory need
no reordering before or after it. What a convolution returns is laid out so; elementwise layers
keep the layout they are given. Shapes, indices and results are the same in either. A convolution's
weights [O, C, kh, kw] are [kh, kw, C, O] underneath: the matrices that its products read.
"""

import ctypes
import math
from typing import Any

import numpy as np

Array = np.ndarray

LINE = 64  # bytes of a cache line
LONG = 512  # numbers in a loop, beside which it takes no time to begin it
SMALL = 4096  # bytes; where a smaller array begins does not matter


def channels_last(x: Array) -> bool:
    """Whether the channels (third axis from the end) of an image array are neighbours in memory."""
    return x.ndim > 3 and x.shape[-3] > 1 and abs(x.strides[-3]) == x.itemsize


def aligned(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array of any content that begins with a cache line, unless it is ``SMALL``.

    A sum or product of arrays is up to twice as fast where what it writes begins with a line: no
    store then goes over two of them. NumPy's own arrays begin anywhere.
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if size < SMALL:
        return np.empty(shape, dtype)
    memory = np.empty(size + LINE, np.uint8)
    start = -ctypes.addressof(ctypes.c_char.from_buffer(memory.data)) % LINE
    return np.ndarray(shape, dtype, memory, start)


def lined_up(x: Array) -> Array:
    """x in C order, in an array that begins with a cache line: x itself, if it is one."""
    start = x.__array_interface__["data"][0]
    if x.flags.c_contiguous and (x.nbytes < SMALL or start % LINE == 0):
        return x
    copy = aligned(x.shape, x.dtype)
    copy[...] = x
    return copy


def places_first(weight: Array) -> Array:
    """A convolution's weight [O, C, kh, kw], [kh, kw, C, O] underneath."""
    return lined_up(weight.transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1)


def like(x: Array, memory: Array) -> Array:
    """A view into ``memory``, as many numbers in a row, with the shape of x and its order of axes."""
    order = sorted(range(x.ndim), key=lambda axis: -abs(x.strides[axis]))
    view = memory.reshape([x.shape[axis] for axis in order])
    return view.transpose([order.index(axis) for axis in range(x.ndim)])


def empty(shape: tuple[int, ...], dtype: Any, last: bool = False) -> Array:
    """An array [..., C, H, W] of any content, with its channels last in memory if ``last``."""
    if not last:
        return aligned(shape, dtype)
    *lead, C, H, W = shape
    return channels_third(aligned((*lead, H, W, C), dtype))


def empty_like(x: Array, dtype: Any = None) -> Array:
    """An array of the shape and layout of x; views of stride 0 get room for every element."""
    return empty(x.shape, x.dtype if dtype is None else dtype, channels_last(x))


def over(x: Array, like: Array, dtype: Any = None) -> Array:
    """x, to be written over, if it lies in memory as ``like`` does and has its dtype; else a new array."""
    dtype = like.dtype if dtype is None else dtype
    if x.dtype == dtype and x.strides == like.strides:
        return x
    return empty_like(like, dtype)


def written_out(constant: Array, x: Array) -> Array:
    """A constant [..., C, 1, 1] for images x, written out along a row, [..., C, 1, W], as x is laid out.

    Loops over x and the constant then run over whole rows of pixels, not over one pixel's channels;
    where rows are shorter than ``LONG`` numbers, over whole images. Any other constant comes back as
    it is.
    """
    if constant.ndim < 3 or constant.shape[-2:] != (1, 1) or not channels_last(x):
        return constant
    C, H, W = x.shape[-3:]
    rows = 1 if C * W >= LONG else H
    out = empty((*constant.shape[:-2], rows, W), constant.dtype, last=True)
    out[:] = constant
    return out


def in_memory_order(x: Array, last: bool) -> Array:
    """x with its axes in the order of memory: [..., H, W, C] if ``last``. A view."""
    if not last:
        return x
    lead = x.ndim - 3
    return x.transpose(*range(lead), lead + 1, lead + 2, lead)


def channels_third(x: Array) -> Array:
    """Images [..., H, W, C] as [..., C, H, W]. A view."""
    lead = x.ndim - 3
    return x.transpose(*range(lead), lead + 2, lead, lead + 1)
