"""Convolution of any stride and grouping by im2col: one matrix product for each group of channels."""

import math
from typing import NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.im2col import Pair, at_once, fold, laid_out, samples
from numsnn.layout import lined_up
from numsnn.products import product

Array = np.ndarray


class Im2col(NamedTuple):
    """y = cols(x) W,   d_W = cols(x)' d_y,   d_x = the transpose of cols, of d_y W'.

    cols(x): [G, n P, K], a row for each of the P output pixels of n samples, of the
    K = kh kw C/G numbers in its window. matrix W: [G, K, O/G]. Images are [n, C, H, W], outputs
    [n, H', W', O]. tdBN eq. 4.
    """

    kernel: Pair
    stride: Pair
    padding: Pair
    groups: int

    def matrix(self, weight: Array) -> Array:
        """weight [O, C/G, kh, kw] as [G, K, O/G], K in the order of im2col's rows."""
        outputs = len(weight) // self.groups
        # every piece of a product reads it, a third slower where rows go over two cache lines
        rows = lined_up(weight.transpose(2, 3, 1, 0)).reshape(-1, self.groups, outputs)
        return rows.swapaxes(0, 1)

    def transposed(self, weight: Array) -> Array:
        """[G, kh kw, O/G, C/G]: the matrix that leads back to each place in a window."""
        O, C, *window = weight.shape  # noqa: E741  O is the number of output channels throughout
        places = weight.reshape(self.groups, O // self.groups, C, math.prod(window))
        return lined_up(places.transpose(0, 3, 1, 2))

    def forward(self, images: Array, matrix: Array, bias: Array | None, y: Array) -> None:
        """Fill y."""
        for n, cols in laid_out(images, self.kernel, self.stride, self.padding):
            product(self.rows(cols), matrix, out=self.pixels(y[n]))
            if bias is not None:
                y[n] += bias

    def backward(
        self, images: Array, d_y: Array, transposed: Array, d_images: Array | None, d_matrix: Array
    ) -> None:
        """Add to d_matrix [G, K, O/G], the gradient of the matrix; fill d_images, if there are any."""
        for n, cols in laid_out(images, self.kernel, self.stride, self.padding):
            part = parallel.scratch("part", d_matrix.shape, d_matrix.dtype)
            product(self.rows(cols).swapaxes(1, 2), self.pixels(d_y[n]), out=part)
            d_matrix += part
        if d_images is not None:
            self.backward_images(d_y, transposed, d_images)

    def backward_images(self, d_y: Array, transposed: Array, d_images: Array) -> None:
        """Fill d_images."""
        N, C = d_images.shape[:2]
        P = d_y.shape[1] * d_y.shape[2]
        for n in samples(N, at_once(N, P * math.prod(self.kernel) * C)):
            shape = (*transposed.shape[:2], (n.stop - n.start) * P, transposed.shape[3])
            d_cols = parallel.scratch("cols", shape, d_images.dtype)
            product(self.pixels(d_y[n])[:, None], transposed, out=d_cols)
            self.uncols(d_cols, d_y.shape[1:3], d_images[n].transpose(0, 2, 3, 1))

    def gradient(self, weight: Array) -> tuple[int, ...]:
        """The shape of d_matrix."""
        return (self.groups, math.prod(weight.shape[1:]), len(weight) // self.groups)

    def unmatrix(self, matrix: Array, shape: tuple[int, ...]) -> Array:
        """The inverse of ``matrix``: a gradient in the weight's shape."""
        outputs, inputs, tall, wide = shape
        rows = matrix.swapaxes(0, 1).reshape(tall, wide, inputs, outputs)
        return rows.transpose(3, 2, 0, 1)

    def rows(self, cols: Array) -> Array:
        """cols [n, H', W', kh, kw, C] as [G, n P, K]; a view where there is one group."""
        grouped = cols.reshape(
            -1, math.prod(self.kernel), self.groups, cols.shape[-1] // self.groups
        )
        return grouped.transpose(2, 0, 1, 3).reshape(self.groups, len(grouped), -1)

    def pixels(self, y: Array) -> Array:
        """y [n, H', W', O] as [G, n P, O/G], a view: y is channels last."""
        return y.reshape(-1, self.groups, y.shape[-1] // self.groups).swapaxes(0, 1)

    def uncols(self, d_cols: Array, size: Pair, d_images: Array) -> None:
        """The transpose of padding and im2col: [G, kh kw, n P, C/G] added up into images [n, H, W, C]."""
        (n, H, W, C), (top, left) = d_images.shape, self.padding
        shape = (n, H + 2 * top, W + 2 * left, C)
        whole = (
            d_images
            if shape == d_images.shape
            else parallel.scratch("d_padded", shape, d_cols.dtype)
        )
        for group, cols in enumerate(d_cols):
            cols = cols.reshape(*self.kernel, n, *size, C // self.groups)
            own = slice(group * C // self.groups, (group + 1) * C // self.groups)
            fold(cols, whole[..., own], self.stride)
        if whole is not d_images:
            np.copyto(d_images, whole[:, top : top + H, left : left + W])
