"""Convolution of any stride and grouping by im2col: one matrix product for each group of channels."""

import math
from typing import Any, NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.im2col import Pair, col2im, im2col

Array = np.ndarray


class Im2col(NamedTuple):
    """y = cols(x) W',   d_W = d_y' cols(x),   d_x = the transpose of cols, of d_y W.

    cols(x): [G, n P, K], a row for each of the P output pixels of n samples, of the
    K = kh kw C/G numbers in its window. matrix: [G, O/G, K]. Images are [n, C, H, W], outputs
    [n, H', W', O]. tdBN eq. 4.
    """

    kernel: Pair
    stride: Pair
    padding: Pair
    groups: int

    def numbers(self, x_shape: tuple[int, ...], size: Pair) -> int:
        """How many numbers one sample takes on its way through the product."""
        return math.prod((*size, *self.kernel, x_shape[-3]))

    def matrix(self, weight: Array) -> Array:
        """weight [O, C/G, kh, kw] as [G, O/G, K], in the order of im2col's rows."""
        outputs = len(weight) // self.groups
        return weight.transpose(0, 2, 3, 1).reshape(self.groups, outputs, -1)

    def transposed(self, weight: Array) -> Array:
        """The same matrix leads back."""
        return self.matrix(weight)

    def forward(self, images: Array, matrix: Array, y: Array) -> None:
        """Fill y."""
        cols = self.cols(images, y.shape[1:3])
        rows = np.moveaxis(y.reshape(-1, *matrix.shape[:2]), 1, 0)  # [G, n P, O/G], a view
        np.matmul(cols, matrix.swapaxes(1, 2), out=rows)

    def backward(
        self, images: Array, d_y: Array, matrix: Array, d_images: Array | None, d_matrix: Array
    ) -> None:
        """Fill d_images if it is wanted, add to d_matrix [G, O/G, K], the gradient of the matrix."""
        cols = self.cols(images, d_y.shape[1:3])
        rows = np.moveaxis(d_y.reshape(-1, *matrix.shape[:2]), 1, 0)  # [G, n P, O/G]
        d_matrix += rows.swapaxes(1, 2) @ cols
        if d_images is not None:
            d_cols = parallel.scratch("d_cols", cols.shape, d_images.dtype)
            np.matmul(rows, matrix, out=d_cols)
            d_images[:] = self.uncols(d_cols, d_y.shape[1:3], images.shape)

    def gradient(self, weight: Array) -> tuple[int, ...]:
        """The shape of d_matrix."""
        return (self.groups, len(weight) // self.groups, math.prod(weight.shape[1:]))

    def unmatrix(self, matrix: Array, shape: tuple[int, ...]) -> Array:
        """The inverse of ``matrix``: a gradient in the weight's shape."""
        outputs, inputs, tall, wide = shape
        return matrix.reshape(outputs, tall, wide, inputs).transpose(0, 3, 1, 2).copy()

    def cols(self, images: Array, size: Any) -> Array:
        """im2col rows [G, n P, K] of images [n, C, H, W], in a buffer that the next call reuses."""
        n, channels, H, W = images.shape
        (tall, wide), (top, left) = self.kernel, self.padding
        padded = parallel.scratch("padded", (n, H + 2 * top, W + 2 * left, channels), images.dtype)
        if top or left:
            padded.fill(0)
        padded[:, top : top + H, left : left + W] = images.transpose(0, 2, 3, 1)
        view = im2col(padded, self.kernel, self.stride)
        per_group = channels // self.groups
        shape = (self.groups, n, *size, tall, wide, per_group)
        cols = parallel.scratch("cols", shape, images.dtype)
        np.copyto(cols, np.moveaxis(view.reshape(*view.shape[:-1], self.groups, -1), -2, 0))
        return cols.reshape(self.groups, n * size[0] * size[1], -1)

    def uncols(self, d_cols: Array, size: Any, shape: tuple[int, ...]) -> Array:
        """The transpose of ``cols``: rows [G, n P, K] added up into images [n, C, H, W]."""
        (n, channels, H, W), (top, left) = shape, self.padding
        d_cols = d_cols.reshape(self.groups, n, *size, *self.kernel, channels // self.groups)
        padded = parallel.scratch(
            "d_padded",
            (n, H + 2 * top, W + 2 * left, self.groups, channels // self.groups),
            d_cols.dtype,
        )
        padded.fill(0)
        col2im(np.moveaxis(d_cols, 0, -2), padded, self.stride)
        inner = padded[:, top : top + H, left : left + W].reshape(n, H, W, channels)
        return inner.transpose(0, 3, 1, 2)
