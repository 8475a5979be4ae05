"""Convolution for few outputs: pixel by pixel of theirs, products of all samples at once.

Where an image has few outputs, its windows are cut down to what lies on the image: nothing is padded
and nothing is laid out, and in windows of 3x3 on images of 2x2 that is less than half of the products.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from numsnn.im2col import Pair
from numsnn.layout import lined_up

Array = np.ndarray


class Run(NamedTuple):
    """Pixels of a row that lie under a row of the kernel at output (i, j)."""

    output: Pair
    row: int
    pixels: slice
    place: int  # the kernel's row
    places: slice
    first: bool  # of this output


class Places(NamedTuple):
    """y[i, j] = sum over rows a of the kernel of x[h, from..to] W[a, from..to], h = i s + a - top.

    W: [kh, kw, C, O], x[h, from..to]: [n, pixels C], a run of memory, and so is what it meets of W.
    Images are [n, C, H, W], outputs [n, H', W', O]. tdBN eq. 4.
    """

    kernel: Pair
    stride: Pair
    padding: Pair

    def matrix(self, weight: Array) -> Array:
        """weight [O, C, kh, kw] as W."""
        return lined_up(weight.transpose(2, 3, 1, 0))

    def transposed(self, weight: Array) -> Array:
        """W: its transposes lead back."""
        return self.matrix(weight)

    def forward(self, images: Array, matrix: Array, bias: Array | None, y: Array) -> None:
        """Fill y."""
        x = images.transpose(0, 2, 3, 1)
        for run in self.runs(images.shape[2:], y.shape[1:3]):
            under = x[:, run.row, run.pixels].reshape(len(x), -1)
            part = under @ matrix[run.place, run.places].reshape(under.shape[1], -1)
            if run.first:
                y[:, *run.output] = part
            else:
                y[:, *run.output] += part
        if bias is not None:
            y += bias

    def backward(
        self, images: Array, d_y: Array, transposed: Array, d_images: Array | None, d_matrix: Array
    ) -> None:
        """Add to d_matrix [kh, kw, C, O], the gradient of W; fill d_images, if there are any."""
        x = images.transpose(0, 2, 3, 1)
        d_x = None if d_images is None else d_images.transpose(0, 2, 3, 1)
        if d_x is not None:
            d_x[...] = 0
        for run in self.runs(images.shape[2:], d_y.shape[1:3]):
            under = x[:, run.row, run.pixels]
            d_out = d_y[:, *run.output]
            here = run.place, run.places
            d_matrix[here] += (under.reshape(len(x), -1).T @ d_out).reshape(d_matrix[here].shape)
            if d_x is not None:
                kernel = transposed[here].reshape(-1, d_out.shape[1])
                d_x[:, run.row, run.pixels] += (d_out @ kernel.T).reshape(under.shape)

    def gradient(self, weight: Array) -> tuple[int, ...]:
        """The shape of d_matrix."""
        return weight.shape[2:] + weight.shape[1::-1]

    def unmatrix(self, matrix: Array, shape: tuple[int, ...]) -> Array:
        """A gradient in the weight's shape."""
        return matrix.transpose(3, 2, 0, 1)

    def runs(self, image: tuple[int, ...], size: tuple[int, ...]) -> Iterator[Run]:
        """What meets at every output: for images of (H, W) and outputs of (H', W')."""
        for i, j in np.ndindex(size):
            up, before = i * self.stride[0] - self.padding[0], j * self.stride[1] - self.padding[1]
            places = slice(max(0, -before), min(self.kernel[1], image[1] - before))
            pixels = slice(places.start + before, places.stop + before)
            rows = range(max(0, -up), min(self.kernel[0], image[0] - up))
            for a in rows:
                yield Run((i, j), up + a, pixels, a, places, a == rows.start)
