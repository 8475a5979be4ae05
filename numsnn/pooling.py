"""Average pooling and flattening: fixed linear maps without parameters, the same at every step."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.layer import Array, Cotangents, Layer
from numsnn.layout import channels_last, empty
from numsnn.validate import cotangent, finite, positive_integer, require, sequence


@dataclass(frozen=True)
class AvgPool2d(Layer):
    """y[i, j] = mean of the size x size window of x at (i, j) * stride.

    x: [T, N, C, H, W], y: [T, N, C, H', W'] with H' = (H - size) // stride + 1; what does not fill
    a window is left out. ``size=None`` pools all of it, H' = W' = 1. Raises NumsnnError where the
    image is smaller than a window.
    """

    size: int | None = 2
    stride: int | None = None  # None: the window's size

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
        rows, columns = self._places(height), self._places(width)
        return len(range(height)[rows[0]]), len(range(width)[columns[0]])

    @np.errstate(over="ignore", invalid="ignore")  # the end looks for what is not finite
    def forward(self, params: None, x: Array) -> tuple[Array, Saved]:
        sequence("AvgPool2d", x, rank=5, check_values=False)
        require(
            self.size is None or min(x.shape[3:]) >= self.size,
            f"AvgPool2d: a window of {self.size}x{self.size} does not fit the image on axes 3 and 4 "
            f"of {x.shape}",
        )
        rows, columns = self._places(x.shape[3]), self._places(x.shape[4])
        y = empty((*x.shape[:3], *self.output_size(*x.shape[3:])), x.dtype, channels_last(x))

        def tile(n: tuple) -> None:
            down = sum(x[n][..., place, :] for place in rows)
            y[n] = sum(down[..., place] for place in columns) / (len(rows) * len(columns))

        parallel.run(tile, parallel.tiles(x.shape))
        finite("AvgPool2d", "x", y)
        return y, self.Saved(x.shape, channels_last(x))

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, None]:
        shape = saved.shape
        cotangent("AvgPool2d.backward", d_y, (*shape[:3], *self.output_size(*shape[3:])))
        rows, columns = self._places(shape[3]), self._places(shape[4])
        d_x = empty(shape, d_y.dtype, saved.channels_last)

        def tile(n: tuple) -> None:
            share = d_y[n] / (len(rows) * len(columns))
            d_down = empty((*share.shape[:4], shape[4]), d_y.dtype, saved.channels_last)
            d_down.fill(0)
            d_x[n] = 0
            for place in columns:
                d_down[..., place] += share
            for place in rows:
                d_x[n][..., place, :] += d_down

        parallel.run(tile, parallel.tiles(shape))
        return d_x, None

    def _places(self, length: int) -> list[slice]:
        """Along one axis, where the k-th pixel of every window lies, for each k in a window."""
        size, stride = self.size or length, self.stride or self.size or length
        last = (length - size) // stride * stride
        return [slice(k, k + last + 1, stride) for k in range(size)]


@dataclass(frozen=True)
class Flatten(Layer):
    """y[t, n] = all numbers of x[t, n] in one row, in C order. x: [T, N, ...], y: [T, N, features]."""

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
