"""Convolution of stride 1 with a kernel of 3x3 by Winograd's filtering: 36 products for 144.

A polynomial of degree 5 is what interpolates it at five points p_i, and its leading coefficient
times M(z) = product over i of (z - p_i). With M_i(z) the same product without (z - p_i), and a kernel
of three numbers as g(z) = g0 + g1 z + g2 z^2, for k = 0..3

    z^k g(z) = sum over i of p_i^k [g(p_i)/M_i(p_i)] M_i(z)  +  [k = 3] g2 M(z).

Put the pixel x_l in the place of z^l: on the left is the output y_k = sum over a of g_a x_{k+a}. On
the right M_i and M are six sums of six pixels, and the brackets and g2 six sums of the kernel: four
outputs take six products, not twelve,

    y = A [(G g) (B x)].

On the rows and then on the columns of an image, tiles of 6x6 pixels, four apart, give 4x4 outputs
each. The products are matrix products over channels, one for each of the 36 places in a tile; the
sums around them are products with a fixed matrix. The points 0, +-sqrt(1/2), +-sqrt(2) err a third as
much at most as 0, +-1, +-2 would, and two to four times as much as the sums of im2col do.
Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016: F(4x4, 3x3).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.polynomial.polynomial import polyfromroots, polyval

from numsnn import parallel
from numsnn.im2col import Pair, fold, samples
from numsnn.layout import aligned
from numsnn.products import product

Array = np.ndarray

STRIP = 1 << 21  # numbers of tiles and products held at a time: all of them meet one kernel
SIDE, APART = 6, 4  # pixels of a tile, and from one to the next
SHARED = SIDE - APART  # pixels of two neighbours
POINTS = np.array([0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5)])


def _from(points: Array) -> tuple[Array, Array, Array]:
    """A [4, 6], B [6, 6] and G [6, 3], as above."""
    others = [polyfromroots(np.delete(points, i)) for i in range(len(points))]  # M_i
    at_points = [polyval(p, m) for p, m in zip(points, others, strict=True)]
    outputs = np.vander(points, APART, increasing=True)
    kernel = np.vander(points, 3, increasing=True) / np.array(at_points)[:, None]
    return (
        np.concatenate([outputs, [[0, 0, 0, 1]]]).T,
        np.stack([*(np.append(m, 0) for m in others), polyfromroots(points)]),
        np.concatenate([kernel, [[0, 0, 1]]]),
    )


OUTPUTS, PIXELS, KERNELS = (np.kron(one, one) for one in _from(POINTS))
"""The same for tiles and kernels of two dimensions: [16, 36], [36, 36], [36, 9]."""


class Winograd(NamedTuple):
    """y = A (V U) A',  V = B x B' the tiles of x, U = G w G'.

    Backward all of it transposed: of d_m = A' d_y A,

        d_U = V' d_m,  d_w = G' d_U G,  d_x = B' (d_m U') B.

    Images are [n, C, H, W], outputs [n, H', W', O]. tdBN eq. 4.
    """

    padding: Pair

    def matrix(self, weight: Array) -> Array:
        """weight [O, C, 3, 3] as U [36, C, O]."""
        return _filtered(weight.transpose(2, 3, 1, 0))

    def transposed(self, weight: Array) -> Array:
        """U' [36, O, C]."""
        return _filtered(weight.transpose(2, 3, 0, 1))

    def forward(self, images: Array, matrix: Array, bias: Array | None, y: Array) -> None:
        """Fill y."""
        outputs = matrix.shape[2]
        for n, rows, tiles in strips(images, self.padding, outputs):
            m = parallel.scratch("products", (*tiles.shape[:2], outputs), y.dtype)
            product(tiles, matrix, out=m)
            part = y[n, APART * rows.start : APART * rows.stop]
            blocks = parallel.scratch("pixels", _blocks(part.shape), y.dtype)
            product(_as(OUTPUTS, y), _flat(m), out=_flat(blocks))
            put(blocks, part)
            if bias is not None:
                part += bias

    def backward(
        self, images: Array, d_y: Array, transposed: Array, d_images: Array | None, d_matrix: Array
    ) -> None:
        """Add to d_matrix [36, C, O], the gradient of U; fill d_images, if there are any."""
        outputs = d_y.shape[3]
        part = parallel.scratch("part", d_matrix.shape, d_matrix.dtype)
        for n, rows, tiles in strips(images, self.padding, outputs):
            d_part = d_y[n, APART * rows.start : APART * rows.stop]
            d_blocks = parallel.scratch("pixels", _blocks(d_part.shape), d_y.dtype)
            get(d_part, d_blocks)
            d_m = parallel.scratch("products", (*tiles.shape[:2], outputs), d_y.dtype)
            product(_as(OUTPUTS.T, d_y), _flat(d_blocks), out=_flat(d_m))
            product(tiles.swapaxes(1, 2), d_m, out=part)
            d_matrix += part
            if d_images is not None:
                d_tiles = parallel.scratch("tiles", tiles.shape, d_images.dtype)  # in their place
                product(d_m, transposed, out=d_tiles)
                d_strip(d_tiles, rows, self.padding, d_images[n])

    def gradient(self, weight: Array) -> tuple[int, ...]:
        """The shape of d_matrix."""
        return (SIDE**2, *weight.shape[1::-1])

    def unmatrix(self, matrix: Array, shape: tuple[int, ...]) -> Array:
        """The gradient in the weight's shape, of that of U."""
        pixels = _as(KERNELS.T, matrix) @ _flat(matrix)
        return pixels.reshape(3, 3, *shape[1::-1]).transpose(3, 2, 0, 1)


def strips(images: Array, padding: Pair, outputs: int) -> Iterator[tuple[slice, slice, Array]]:
    """The tiles of padded images [N, C, H, W]: of samples n and rows i of tiles, (n, i, V).

    V: [36, n i j, C], in a buffer that the next strip uses again.
    """
    (N, C, H, W), (top, left) = images.shape, padding
    down, across = _tiles(images.shape, padding)
    count, height = _sizes(N, down, across, C + outputs)
    for n in samples(N, count):
        image = parallel.scratch("padded", _whole(n, down, across, C), images.dtype)
        image.fill(0)  # the border
        image[:, top : top + H, left : left + W] = images[n].transpose(0, 2, 3, 1)
        for i in samples(down, height):
            windows = _windows(image, i)
            pixels = parallel.scratch("pixels", windows.shape, images.dtype)
            np.copyto(pixels, windows)
            tiles = parallel.scratch("tiles", windows.shape, images.dtype)
            product(_as(PIXELS, images), _flat(pixels), out=_flat(tiles))
            yield n, i, tiles.reshape(SIDE**2, -1, C)


def d_strip(d_tiles: Array, i: slice, padding: Pair, d_images: Array) -> None:
    """The transpose, of rows i of tiles; after the last ones, fill d_images [n, C, H, W]."""
    (n, C, H, W), (top, left) = d_images.shape, padding
    down, across = _tiles(d_images.shape, padding)
    whole = parallel.scratch("d_whole", _whole(slice(0, n), down, across, C), d_images.dtype)
    shape = SIDE, SIDE, n, i.stop - i.start, across, C
    d_pixels = parallel.scratch("pixels", shape, d_images.dtype)
    product(_as(PIXELS.T, d_images), _flat(d_tiles), out=_flat(d_pixels))
    # the last two rows of the tiles above are the first two of these
    above = parallel.scratch("above", (SHARED, SIDE, n, across, C), d_images.dtype)
    if i.start > 0:
        d_pixels[:SHARED, :, :, 0] += above
    np.copyto(above, d_pixels[APART:, :, :, -1])
    fold(d_pixels, whole[:, APART * i.start : APART * i.stop + SHARED], (APART, APART))
    if i.stop == down:
        d_images[:] = whole[:, top : top + H, left : left + W].transpose(0, 3, 1, 2)


def _tiles(shape: tuple[int, ...], padding: Pair) -> Pair:
    """Rows and columns of tiles in an image [N, C, H, W]."""
    down, across = (-(-(z + 2 * p - 2) // APART) for z, p in zip(shape[2:], padding, strict=True))
    return down, across


def _sizes(N: int, down: int, across: int, channels: int) -> Pair:
    """Samples of a strip, and rows of tiles."""
    fit = max(1, parallel.tile(STRIP) // (SIDE**2 * channels))  # tiles
    return min(N, max(1, fit // (down * across))), min(down, max(1, fit // across))


def _whole(n: slice, down: int, across: int, C: int) -> tuple[int, ...]:
    """The shape of padded images that are all tiles."""
    return n.stop - n.start, *(APART * z + SHARED for z in (down, across)), C


def _windows(image: Array, i: slice) -> Array:
    """Rows i of the tiles of images [n, H, W, C]: [6, 6, n, i, j, C], a view without a copy."""
    windows = sliding_window_view(image, (SIDE, SIDE), axis=(1, 2))
    return windows[:, ::APART, ::APART][:, i].transpose(4, 5, 0, 1, 2, 3)


def _blocks(shape: tuple[int, ...]) -> tuple[int, ...]:
    """[4, 4, n, i, j, O] for outputs [n, H', W', O]: place in a block, and block."""
    n, H, W, O = shape  # noqa: E741
    return APART, APART, n, -(-H // APART), -(-W // APART), O


def _tiled(y: Array) -> Array:
    """[n, 4 i, 4 j, O] as blocks. A view."""
    n, H, W, O = y.shape  # noqa: E741
    return y.reshape(n, H // APART, APART, W // APART, APART, O).transpose(2, 4, 0, 1, 3, 5)


def put(blocks: Array, y: Array) -> None:
    """Fill y [n, H', W', O] from blocks, which may go beyond it."""
    shape = _outputs(blocks.shape)
    if y.shape == shape:
        np.copyto(_tiled(y), blocks)
        return
    whole = parallel.scratch("whole", shape, y.dtype)
    np.copyto(_tiled(whole), blocks)
    np.copyto(y, whole[:, : y.shape[1], : y.shape[2]])


def get(y: Array, blocks: Array) -> None:
    """Fill blocks from y, with zeros beyond it: the transpose of ``put``."""
    shape, whole = _outputs(blocks.shape), y
    if y.shape != shape:
        whole = parallel.scratch("whole", shape, y.dtype)
        whole.fill(0)
        whole[:, : y.shape[1], : y.shape[2]] = y
    np.copyto(blocks, _tiled(whole))


def _outputs(shape: tuple[int, ...]) -> tuple[int, ...]:
    """[n, H, W, O] of all that blocks of this shape hold."""
    n, down, across, O = shape[2:]  # noqa: E741
    return n, APART * down, APART * across, O


def _filtered(kernels: Array) -> Array:
    """G w G' of kernels w [3, 3, a, b], as [36, a, b]."""
    U = aligned((SIDE**2, *kernels.shape[2:]), kernels.dtype)
    np.matmul(_as(KERNELS, kernels), kernels.reshape(9, -1), out=_flat(U))
    return U


def _flat(x: Array) -> Array:
    """[6, 6, ...], [4, 4, ...] or [36, n i j, C] as a matrix: a row for each place in a tile."""
    return x.reshape(len(x) if x.ndim == 3 else len(x) ** 2, -1)


def _as(matrix: Array, x: Array) -> Array:
    """A fixed matrix in the precision of x, its columns in a row: so BLAS reads it fastest."""
    return matrix.astype(x.real.dtype, order="F")
