"""Matrix products in pieces that BLAS takes as they lie in memory.

OpenBLAS copies the operands of a product into buffers of its own before it multiplies, except in a
small product, of at most 10^6 multiplications (on processors with AVX-512). There a product cut into
small ones takes 0.3 to 0.9 of the time.
"""

import numpy as np

Array = np.ndarray

SMALL = 10**6  # multiplications of a piece
LEAST = 8  # rows of a piece: fewer fill no register
WIDTH = 16  # columns of a piece, or a multiple: a register of them
DEEP = 240  # terms of a piece's sums: adding the pieces up then costs little


def product(a: Array, b: Array, out: Array) -> None:
    """out = a b, in pieces.  a: [..., m, k], b: [..., k, n], out: [..., m, n], no copies.

    Leading axes broadcast, as in np.matmul.

    A piece has some rows of a; where they are too long, some terms of the sums, if the result is
    small, or some columns of b, if a is.
    """
    (rows, depth), columns = a.shape[-2:], b.shape[-1]
    if rows * depth * columns <= SMALL:
        np.matmul(a, b, out=out)
    elif (most := SMALL // (depth * columns)) >= LEAST:
        _by_rows(a, b, out, _even(rows, most))
    elif (most := SMALL // (rows * columns)) >= DEEP:
        _by_terms(a, b, out, _even(depth, most))
    elif (most := SMALL // (rows * depth)) >= WIDTH:
        _by_columns(a, b, out, most // WIDTH * WIDTH)
    else:
        np.matmul(a, b, out=out)


def _by_rows(a: Array, b: Array, out: Array, size: int) -> None:
    *lead, rows, depth = a.shape
    whole = rows // size * size
    np.matmul(
        a[..., :whole, :].reshape(*lead, -1, size, depth),
        b[..., None, :, :],
        out=out[..., :whole, :].reshape(*out.shape[:-2], -1, size, out.shape[-1]),
    )
    if whole < rows:
        np.matmul(a[..., whole:, :], b, out=out[..., whole:, :])


def _by_terms(a: Array, b: Array, out: Array, size: int) -> None:
    depth = a.shape[-1]
    whole = depth // size * size
    pieces = np.matmul(_cut(a[..., :whole], size), _cut(b[..., :whole, :].mT, size).mT)
    pieces.sum(axis=-3, out=out)
    if whole < depth:
        out += np.matmul(a[..., whole:], b[..., whole:, :])


def _by_columns(a: Array, b: Array, out: Array, size: int) -> None:
    whole = b.shape[-1] // size * size
    np.matmul(a[..., None, :, :], _cut(b[..., :whole], size), out=_cut(out[..., :whole], size))
    if whole < b.shape[-1]:
        np.matmul(a, b[..., whole:], out=out[..., whole:])


def _cut(x: Array, size: int) -> Array:
    """x [..., m, p size] as [..., p, m, size], a view."""
    return np.moveaxis(x.reshape(*x.shape[:-1], -1, size), -2, -3)


def _even(count: int, most: int) -> int:
    """The size of alike pieces of ``count``, of ``most`` at most."""
    return -(-count // -(-count // most))
