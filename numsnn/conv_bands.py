"""Convolution of stride 1 by bands: one matrix product for each row of the kernel.

The band of a sample is the im2col of its rows: band[h, j] holds the kw C numbers of row h, padded,
that lie under output column j. What the a-th row of the kernel meets, rows a..a+H'-1, is one run of
memory: a pixel is copied kw times, not kh kw times as by im2col.
"""

import math
from typing import NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.im2col import Pair, laid_out
from numsnn.layout import lined_up, places_first
from numsnn.products import product

Array = np.ndarray


class Bands(NamedTuple):
    """y[i] = sum over a of band(x)[i + a] W_a,  W_a: [kw C, O] the a-th row of the kernel. tdBN eq. 4.

    The transpose of a convolution of stride 1 is another one, of d_y with the kernel turned around and
    padded by kernel - 1 - padding. With R_a row a of the turned kernel, [kw O, C], and the same bands
    for both,

        d_x[i] = sum over a of band(d_y)[i + a] R_a,
        d_R_a' = sum over rows i and samples of x[i]' band(d_y)[i + a].

    Images are [n, C, H, W], outputs [n, H', W', O]; backward no padding is larger than kernel - 1.
    """

    kernel: Pair
    padding: Pair

    def matrix(self, weight: Array) -> Array:
        """weight [O, C, kh, kw] as [kh, kw C, O]: W_a."""
        kernel = lined_up(weight.transpose(2, 3, 1, 0))
        return kernel.reshape(self.kernel[0], -1, len(weight))

    def transposed(self, weight: Array) -> Array:
        """weight [O, C, kh, kw] turned around, as [kh, kw O, C]: R_a."""
        turned = lined_up(weight[:, :, ::-1, ::-1].transpose(2, 3, 0, 1))
        return turned.reshape(self.kernel[0], -1, weight.shape[1])

    def forward(self, images: Array, matrix: Array, bias: Array | None, y: Array) -> None:
        """Fill y."""
        for n, band in laid_out(images, (1, self.kernel[1]), (1, 1), self.padding):
            correlate(band, matrix, y[n])
            if bias is not None:
                y[n] += bias

    def backward(
        self,
        images: Array,
        d_y: Array,
        turned: Array,
        d_images: Array | None,
        d_matrix: Array | None,
    ) -> None:
        """Add to d_matrix [kh, C, kw O], the gradient of R_a'; fill d_images; either may be None."""
        (tall, wide), (top, left) = self.kernel, self.padding
        padding = (tall - 1 - top, wide - 1 - left)
        for n, band in laid_out(d_y.transpose(0, 3, 1, 2), (1, wide), (1, 1), padding):
            if d_images is not None:
                correlate(band, turned, d_images[n].transpose(0, 2, 3, 1))
            if d_matrix is not None:
                self._of_matrix(images[n], band, d_matrix)

    def _of_matrix(self, images: Array, band: Array, d_matrix: Array) -> None:
        """Add to d_matrix; ``band`` is that of d_y."""
        n, C, H, W = images.shape
        rows = band.reshape(n, -1, d_matrix.shape[2])
        pixels = images.transpose(0, 2, 3, 1).reshape(n, H * W, C).swapaxes(1, 2)
        part = parallel.scratch("part", (n, *d_matrix.shape[1:]), d_matrix.dtype)
        for a in range(len(d_matrix)):
            product(pixels, rows[:, a * W : (a + H) * W], out=part)
            d_matrix[a] += part.sum(axis=0)

    def gradient(self, weight: Array) -> tuple[int, ...]:
        """The shape of d_matrix."""
        O, C, tall, wide = weight.shape  # noqa: E741
        return (tall, C, wide * O)

    def unmatrix(self, matrix: Array, shape: tuple[int, ...]) -> Array:
        """A gradient in the weight's shape: R_a turned back."""
        O, C, tall, wide = shape  # noqa: E741
        rows = matrix.reshape(tall, C, wide, O)[::-1, :, ::-1]
        return places_first(rows.transpose(3, 1, 0, 2))


def correlate(band: Array, kernel: Array, y: Array) -> None:
    """y[n, i, j] = sum over a of band[n, i + a, j] kernel[a], products of all pixels of a sample.

    band: [n, H' + kh - 1, W', 1, kw, C], kernel: [kh, kw C, O], y: [n, H', W', O].
    """
    n, H, W, O = y.shape  # noqa: E741  O is the number of output channels throughout
    rows = band.reshape(n, -1, math.prod(band.shape[3:]))
    total = y.reshape(n, H * W, O)  # a view: y is channels last
    part = parallel.scratch("part", total.shape, y.dtype)
    for a in range(len(kernel)):
        product(rows[:, a * W : (a + H) * W], kernel[a], out=part if a else total)
        if a:
            total += part
