"""Complex numbers as dual numbers, inner products of trees, and how errors are measured."""

from typing import Any, NamedTuple

import numpy as np

import numsnn as ns
from numsnn.neurons import MembraneCotangent, State
from numsnn.tree import leaves, map_tree, named_leaves

STEP = 1e-30
ADJOINT = 1e-12  # of the sum of the absolute terms: two inner products of the same numbers
REORDERED = 2**12 * np.finfo(np.float64).eps  # of the largest number: sums in another order


class Cotangents(NamedTuple):
    """dL/d output, and dL/d membranes and final states by name."""

    output: np.ndarray
    membranes: dict[str, Any]


def random_like(rng, tree):
    return map_tree(lambda leaf: rng.standard_normal(np.shape(leaf)), tree)


def cotangents(rng, network, saved, y, finals=True):
    """Random ones for everything the network gives; a real loss of all of it is <these, all>."""
    membranes = {
        name: MembraneCotangent(
            rng.standard_normal(m.shape),
            State(*(rng.standard_normal(m.shape[1:]) for _ in range(2))) if finals else None,
        )
        for name, m in ns.membranes(network, saved).items()
    }
    return Cotangents(rng.standard_normal(y.shape), membranes)


def loss(network, saved, y, w):
    """The sum of cotangents times values: its gradient is what backward returns."""
    total = (w.output * y).sum()
    finals = ns.final_states(network, saved)
    for name, membrane in ns.membranes(network, saved).items():
        given = w.membranes[name]
        if given.trace is not None:
            total = total + (given.trace * membrane).sum()
        if given.final is not None:
            total = total + inner(given.final, finals[name])
    return total


def lifted(tree, direction):
    """tree + i STEP direction."""
    return map_tree(lambda leaf, t: leaf + 1j * STEP * t, tree, direction)


def derivative(network, params, x, direction, w):
    """The derivative of the loss along ``direction`` = (t_params, t_x), by complex step."""
    params, x = lifted((params, x), direction)
    y, saved = network.forward(params, x)
    return loss(network, saved, y, w).imag / STEP


def gradient(network, saved, w):
    """(d_params, d_x)."""
    d_x, d_params = network.backward(saved, w.output, w.membranes)
    return d_params, d_x


def inner(a, b):
    return sum(np.sum(x * y) for x, y in zip(leaves(a), leaves(b), strict=True))


def magnitude(a, b):
    """The sum of the absolute terms of ``inner``: what its rounding is measured by."""
    return sum(np.sum(np.abs(x * y)) for x, y in zip(leaves(a), leaves(b), strict=True))


def gap(a, b):
    """The largest difference of two trees, relative to the largest number in either.

    Of the whole tree: a gradient that is zero but for rounding has no size of its own.
    """
    rows = list(zip(named_leaves(a), named_leaves(b), strict=True))
    assert all(x[0] == y[0] and np.shape(x[1]) == np.shape(y[1]) for x, y in rows)
    largest = max(max(np.abs(x).max(), np.abs(y).max()) for (_, x), (_, y) in rows)
    return max(np.abs(x - y).max() for (_, x), (_, y) in rows) / (largest or 1.0)


def same(a, b):
    """Every number of two trees is equal; names, shapes and precisions too."""
    rows = list(zip(named_leaves(a), named_leaves(b), strict=True))
    for (name, x), (other, y) in rows:
        assert name == other
        assert np.asarray(x).dtype == np.asarray(y).dtype, name
        np.testing.assert_array_equal(x, y, err_msg=name)
    return True


def alive(tree):
    """Some number of the tree is not zero: equality of nothing proves nothing."""
    assert any(np.any(leaf) for leaf in leaves(tree))
    return True
