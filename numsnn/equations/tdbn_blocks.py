"""STBP-tdBN eq. 17, 19, 21, 22: chains of blocks, and sums over steps."""

from functools import partial, reduce
from typing import Any

import numpy as np

from numsnn.compose import Serial
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import Array, bits, deviations, gap, jacobian, normals
from numsnn.layer import named
from numsnn.linear import Linear
from numsnn.modes import relaxed
from numsnn.neurons import LIF
from numsnn.surrogates import Tanh

row = of_paper("tdbn")


@row(
    "17",
    latex=r"f(x) = f_{i,\theta_i} \circ f_{i-1,\theta_{i-1}} \circ \cdots \circ f_{1,\theta_1}(x)",
    meaning="A network is a chain of blocks; its Jacobian is the product of theirs, the last one first.",
    symbol="numsnn.compose.Serial.backward",
    by="two routes: the Jacobian of the chain, the blocks' by differences",
    formula=lambda jacobians: reduce(lambda product, J: J @ product, jacobians),
    wrong={
        "first block first": lambda jacobians: reduce(lambda product, J: product @ J, jacobians),
        "a block lost": lambda jacobians: reduce(lambda product, J: J @ product, jacobians[:-1]),
        "sum": lambda jacobians: sum(jacobians),
    },
    bound=1e-8,
)
def chain_of_blocks(formula: Formula) -> float:
    network, params = block_chain(7, decay=0.25)
    x = normals(8, 1, 1, 4)
    jacobians, y = [], x
    for block, share in zip(network.layers, params, strict=True):
        jacobians.append(jacobian(partial(forward_row, block, share), y.ravel()))
        y = block.forward(share, y)[0]
    return gap(backward_rows(network, params, x), formula(jacobians))


@row(
    "19",
    latex=r"f^t(x) = f^t_{i,\theta_i} \circ f^t_{i-1,\theta_{i-1}} \circ \cdots \circ f^t_{1,\theta_1}(x)",
    meaning="Without decay every step is a chain of blocks of its own; steps do not meet.",
    symbol="numsnn.compose.Serial.backward",
    by="two routes: the Jacobian over all steps, block diagonal in the steps",
    formula=lambda own, s, t: own[t] if s == t else 0 * own[t],
    wrong={
        "the step before": lambda own, s, t: own[t - 1] if s == t else 0 * own[t],
        "every step meets every other": lambda own, s, t: own[t],
        "transposed": lambda own, s, t: own[t].T if s == t else 0 * own[t],
    },
    bound=1e-8,
)
def chain_of_each_step(formula: Formula) -> float:
    network, params = block_chain(10, decay=0.0)
    x = normals(11, 3, 1, 4)
    own = [
        jacobian(partial(forward_row, network, params), x[t].ravel()) for t in range(3)
    ]  # [outputs, inputs] of one step alone
    expected = np.block([[formula(own, s, t) for s in range(3)] for t in range(3)])
    return gap(backward_rows(network, params, x), expected)


@row(
    "21",
    latex=r"\Delta\theta_i = \sum_{t=1}^T \Delta\theta_i^t",
    meaning="A weight's gradient is the sum of what each step asks for.",
    symbol="numsnn.linear.Linear.backward",
    by="loops over the steps",
    formula=lambda of_steps: sum(of_steps),
    wrong={
        "mean": lambda of_steps: sum(of_steps) / len(of_steps),
        "the last step": lambda of_steps: of_steps[-1],
        "the first step lost": lambda of_steps: sum(of_steps[1:]),
    },
)
def sum_over_steps(formula: Formula) -> float:
    layer, x, d_y = Linear(3, 2), bits(12, 5, 4, 3), normals(13, 5, 4, 2)
    params = Linear.Params(normals(14, 2, 3), normals(15, 2))
    d_weight, d_bias = layer.backward(layer.forward(params, x)[1], d_y)[1]
    of_steps = [
        np.sum([np.outer(d, o) for d, o in zip(*step, strict=True)], axis=0)
        for step in zip(d_y, x, strict=True)
    ]
    return max(gap(d_weight, formula(of_steps)), gap(d_bias, formula([d.sum(axis=0) for d in d_y])))


@row(
    "22",
    latex=r"E[(\Delta\theta_i)^2] \approx \sum_{t=1}^T E[(\Delta\theta_i^t)^2]",
    meaning="If steps are independent and centred, their second moments add up.",
    symbol="numsnn.linear.Linear.backward",
    by="Monte Carlo over 20000 weights, in standard errors",
    formula=lambda moments: sum(moments),
    wrong={
        "identical steps": lambda moments: len(moments) * sum(moments),
        "mean": lambda moments: sum(moments) / len(moments),
        "half": lambda moments: sum(moments) / 2,
    },
    bound=4.0,
    erratum="T7",
    instead="A still image without decay gives T identical steps: then the moment is T times larger.",
)
def second_moment(formula: Formula) -> float:
    layer, scale = Linear(1, 20000, bias=False), np.array([0.5, 1.0, 1.5, 2.0])
    x = scale[:, None, None]
    params = Linear.Params(normals(16, 20000, 1), None)
    d_y = normals(17, 4, 1, 20000)
    d_weight = layer.backward(layer.forward(params, x)[1], d_y)[1].weight[:, 0]
    return deviations(d_weight**2, formula(scale**2))


def block_chain(seed: int, decay: float) -> tuple[Any, Any]:
    """Two blocks, each weights and smooth neurons, 4 -> 4 -> 4, and their parameters."""
    block = Serial(Linear(4, 4, bias=False), LIF(decay, surrogate=Tanh()))
    network = relaxed(named(Serial(block, block)))
    return network, network.init(np.random.default_rng(seed), np.float64)


def forward_row(layer: Any, params: Any, z: Array) -> Array:
    """The layer on one step of one sample, a flat row in and out."""
    return layer.forward(params, z.reshape(1, 1, -1))[0].ravel()


def backward_rows(network: Any, params: Any, x: Array) -> Array:
    """The Jacobian [outputs, inputs] over all steps, one row for each cotangent."""
    y, saved = network.forward(params, x)
    basis = np.eye(y.size).reshape(y.size, *y.shape)
    return np.stack([network.backward(saved, d_y)[0].ravel() for d_y in basis])


ROWS = collected(globals())
