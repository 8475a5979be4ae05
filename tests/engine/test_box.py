"""Sums over windows: their definition, the transpose, and layouts."""

import numpy as np
import pytest

from numsnn.box import box
from numsnn.layout import channels_last, empty

CASES = [
    # size, padding, (H, W)
    (2, (1, 1), (5, 4)),
    (2, (0, 0), (5, 4)),
    (3, (1, 2), (4, 7)),
    (3, (2, 0), (1, 3)),  # no window lies on the image
    (1, (0, 0), (3, 2)),
    (1, (2, 1), (3, 2)),  # windows that meet nothing
    (2, (4, 3), (1, 2)),
    (2, (-1, 0), (5, 4)),
    (3, (-1, -2), (6, 8)),
    (4, (-1, 3), (8, 1)),
]


def drawn(shape, last, rng):
    x = empty(shape, float, last)
    x[...] = rng.integers(-9, 10, shape)
    return x


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("laid", [1, 60, 1 << 17])
@pytest.mark.parametrize(("size", "padding", "image"), CASES)
def test_sums_and_their_transpose(size, padding, image, laid, last, monkeypatch):
    """Integers: exact. The sums as written; <box(x), d> = <x, box'(d)> for the transpose."""
    monkeypatch.setattr("numsnn.im2col.LAID", laid)
    rng = np.random.default_rng(0)
    x = drawn((2, 3, 4, *image), last, rng)
    y = box(x, size, padding)
    top, left = padding
    for i, j in np.ndindex(y.shape[3:]):
        rows = slice(max(0, i - top), max(0, i - top + size))
        columns = slice(max(0, j - left), max(0, j - left + size))
        np.testing.assert_array_equal(y[..., i, j], x[..., rows, columns].sum(axis=(3, 4)))
    assert y.shape[3:] == tuple(z + 2 * p - size + 1 for z, p in zip(image, padding, strict=True))
    assert channels_last(y) == (last and y.ndim == 5)
    d_y = drawn(y.shape, last, rng)
    d_x = box(d_y, size, (size - 1 - top, size - 1 - left))
    assert d_x.shape == x.shape
    assert (y * d_y).sum() == (x * d_x).sum()
