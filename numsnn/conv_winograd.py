"""Convolution of stride 1 with a kernel of 3x3 by Winograd's filtering: 16 products for 36.

Two outputs of a kernel g of three numbers need four products, not six:

    x0 g0 + x1 g1 + x2 g2 = m0 + m1 + m2        m0 = (x0 - x2) g0
    x1 g0 + x2 g1 + x3 g2 = m1 - m2 + m3        m1 = (x1 + x2) (g0 + g1 + g2)/2
                                                m2 = (x2 - x1) (g0 - g1 + g2)/2
                                                m3 = (x1 - x3) (-g2)

On rows and then on columns of an image, tiles of 4x4 pixels, two apart, give 2x2 outputs each. The
products are matrix products over channels, one for each of the 16 places in a tile; the sums around
them cost as much as the products where channels are few. Lavin and Gray, "Fast algorithms for
convolutional neural networks", 2016: F(2x2, 3x3), with the sign of m3 turned.
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.im2col import Pair, samples
from numsnn.layout import copied
from numsnn.validate import finite

Array = np.ndarray

STRIP = 3 << 18  # numbers of tiles and products that are held at a time: still in a cache
KERNEL = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, -1]])
"""G: the four numbers of a kernel of three, as above."""


class Winograd(NamedTuple):
    """y = A' (V U) A,  V = B' x B the tiles of x, U = G w G';  d_U = V' (A d_y A'), d_w = G' d_U G.

    A, B: the sums behind and ahead of the products, above. d_x is a convolution of d_y, with the
    kernel turned around and padded by 2 - padding. Images are [n, C, H, W], outputs [n, H', W', O];
    backward no padding is larger than 2. tdBN eq. 4.
    """

    padding: Pair

    def matrix(self, weight: Array) -> Array:
        """weight [O, C, 3, 3] as U [16, C, O]."""
        G = KERNEL.astype(weight.real.dtype)
        return copied((G @ weight @ G.T).transpose(2, 3, 1, 0)).reshape(16, *weight.shape[1::-1])

    def transposed(self, weight: Array) -> Array:
        """U [16, O, C] of the weight turned around."""
        return self.matrix(weight[:, :, ::-1, ::-1].swapaxes(0, 1))

    def forward(self, images: Array, matrix: Array, bias: Array | None, y: Array) -> None:
        """Fill y."""
        finite("Conv2d", "x", images)
        self._filter(images, matrix, bias, y)

    def _filter(self, images: Array, matrix: Array, bias: Array | None, y: Array) -> None:
        """Fill y, whatever the images hold: they may be cotangents."""
        for n, rows, tiles in strips(images, self.padding, matrix.shape[2]):
            products = parallel.scratch("products", (*tiles.shape[:-1], matrix.shape[2]), y.dtype)
            np.matmul(_matrices(tiles), matrix, out=_matrices(products))
            first, second = halves(products)
            first += second
            first, second = halves(first.swapaxes(0, 1))
            for column, row, part in quarters(y[n], rows):
                h, w = part.shape[1:3]
                np.add(first[column, row, :, :h, :w], second[column, row, :, :h, :w], out=part)
            if bias is not None:
                y[n, 2 * rows.start : 2 * rows.stop] += bias

    def backward(self, d_y: Array, matrix: Array, d_images: Array) -> None:
        """Fill d_images."""
        around = Winograd((2 - self.padding[0], 2 - self.padding[1]))
        around._filter(d_y.transpose(0, 3, 1, 2), matrix, None, d_images.transpose(0, 2, 3, 1))

    def backward_matrix(self, images: Array, d_y: Array, d_matrix: Array) -> None:
        """Add to d_matrix [16, C, O], the gradient of U."""
        outputs = d_y.shape[-1]
        for n, rows, tiles in strips(images, self.padding, outputs):
            d_products = parallel.scratch("products", (*tiles.shape[:-1], outputs), d_y.dtype)
            corners = d_products[::3, ::3]
            corners.fill(0)  # where an image ends within a tile
            for column, row, part in quarters(d_y[n], rows):
                corners[row, column, :, : part.shape[1], : part.shape[2]] = part
            d_halves(d_products[::3].swapaxes(0, 1))
            d_halves(d_products)
            d_matrix += _matrices(tiles).swapaxes(1, 2) @ _matrices(d_products)

    def gradient(self, weight: Array) -> tuple[int, ...]:
        """The shape of d_matrix."""
        return (16, *weight.shape[1::-1])

    def unmatrix(self, matrix: Array, shape: tuple[int, ...]) -> Array:
        """The gradient in the weight's shape, of that of U."""
        G = KERNEL.astype(matrix.real.dtype)
        tiles = matrix.reshape(4, 4, *shape[1::-1]).transpose(3, 2, 0, 1)
        return np.ascontiguousarray(G.T @ tiles @ G)


def strips(images: Array, padding: Pair, outputs: int) -> Iterator[tuple[slice, slice, Array]]:
    """The tiles of padded images [N, C, H, W]: of samples n and rows i of tiles, (n, i, tiles).

    tiles: [4, 4, n, i, j, C], B' x B, in a buffer that the next strip uses again.
    """
    (N, C, H), (top, left) = images.shape[:3], padding
    count, down, height, across = _sizes(images.shape, padding, outputs)
    # [n, pair of rows, row of a pair, column of a pair, pair of columns, C]
    padded = parallel.scratch("padded", (count, down + 1, 2, 2, across + 1, C), images.dtype)
    padded.fill(0)  # once: the border stays
    for n in samples(N, count):
        pairs = padded[: n.stop - n.start]
        image = pairs.reshape(len(pairs), 2 * down + 2, 2, across + 1, C)
        for column in range(2):
            every_other = images[n, :, :, (column - left) % 2 :: 2].transpose(0, 2, 3, 1)
            begin = (left + 1 - column) // 2
            end = begin + every_other.shape[2]
            image[:, top : top + H, column, begin:end] = every_other
        by_row = pairs.transpose(2, 0, 1, 3, 4, 5)
        for i in samples(down, height):
            shape = (4, len(pairs), i.stop - i.start, 2, across + 1, C)
            lines = parallel.scratch("lines", shape, images.dtype)
            spread(by_row[:, :, i], by_row[:, :, i.start + 1 : i.stop + 1], lines)
            tiles = parallel.scratch("tiles", (4, *shape[:3], across, C), images.dtype)
            by_column = lines.transpose(3, 0, 1, 2, 4, 5)
            spread(by_column[..., :-1, :], by_column[..., 1:, :], tiles.swapaxes(0, 1))
            yield n, i, tiles


def _sizes(shape: tuple[int, ...], padding: Pair, outputs: int) -> tuple[int, int, int, int]:
    """Samples of a strip; rows of tiles in an image, in a strip; columns of tiles in an image."""
    (N, C, H, W), (top, left) = shape, padding
    down, across = (H + 2 * top - 1) // 2, (W + 2 * left - 1) // 2
    fit = max(1, STRIP // (16 * (C + outputs)))
    return max(1, min(N, fit // (down * across))), down, max(1, min(down, fit // across)), across


def spread(pair: Array, following: Array, x: Array) -> None:
    """Ahead of the products: of x0, x1 and x2, x3 fill x0 - x2, x1 + x2, x2 - x1, x1 - x3."""
    np.subtract(pair, following, out=x[::3])
    np.add(pair[1], following[0], out=x[1])
    np.subtract(following[0], pair[1], out=x[2])


def halves(m: Array) -> tuple[Array, Array]:
    """Behind the products: two arrays whose sum is m0 + m1 + m2, m1 - m2 + m3, in the place of m."""
    m[0] += m[1]
    m[1] -= m[2]
    return m[:2], m[2:]


def d_halves(d_m: Array) -> None:
    """The transpose, of d_y0 in d_m0 and d_y1 in d_m3: they are there, these are d_m1 and d_m2."""
    np.add(d_m[0], d_m[3], out=d_m[1])
    np.subtract(d_m[0], d_m[3], out=d_m[2])


def quarters(y: Array, rows: slice) -> Iterator[tuple[int, int, Array]]:
    """Of the outputs [n, H', W', O] of rows of tiles: column and row within a tile, those outputs."""
    for column, row in itertools.product(range(2), range(2)):
        yield column, row, y[:, 2 * rows.start + row : 2 * rows.stop : 2, column::2]


def _matrices(tiles: Array) -> Array:
    """[4, 4, n, i, j, C] as 16 matrices, a row for every tile."""
    return tiles.reshape(16, -1, tiles.shape[-1])
