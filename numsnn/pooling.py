"""Average pooling and flattening: fixed linear maps without parameters, the same at every step."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from numsnn import parallel
from numsnn.errors import NumsnnError
from numsnn.layer import Array, Cotangents, Layer
from numsnn.layout import channels_last, empty
from numsnn.reduce import added
from numsnn.validate import cotangent, finite, positive_integer, sequence


@dataclass(frozen=True)
class AvgPool2d(Layer):
    """y[i, j] = mean of the size x size window of x at (i, j) * stride.

    x: [T, N, C, H, W], y: [T, N, C, H', W'] with H' = (H - size) // stride + 1; what does not fill
    a window is left out. ``size=None`` pools all of it, H' = W' = 1. Raises NumsnnError where the
    image is smaller than a window.
    """

    size: int | None = 2
    stride: int | None = None  # None: the window's size
    unkept = ("y", "d_x")

    class Saved(NamedTuple):
        shape: tuple[int, ...]
        channels_last: bool

    def __post_init__(self) -> None:
        if self.size is not None:
            positive_integer("AvgPool2d", "size", self.size)
        if self.stride is not None:
            positive_integer("AvgPool2d", "stride", self.stride)

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """(H', W') for an image of (H, W)."""
        sizes = ((length, self.size or length) for length in (height, width))
        rows, columns = ((length - size) // self.step(size) + 1 for length, size in sizes)
        return rows, columns

    def check_size(self, shape: tuple[int, ...]) -> None:
        """Refuse images [T, N, C, H, W] that are smaller than a window."""
        if self.size is not None and min(shape[3:]) < self.size:
            raise NumsnnError(
                f"AvgPool2d: a window of {self.size}x{self.size} does not fit the image on axes 3 and "
                f"4 of {shape}"
            )

    @np.errstate(over="ignore", invalid="ignore")  # the end looks for what is not finite
    def forward(self, params: None, x: Array) -> tuple[Array, Saved]:
        sequence("AvgPool2d", x, rank=5, check_values=False)
        self.check_size(x.shape)
        y = empty((*x.shape[:3], *self.output_size(*x.shape[3:])), x.dtype, channels_last(x))
        tall, wide = (self.size or length for length in x.shape[3:])
        rows, columns = (self._steps(*pair) for pair in zip((tall, wide), y.shape[3:], strict=True))

        def tile(n: tuple) -> None:
            part = x[n]
            lines = parallel.scratch_like("lines", part[..., rows[0], :], x.dtype)
            added([part[..., row, :] for row in rows], lines)
            pixels = added([lines[..., column] for column in columns], y[n])
            np.divide(pixels, tall * wide, out=pixels)

        parallel.run(tile, parallel.tiles(x.shape))
        finite("AvgPool2d", "x", y)
        return y, self.Saved(x.shape, channels_last(x))

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, None]:
        shape = saved.shape
        cotangent("AvgPool2d.backward", d_y, (*shape[:3], *self.output_size(*shape[3:])))
        d_x = empty(shape, d_y.dtype, saved.channels_last)
        windows = self._windows(d_x)
        size = windows.shape[-2:]
        apart = all(self.step(length) >= length for length in size)  # no pixel lies in two windows

        def tile(n: tuple) -> None:
            share = d_y[n] / math.prod(size)
            if not apart or windows.size < d_x.size:
                d_x[n] = 0
            if apart:
                windows[n] = share[..., None, None]
            else:
                for row, column in np.ndindex(size):
                    windows[n][..., row, column] += share

        parallel.run(tile, parallel.tiles(shape))
        return d_x, None

    def step(self, size: int) -> int:
        """Pixels from one window to the next, for windows of that size."""
        return self.stride or size

    def _steps(self, size: int, count: int) -> list[slice]:
        """Where the first pixels of ``count`` windows lie, their second pixels, and so on."""
        step = self.step(size)
        return [slice(a, a + (count - 1) * step + 1, step) for a in range(size)]

    def _windows(self, x: Array) -> Array:
        """x [..., H, W] as windows [..., H', W', size, size]: a view that can be written to."""
        tall, wide = (self.size or length for length in x.shape[-2:])
        windows = sliding_window_view(x, (tall, wide), axis=(-2, -1), writeable=True)
        return windows[..., :: self.step(tall), :: self.step(wide), :, :]


@dataclass(frozen=True)
class Flatten(Layer):
    """y[t, n] = all numbers of x[t, n] in one row, in C order. x: [T, N, ...], y: [T, N, features]."""

    unkept = ("d_x",)

    class Saved(NamedTuple):
        shape: tuple[int, ...]
        channels_last: bool

    def forward(self, params: None, x: Array) -> tuple[Array, Saved]:
        sequence("Flatten", x, check_values=False)
        return x.reshape(*x.shape[:2], -1), self.Saved(x.shape, channels_last(x))

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, None]:
        cotangent("Flatten.backward", d_y, (*saved.shape[:2], int(np.prod(saved.shape[2:]))))
        d_x = empty(saved.shape, d_y.dtype, saved.channels_last)
        d_x[:] = d_y.reshape(saved.shape)
        return d_x, None
