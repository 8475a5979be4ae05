"""Average pooling and flattening: fixed linear maps without parameters, the same at every step."""

from dataclasses import dataclass
from functools import reduce
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
            down = reduce(np.add, (x[n][..., place, :] for place in rows))
            across = reduce(np.add, (down[..., place] for place in columns))
            np.divide(across, len(rows) * len(columns), out=y[n])

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
            _spread(share, columns, d_down)
            _spread(d_down.swapaxes(-1, -2), rows, d_x[n].swapaxes(-1, -2))

        parallel.run(tile, parallel.tiles(shape))
        return d_x, None

    def _places(self, length: int) -> list[slice]:
        """Along one axis, where the k-th pixel of every window lies, for each k in a window."""
        size, stride = self.size or length, self.stride or self.size or length
        last = (length - size) // stride * stride
        return [slice(k, k + last + 1, stride) for k in range(size)]


def _spread(share: Array, places: list[slice], out: Array) -> None:
    """out[..., place] = share, added up where places overlap, 0 where there is none."""
    once = _once(places, share.shape[-1], out.shape[-1])
    if not once:
        out[:] = 0
    for place in places:
        if once:
            out[..., place] = share
        else:
            out[..., place] += share


def _once(places: list[slice], windows: int, length: int) -> bool:
    """Whether every pixel of an axis lies in exactly one window."""
    return len(places) == places[0].step and len(places) * windows == length


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
