"""im2col and its transpose col2im: a convolution as one matrix product.

im2col lays the window under every output pixel out as a row; col2im adds rows back to where they
came from. Images are channels last in here, so that a window's row of pixels is one run of memory.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from numsnn import parallel

Array = np.ndarray
Pair = tuple[int, int]

LAID = 1 << 17  # numbers laid out at a time: still in a cache when a product reads them


def im2col(image: Array, kernel: Pair, stride: Pair) -> Array:
    """cols[n, i, j, a, b, c] = image[n, i*stride + a, j*stride + b, c], a view without a copy.

    image: [n, H, W, C], already padded; cols: [n, H', W', kh, kw, C].
    """
    n, H, W, C = image.shape
    s, down, right, channel = image.strides
    rows, columns = (H - kernel[0]) // stride[0] + 1, (W - kernel[1]) // stride[1] + 1
    return as_strided(
        image,
        (n, rows, columns, *kernel, C),
        (s, down * stride[0], right * stride[1], down, right, channel),
    )


def col2im(cols: Array, image: Array, stride: Pair) -> Array:
    """image[n, i*stride + a, j*stride + b, c] += cols[n, i, j, a, b, c]: the transpose of im2col."""
    rows, columns = cols.shape[1:3]
    for a in range(cols.shape[3]):
        for b in range(cols.shape[4]):
            down = slice(a, a + (rows - 1) * stride[0] + 1, stride[0])
            right = slice(b, b + (columns - 1) * stride[1] + 1, stride[1])
            image[:, down, right] += cols[:, :, :, a, b]
    return image


def fold(cols: Array, image: Array, stride: Pair) -> None:
    """image = col2im of cols[a, b, n, i, j, c], place in a window by place; 0 where there is no window.

    Where windows overlap, numbers are added up among cols, which are not kept: in long runs. Only
    then is each sum copied to its pixel.
    """
    (tall, wide), (down, right) = cols.shape[:2], stride
    _clear(image, cols.shape, stride)
    every = sliding_window_view(image, (tall, wide), axis=(1, 2), writeable=True)
    windows = every[:, ::down, ::right].transpose(4, 5, 0, 1, 2, 3)
    for a in reversed(range(down, tall)):  # place a of a window is place a - stride of the next one
        cols[a - down, :, :, 1:] += cols[a, :, :, :-1]
    for under, i in _summed_up(tall, down):
        rows = cols[under, :, :, i]
        for b in reversed(range(right, wide)):
            rows[:, b - right, :, :, 1:] += rows[:, b, :, :, :-1]
        for beside, j in _summed_up(wide, right):
            windows[under, beside, :, i, j] = rows[:, beside, :, :, j]


def _clear(image: Array, cols: tuple[int, ...], stride: Pair) -> None:
    """0 where there is no window: between them, and beyond the last ones. ``cols`` as in ``fold``."""
    (tall, wide), (rows, columns), (down, right) = cols[:2], cols[3:5], stride
    if tall < down or wide < right:
        image[...] = 0
    image[:, (rows - 1) * down + tall :] = 0
    image[:, :, (columns - 1) * right + wide :] = 0


def _summed_up(size: int, stride: int) -> tuple[tuple[slice, slice], ...]:
    """The places whose sum it is that counts, and of which windows: others' went to the next window."""
    return (slice(0, stride), slice(None)), (slice(stride, size), slice(-1, None))


def laid_out(
    images: Array, kernel: Pair, stride: Pair, padding: Pair
) -> Iterator[tuple[slice, Array]]:
    """im2col of padded images [N, C, H, W], some samples n at a time: (n, cols) with cols of images[n].

    The next samples are laid out in the same buffer: the caller is done with cols by then.
    """
    cols, last = _buffer(images, kernel, stride, padding)
    pad = padded(images, padding, len(cols), last)
    for n in samples(len(images), len(cols)):
        k = n.stop - n.start
        np.copyto(cols[:k], im2col(pad(n), kernel, stride))
        yield n, cols[:k]


def padded(images: Array, padding: Pair, count: int, last: bool) -> Callable[[slice], Array]:
    """A function that gives samples n of images [N, C, H, W], at most ``count``, as padded [n, H, W, C].

    A view where there is no padding, else a buffer that its next call fills again. It has its channels
    last in memory, or ahead of the rows.
    """
    (top, left), (_, C, H, W) = padding, images.shape
    if top == left == 0:
        return lambda n: images[n].transpose(0, 2, 3, 1)
    whole = image_scratch("padded", (count, H + 2 * top, W + 2 * left, C), images.dtype, last)
    whole.fill(0)  # once: the border stays
    inside = whole[:, top : top + H, left : left + W]

    def pad(n: slice) -> Array:
        k = n.stop - n.start
        np.copyto(inside[:k], images[n].transpose(0, 2, 3, 1))
        return whole[:k]

    return pad


def _buffer(images: Array, kernel: Pair, stride: Pair, padding: Pair) -> tuple[Array, bool]:
    """For windows [n, H', W', kh, kw, C] of some samples, and whether they are rows of a matrix.

    They are columns where rows of an image are longer than rows of a window (few channels): what is
    copied comes in long runs.
    """
    N, C, *size = images.shape
    rows, columns = (
        (z + 2 * p - k) // s + 1 for z, p, k, s in zip(size, padding, kernel, stride, strict=True)
    )
    count = at_once(N, rows * columns * math.prod(kernel) * C)
    if columns <= kernel[1] * C:
        return parallel.scratch("cols", (count, rows, columns, *kernel, C), images.dtype), True
    turned = parallel.scratch("cols", (*kernel, C, count, rows, columns), images.dtype)
    return turned.transpose(3, 4, 5, 0, 1, 2), False


def image_scratch(key: str, shape: tuple[int, ...], dtype: Any, last: bool) -> Array:
    """Scratch for images [n, H, W, C]; in memory the channels come last, or ahead of the rows."""
    n, H, W, C = shape
    if last:
        return parallel.scratch(key, shape, dtype)
    return parallel.scratch(key, (n, C, H, W), dtype).transpose(0, 2, 3, 1)


def at_once(N: int, numbers: int) -> int:
    """How many of N samples are laid out at a time, each with so many ``numbers``."""
    return min(N, max(1, LAID // numbers))


def samples(N: int, count: int) -> Iterator[slice]:
    """All of N samples, ``count`` at a time."""
    return (slice(i, min(i + count, N)) for i in range(0, N, count))
