"""Products in pieces: every row once, whatever lies how in memory."""

import numpy as np
import pytest

from numsnn.products import product

RNG = np.random.default_rng(0)


def integers(*shape):
    return RNG.integers(-9, 10, shape).astype(float)


@pytest.mark.parametrize("small", [1, 100, 200, 10**6])
@pytest.mark.parametrize("rows", [0, 1, 8, 16, 17, 41])
@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
def test_every_row_once(monkeypatch, small, rows, lead):
    monkeypatch.setattr("numsnn.products.SMALL", small)
    a, b = integers(*lead, rows, 3), integers(*lead, 3, 4)
    out = np.full((*lead, rows, 4), np.nan)
    product(a, b, out)
    np.testing.assert_array_equal(out, np.einsum("...mk,...kn->...mn", a, b))


@pytest.mark.parametrize("small", [1, 200])
def test_one_matrix_for_all(monkeypatch, small):
    monkeypatch.setattr("numsnn.products.SMALL", small)
    a, b = integers(5, 23, 3), integers(3, 4)
    out = np.empty((5, 23, 4))
    product(a, b, out)
    np.testing.assert_array_equal(out, a @ b)


@pytest.mark.parametrize("small", [1, 200, 10**6])
def test_columns_of_rows_and_a_part_of_an_array(monkeypatch, small):
    """A transposed first operand, and an output that is no run of memory."""
    monkeypatch.setattr("numsnn.products.SMALL", small)
    a, b = integers(3, 50).T, integers(3, 4)
    out = np.zeros((50, 2, 4))
    product(a, b, out[:, 1])
    np.testing.assert_array_equal(out[:, 1], a @ b)
    assert not out[:, 0].any()


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("lead", [(), (3,)])
@pytest.mark.parametrize(
    ("rows", "depth", "columns"),
    [(4, 5, 64), (4, 5, 67), (3, 400, 2), (3, 401, 2), (30, 40, 50)],
    ids=["columns", "columns and a rest", "terms", "terms and a rest", "none"],
)
def test_few_rows_go_by_columns_and_small_results_by_terms(
    monkeypatch, rows, depth, columns, lead, transposed
):
    monkeypatch.setattr("numsnn.products.SMALL", 700)
    monkeypatch.setattr("numsnn.products.DEEP", 100)
    a, b = integers(*lead, rows, depth), integers(*lead, columns, depth).swapaxes(-1, -2)
    b = b if transposed else b.copy()
    out = np.full((*lead, rows, columns), np.nan)
    product(a, b, out)
    np.testing.assert_array_equal(out, a @ b)


@pytest.mark.parametrize("shape", [(40, 5, 3), (3, 900, 4), (4, 3, 900)])
@pytest.mark.parametrize("leads", [((2, 1), (2, 3)), ((1, 3), (2, 3)), ((1,), (4,))])
def test_leading_axes_broadcast(monkeypatch, shape, leads):
    """In pieces of rows, of terms and of columns."""
    monkeypatch.setattr("numsnn.products.SMALL", 240)
    monkeypatch.setattr("numsnn.products.DEEP", 8)
    rng = np.random.default_rng(0)
    m, k, n = shape
    a = rng.integers(-9, 10, (*leads[0], m, k)) * 1.0
    b = rng.integers(-9, 10, (*leads[1], k, n)) * 1.0
    out = np.empty((*np.broadcast_shapes(*leads), m, n))
    product(a, b, out=out)
    np.testing.assert_array_equal(out, a @ b)
