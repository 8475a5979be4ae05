"""Convolution of stride 1 by bands: one matrix product for each row of the kernel.

A band is a padded image row with its windows laid out: band[h, n, j] holds the kw C numbers of row h
of sample n that lie under output column j. Rows come first, so what the a-th kernel row meets, rows
a..a+H'-1 of all samples, is one run of memory: the image is copied kw times, not kh kw times as by
im2col. Of several samples of a chunk the products' rows are then in the order (row, sample, column).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from numsnn import parallel
from numsnn.im2col import Pair

Array = np.ndarray


class Bands(NamedTuple):
    """y[i] = sum over a of band(x)[i + a] W_a,  W_a: [kw C, O] the a-th row of the kernel. tdBN eq. 4.

    The transpose of a convolution of stride 1 is another one, of d_y with the kernel turned around
    and padded by kernel - 1 - padding. With R_a row a of the turned kernel, [kw O, C], and band(d_y)
    laid out once for both,

        d_x[i] = sum over a of band(d_y)[i + a] R_a
        d_R_a  = sum over i of x[i]' band(d_y)[i + a],  transposed: [C, kw O].

    Images are [n, C, H, W], outputs [n, H', W', O]; no padding is larger than kernel - 1.
    """

    kernel: Pair
    padding: Pair

    def numbers(self, x_shape: tuple[int, ...], size: Pair) -> int:
        """How many numbers one sample takes on its way through the products."""
        return (size[0] + self.kernel[0] - 1) * size[1] * self.kernel[1] * x_shape[-3]

    def matrix(self, weight: Array) -> Array:
        """weight [O, C, kh, kw] as [kh, kw C, O]: W_a."""
        return weight.transpose(2, 3, 1, 0).reshape(self.kernel[0], -1, len(weight))

    def transposed(self, weight: Array) -> Array:
        """weight [O, C, kh, kw] turned around, as [kh, kw O, C]: R_a."""
        turned = weight[:, :, ::-1, ::-1].transpose(2, 3, 0, 1)
        return turned.reshape(self.kernel[0], -1, weight.shape[1])

    def forward(self, images: Array, matrix: Array, y: Array) -> None:
        """Fill y."""
        band = self.band(images, self.padding)
        self.correlate(band, matrix, y)

    def backward(
        self, images: Array, d_y: Array, turned: Array, d_images: Array | None, d_turned: Array
    ) -> None:
        """Fill d_images if it is wanted, add to d_turned [kh, C, kw O], the turned kernel's gradient."""
        (tall, wide), (top, left) = self.kernel, self.padding
        band = self.band(d_y.transpose(0, 3, 1, 2), (tall - 1 - top, wide - 1 - left))
        if d_images is not None:
            self.correlate(band, turned, d_images.transpose(0, 2, 3, 1))
        n, C, H, W = images.shape
        x = parallel.scratch("x", (H, n, W, C), images.dtype)
        np.copyto(x, images.transpose(2, 0, 3, 1))
        x = x.reshape(-1, C)
        product = parallel.scratch("d_turned", d_turned.shape[1:], d_turned.dtype)
        for a in range(tall):
            np.matmul(x.T, self.rows(band, a, H), out=product)
            d_turned[a] += product

    def gradient(self, weight: Array) -> tuple[int, ...]:
        """The shape of d_turned."""
        outputs, inputs, tall, wide = weight.shape
        return (tall, inputs, wide * outputs)

    def unmatrix(self, turned: Array, shape: tuple[int, ...]) -> Array:
        """The gradient of the turned kernel [kh, C, kw O] in the weight's shape [O, C, kh, kw]."""
        outputs, inputs, tall, wide = shape
        weight = turned.reshape(tall, inputs, wide, outputs).transpose(3, 1, 0, 2)
        return weight[:, :, ::-1, ::-1].copy()

    def band(self, images: Array, padding: Pair) -> Array:
        """Bands [H + 2 top, n, W', kw C] of images [n, C, H, W], in a buffer that is used again."""
        n, C, H, W = images.shape
        wide, (top, left) = self.kernel[1], padding
        padded = parallel.scratch("padded", (H + 2 * top, n, W + 2 * left, C), images.dtype)
        padded.fill(0)
        padded[top : top + H, :, left : left + W] = images.transpose(2, 0, 3, 1)
        windows = sliding_window_view(padded, wide, axis=2).swapaxes(-1, -2)  # [.., W', kw, C]
        band = parallel.scratch("band", windows.shape, images.dtype)
        np.copyto(band, windows)
        return band.reshape(*windows.shape[:3], wide * C)

    def rows(self, band: Array, a: int, height: int) -> Array:
        """What kernel row a meets, one matrix row for every output pixel: a view."""
        return band[a : a + height].reshape(-1, band.shape[-1])

    def correlate(self, band: Array, kernel: Array, y: Array) -> None:
        """y[n, i, j] = sum over a of band[i + a, n, j] kernel[a]."""
        n, H, W, O = y.shape  # noqa: E741  O is the number of output channels throughout
        shape = (math.prod(y.shape[:3]), O)
        total = parallel.scratch("total", shape, y.dtype)
        part = parallel.scratch("part", shape, y.dtype)
        for a in range(len(kernel)):
            np.matmul(self.rows(band, a, H), kernel[a], out=part if a else total)
            if 0 < a < len(kernel) - 1:
                total += part
        parts = [one.reshape(H, n, W, O).swapaxes(0, 1) for one in (total, part)]
        if len(kernel) == 1:
            y[:] = parts[0]
        else:
            np.add(parts[0], parts[1], out=y)
