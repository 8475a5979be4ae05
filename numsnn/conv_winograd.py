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

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.im2col import Pair, samples
from numsnn.layout import aligned
from numsnn.products import product
from numsnn.validate import finite

Array = np.ndarray

STRIP = 3 << 18  # numbers of tiles and products that are held at a time: still in a cache
KERNEL = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, -1]])
"""G: the four numbers of a kernel of three, as above."""
KERNELS = np.kron(KERNEL, KERNEL)
"""The 16 numbers of a kernel of 3x3."""


class Winograd(NamedTuple):
    """y = A' (V U) A,  V = B' x B the tiles of x, U = G w G'.

    Backward all of it transposed: of d_m = A d_y A',

        d_U = V' d_m,  d_w = G' d_U G,  d_x = B (d_m U') B'.

    A, B: the sums behind and ahead of the products, above. Images are [n, C, H, W], outputs
    [n, H', W', O]. tdBN eq. 4.
    """

    padding: Pair

    def matrix(self, weight: Array) -> Array:
        """weight [O, C, 3, 3] as U [16, C, O]."""
        return self.transposed(weight.swapaxes(0, 1))

    def transposed(self, weight: Array) -> Array:
        """U' [16, O, C]."""
        O, C = weight.shape[:2]  # noqa: E741  O is the number of output channels throughout
        U = aligned((16, O * C), weight.dtype)
        np.matmul(KERNELS.astype(weight.real.dtype), weight.reshape(-1, 9).T, out=U)
        return U.reshape(16, O, C)

    def forward(self, images: Array, matrix: Array, bias: Array | None, y: Array) -> None:
        """Fill y."""
        finite("Conv2d", "x", images)
        for n, rows, tiles in strips(images, self.padding, matrix.shape[2]):
            m = parallel.scratch("products", (*tiles.shape[:-1], matrix.shape[2]), y.dtype)
            product(_matrices(tiles), matrix, out=_matrices(m))
            fold(m)
            fold(m[:2].swapaxes(0, 1))
            put(m[:2, :2], y[n, 2 * rows.start : 2 * rows.stop])
            if bias is not None:
                y[n, 2 * rows.start : 2 * rows.stop] += bias

    def backward(
        self, images: Array, d_y: Array, transposed: Array, d_images: Array | None, d_matrix: Array
    ) -> None:
        """Add to d_matrix [16, C, O], the gradient of U; fill d_images, if there are any."""
        outputs = d_y.shape[3]
        part = parallel.scratch("part", d_matrix.shape, d_matrix.dtype)
        for n, rows, tiles in strips(images, self.padding, outputs):
            d_m = parallel.scratch("products", (*tiles.shape[:-1], outputs), d_y.dtype)
            get(d_y[n, 2 * rows.start : 2 * rows.stop], d_m[::3, ::3])
            d_fold(d_m[::3].swapaxes(0, 1))
            d_fold(d_m)
            product(_matrices(tiles).swapaxes(1, 2), _matrices(d_m), out=part)
            d_matrix += part
            if d_images is not None:
                d_tiles = parallel.scratch("tiles", tiles.shape, d_images.dtype)  # in their place
                product(_matrices(d_m), transposed, out=_matrices(d_tiles))
                d_strip(d_tiles, rows, self.padding, d_images[n])

    def gradient(self, weight: Array) -> tuple[int, ...]:
        """The shape of d_matrix."""
        return (16, *weight.shape[1::-1])

    def unmatrix(self, matrix: Array, shape: tuple[int, ...]) -> Array:
        """The gradient in the weight's shape, of that of U."""
        pixels = matrix.reshape(16, -1).T @ KERNELS.astype(matrix.real.dtype)
        return pixels.reshape(*shape[1::-1], 3, 3).swapaxes(0, 1).copy()


def strips(images: Array, padding: Pair, outputs: int) -> Iterator[tuple[slice, slice, Array]]:
    """The tiles of padded images [N, C, H, W]: of samples n and rows i of tiles, (n, i, tiles).

    tiles: [4, 4, i, j, n, C], B' x B, in a buffer that the next strip uses again.
    """
    (N, C, H, W), (top, left) = images.shape, padding
    down, across = _tiles(images.shape, padding)
    count, height = _sizes(N, down, across, C + outputs)
    for n in samples(N, count):
        shape = (n.stop - n.start, 2 * down + 2, 2 * across + 2, C)
        image = parallel.scratch("padded", shape, images.dtype)
        image.fill(0)  # the border
        image[:, top : top + H, left : left + W] = images[n].transpose(0, 2, 3, 1)
        pairs = parallel.scratch("pairs", _pairs(image.shape), image.dtype)
        np.copyto(pairs, tiled(image))
        for i in samples(down, height):
            rows, *last = i.stop - i.start, len(image), C
            lines = parallel.scratch("lines", (4, 2, rows, across + 1, *last), image.dtype)
            spread(pairs[:, :, i], pairs[:, :, i.start + 1 : i.stop + 1], lines)
            tiles = parallel.scratch("tiles", (4, 4, rows, across, *last), image.dtype)
            columns = lines.swapaxes(0, 1)
            spread(columns[:, :, :, :-1], columns[:, :, :, 1:], tiles.swapaxes(0, 1))
            yield n, i, tiles


def _sizes(N: int, down: int, across: int, channels: int) -> Pair:
    """Samples of a strip, and rows of tiles."""
    fit = max(1, parallel.tile(STRIP) // (16 * channels))  # tiles
    return min(N, max(1, fit // (down * across))), min(down, max(1, fit // across))


def d_strip(d_tiles: Array, i: slice, padding: Pair, d_images: Array) -> None:
    """The transpose, of rows i of tiles; after the last ones, fill d_images [n, C, H, W]."""
    (n, C, H, W), (top, left) = d_images.shape, padding
    down, across = _tiles(d_images.shape, padding)
    d_whole = parallel.scratch("d_whole", (n, 2 * down + 2, 2 * across + 2, C), d_images.dtype)
    d_pairs = parallel.scratch("d_pairs", _pairs(d_whole.shape), d_images.dtype)
    if i.start == 0:
        d_pairs.fill(0)
    shape = (4, 2, i.stop - i.start, *d_pairs.shape[3:])
    d_lines = parallel.scratch("lines", shape, d_images.dtype)
    d_lines.fill(0)
    columns = d_lines.swapaxes(0, 1)
    d_spread(d_tiles.swapaxes(0, 1), columns[:, :, :, :-1], columns[:, :, :, 1:])
    d_spread(d_lines, d_pairs[:, :, i], d_pairs[:, :, i.start + 1 : i.stop + 1])
    if i.stop == down:
        np.copyto(tiled(d_whole), d_pairs)
        d_images[:] = d_whole[:, top : top + H, left : left + W].transpose(0, 3, 1, 2)


def _tiles(shape: tuple[int, ...], padding: Pair) -> Pair:
    """Rows and columns of tiles in an image [N, C, H, W]."""
    (H, W), (top, left) = shape[2:], padding
    return (H + 2 * top - 1) // 2, (W + 2 * left - 1) // 2


def _pairs(shape: tuple[int, ...]) -> tuple[int, ...]:
    """[row of a pair, column of a pair, pair of rows, pair of columns, n, C] for [n, rows, columns, C]."""
    n, rows, columns, C = shape
    return (2, 2, rows // 2, columns // 2, n, C)


def spread(pair: Array, following: Array, x: Array) -> None:
    """Ahead of the products: of x0, x1 and x2, x3 fill x0 - x2, x1 + x2, x2 - x1, x1 - x3."""
    np.subtract(pair, following, out=x[::3])
    np.add(pair[1], following[0], out=x[1])
    np.subtract(following[0], pair[1], out=x[2])


def d_spread(d_x: Array, d_pair: Array, d_following: Array) -> None:
    """The transpose: add to d_x0, d_x1 and d_x2, d_x3; what is in d_x is lost."""
    d_pair[0] += d_x[0]
    d_following[1] -= d_x[3]
    d_x[3] += d_x[1]
    d_x[3] -= d_x[2]
    d_pair[1] += d_x[3]
    d_x[2] += d_x[1]
    d_x[2] -= d_x[0]
    d_following[0] += d_x[2]


def fold(m: Array) -> None:
    """Behind the products: m0 + m1 + m2, m1 - m2 + m3 in the place of m0, m1."""
    m[0] += m[1]
    m[1] -= m[2]
    m[:2] += m[2:]


def d_fold(d_m: Array) -> None:
    """The transpose, of d_y0 in d_m0 and d_y1 in d_m3: they are there, these are d_m1 and d_m2."""
    np.add(d_m[0], d_m[3], out=d_m[1])
    np.subtract(d_m[0], d_m[3], out=d_m[2])


def tiled(y: Array) -> Array:
    """[n, 2 i, 2 j, O] as [2, 2, i, j, n, O]: row and column of a tile ahead. A view."""
    n, H, W, O = y.shape  # noqa: E741  O is the number of output channels
    return y.reshape(n, H // 2, 2, W // 2, 2, O).transpose(2, 4, 1, 3, 0, 5)


def put(tiles: Array, y: Array) -> None:
    """Fill y [n, H', W', O] from tiles [2, 2, i, j, n, O], which may go beyond it."""
    if y.shape == _whole(tiles):
        np.copyto(tiled(y), tiles)
        return
    whole = parallel.scratch("whole", _whole(tiles), y.dtype)
    np.copyto(tiled(whole), tiles)
    np.copyto(y, whole[:, : y.shape[1], : y.shape[2]])


def get(y: Array, tiles: Array) -> None:
    """Fill tiles from y, with zeros beyond it: the transpose of ``put``."""
    whole = y
    if y.shape != _whole(tiles):
        whole = parallel.scratch("whole", _whole(tiles), y.dtype)
        whole.fill(0)
        whole[:, : y.shape[1], : y.shape[2]] = y
    np.copyto(tiles, tiled(whole))


def _whole(tiles: Array) -> tuple[int, int, int, int]:
    """The shape [n, H, W, O] of what fills tiles [2, 2, i, j, n, O]."""
    rows, columns, n, O = tiles.shape[2:]  # noqa: E741
    return n, 2 * rows, 2 * columns, O


def _matrices(tiles: Array) -> Array:
    """[4, 4, i, j, n, C] as 16 matrices, a row for every tile."""
    return tiles.reshape(16, -1, tiles.shape[-1])
