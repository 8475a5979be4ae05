"""Average pooling and flattening: fixed linear maps without parameters, the same at every step."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from numsnn.layer import Array, Cotangents, Layer
from numsnn.validate import cotangent, positive_integer, require, sequence


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

    def __post_init__(self) -> None:
        if self.size is not None:
            positive_integer("AvgPool2d", "size", self.size)
        if self.stride is not None:
            positive_integer("AvgPool2d", "stride", self.stride)

    def windows(self, shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
        """Where the k-th pixel of every window lies, for each place k in a window."""
        height, width = shape[-2:]
        if self.size is None:
            tall, wide, step_down, step_right = height, width, height, width
        else:
            tall = wide = self.size
            step_down = step_right = self.stride or self.size
        require(
            height >= tall and width >= wide,
            f"AvgPool2d: a window of {tall}x{wide} does not fit the image on axes 3 and 4 of {shape}",
        )
        rows, columns = (height - tall) // step_down + 1, (width - wide) // step_right + 1
        return [
            (
                slice(i, i + (rows - 1) * step_down + 1, step_down),
                slice(j, j + (columns - 1) * step_right + 1, step_right),
            )
            for i in range(tall)
            for j in range(wide)
        ]

    def forward(self, params: None, x: Array) -> tuple[Array, Saved]:
        sequence("AvgPool2d", x, rank=5)
        if self.size is None:
            return x.mean(axis=(-2, -1), keepdims=True), self.Saved(x.shape)
        places = self.windows(x.shape)
        y = x[..., places[0][0], places[0][1]].copy()
        for rows, columns in places[1:]:
            y += x[..., rows, columns]
        y /= len(places)
        return y, self.Saved(x.shape)

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, None]:
        places = self.windows(saved.shape)
        rows, columns = places[0]
        out = (
            len(range(*rows.indices(saved.shape[-2]))),
            len(range(*columns.indices(saved.shape[-1]))),
        )
        cotangent("AvgPool2d.backward", d_y, (*saved.shape[:3], *out))
        d_x = np.zeros(saved.shape, d_y.dtype)
        share = d_y / len(places)
        for rows, columns in places:
            d_x[..., rows, columns] += share
        return d_x, None


@dataclass(frozen=True)
class Flatten(Layer):
    """y[t, n] = all numbers of x[t, n] in one row, in C order. x: [T, N, ...], y: [T, N, features]."""

    class Saved(NamedTuple):
        shape: tuple[int, ...]

    def forward(self, params: None, x: Array) -> tuple[Array, Saved]:
        sequence("Flatten", x)
        return x.reshape(*x.shape[:2], -1), self.Saved(x.shape)

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, None]:
        cotangent("Flatten.backward", d_y, (*saved.shape[:2], int(np.prod(saved.shape[2:]))))
        return d_y.reshape(saved.shape), None
