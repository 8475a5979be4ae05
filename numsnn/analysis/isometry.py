"""phi(JJ') = tr(JJ')/m of a block: how much it stretches a gradient on its way back. tdBN eq. 20.

J is the block's Jacobian, outputs x inputs, over all steps and samples at once, with the surrogate
slope where a spike has none; m is the number of outputs. At phi = 1 a gradient keeps its size on
average (dynamical isometry).
"""

from typing import Any, NamedTuple

import numpy as np

from numsnn.layer import Array
from numsnn.tree import Tree
from numsnn.validate import positive_integer


class Isometry(NamedTuple):
    """phi, and the standard error of its estimate (0 where it is exact)."""

    phi: float
    error: float


def jacobian(layer: Any, params: Tree, x: Array) -> Array:
    """J[i, j] = d y_i / d x_j of a layer or network at x, numbers in C order: [outputs, inputs].

    One backward pass an output: for small blocks.
    """
    y, saved = layer.forward(params, x)
    rows = np.empty((y.size, x.size), y.dtype)
    for i in range(y.size):
        d_y = np.zeros(y.size, y.dtype)
        d_y[i] = 1
        rows[i] = layer.backward(saved, d_y.reshape(y.shape))[0].ravel()
    return rows


def phi_by_jacobian(layer: Any, params: Tree, x: Array) -> Isometry:
    """tr(JJ')/m from the whole Jacobian."""
    J = jacobian(layer, params, x).astype(np.float64)
    return Isometry(float(np.sum(J * J) / len(J)), 0.0)


def phi_by_probes(
    layer: Any, params: Tree, x: Array, rng: np.random.Generator, probes: int = 32
) -> Isometry:
    """tr(JJ')/m as the mean of |J'w|^2/m over random w ~ N(0, 1): E[w'JJ'w] = tr(JJ').

    One backward pass a probe, at any size. Raises NumsnnError for fewer than two probes.
    """
    positive_integer("phi_by_probes", "probes - 1", probes - 1)
    y, saved = layer.forward(params, x)
    found = []
    for _ in range(probes):
        w = rng.standard_normal(y.shape).astype(y.dtype)
        d_x, _ = layer.backward(saved, w)
        found.append(np.sum(np.square(d_x), dtype=np.float64) / y.size)
    return Isometry(float(np.mean(found)), float(np.std(found, ddof=1) / np.sqrt(probes)))
