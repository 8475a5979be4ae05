"""The bare products: their shapes by hand, their sum as `describe` counts, and all rows multiplied."""

import numpy as np
import pytest

from numsnn.bench import products as module
from numsnn.bench.products import CHUNKS, WAYS, Bare, Operands, Product, products_of
from numsnn.bench.workloads import WORKLOADS, workload
from numsnn.describe import operations


def test_the_perceptron_by_hand():
    """The first layer sees a still image once and needs no input gradient."""
    assert products_of(workload("a")) == [
        Product("0", 64, 784, 256, False),
        Product("3", 8 * 64, 256, 10, True),
    ]


def test_the_convolutions_by_hand():
    found = products_of(workload("c"))
    assert [product[1:] for product in found] == [
        (32 * 32 * 32, 27, 64, False),
        (4 * 32 * 32 * 32, 9 * 64, 128, True),
        (4 * 32 * 16 * 16, 9 * 128, 128, True),
        (4 * 32, 8 * 8 * 128, 10, True),
    ]
    assert found[1].operations == 3 * 2 * 131072 * 576 * 128
    assert found[0].operations == 2 * 2 * 32768 * 27 * 64


def test_frames_of_events_are_not_shared_between_steps():
    assert [product[1:] for product in products_of(workload("d"))] == [
        (15 * 16 * 34 * 34, 18, 32, False),
        (15 * 16 * 17 * 17, 9 * 32, 64, True),
        (15 * 16, 64 * 8 * 8, 10, True),
    ]


def test_a_strided_convolution_has_the_rows_of_its_output():
    shortcuts = [p for p in products_of(workload("e")) if "shortcut" in p.name]
    assert [p[1:4] for p in shortcuts] == [(4096, 16, 32), (1024, 32, 64), (256, 64, 128)]


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_forward_products_are_what_describe_counts(name):
    work = workload(name)
    rows = operations(work.network(), work.input_shape, work.T)
    counted = work.batch * sum(row.operations * row.computed for row in rows)
    assert sum(p.rows * p.depth * p.outputs for p in products_of(work)) == counted


@pytest.mark.parametrize("input_gradient", [False, True])
def test_what_is_multiplied(input_gradient):
    operands = Operands.of(Product("", 7, 5, 3, input_gradient), 7)
    before = operands.d_cols.copy()
    operands.multiply(6, input_gradient)
    cols, weight, rows, d_weight, d_cols = operands
    np.testing.assert_allclose(rows[:6], cols[:6] @ weight.T, rtol=1e-6)
    np.testing.assert_allclose(d_weight, rows[:6].T @ cols[:6], rtol=1e-5)
    if input_gradient:
        np.testing.assert_allclose(d_cols[:6], rows[:6] @ weight, rtol=1e-5)
    else:
        np.testing.assert_array_equal(d_cols, before)


@pytest.mark.parametrize("rows", [1, 999, 1000, 12345])
@pytest.mark.parametrize("way", range(len(WAYS)))
def test_every_row_is_multiplied_once(rows, way, monkeypatch):
    done = []
    monkeypatch.setattr(Operands, "multiply", lambda self, count, gradient: done.append(count))
    monkeypatch.setattr(module, "BLOCK", 1 << 12)
    product = Product("", rows, 70, 3, True)
    run = [*(module._chunked(product, 1 << (9 + i)) for i, _ in enumerate(CHUNKS))]
    [*run, module._whole(product)][way]()
    assert sum(done) == rows
    assert min(done) > 0


def test_the_limit_takes_each_product_in_its_fastest_way():
    bare = Bare(workload("a").resized(batch=2, T=2, turn=1))
    turn = bare.contestant().turn()
    assert len(turn) == len(WAYS) * 2
    assert all(seconds > 0 for seconds in turn.values())
    seconds = dict.fromkeys(turn, 5.0)
    seconds[f"0, {WAYS[0]}"] = 2.0
    seconds[f"3, {WAYS[-1]}"] = 1.0
    assert bare.limit(seconds) == 3.0
