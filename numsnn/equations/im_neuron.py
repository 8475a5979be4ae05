"""IM-Loss eq. 1-8: the neuron, its gradient in time, the step of the weights."""

from functools import partial
from typing import Any

import numpy as np

from numsnn.compose import Serial
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import (
    HIGH,
    Array,
    bits,
    gap,
    gradient,
    lattice,
    lif,
    normals,
    run,
    unrolled,
)
from numsnn.layer import named
from numsnn.linear import Linear
from numsnn.modes import relaxed
from numsnn.neurons import LIF
from numsnn.optimizers import SGD
from numsnn.papers import im_loss
from numsnn.surrogates import Tanh

row = of_paper("im-loss")


@row(
    "1",
    latex=r"\tau \frac{\partial u_i^l}{\partial t} = -u_i^l + I_i^l, \quad u_i^l < V_{th}",
    meaning="Neuron i of layer l relaxes to its input within a time tau.",
    symbol="numsnn.neurons.LIF.forward",
    by="the residual of the equation along a run of small steps",
    formula=lambda u, current, tau: (-u + current) / tau,
    wrong={
        "the potential grows": lambda u, current, tau: (u + current) / tau,
        "tau multiplies": lambda u, current, tau: (-u + current) * tau,
        "tau divides the leak alone": lambda u, current, tau: -u / tau + current,
    },
    bound=1e-10,
)
def membrane_equation(formula: Formula) -> float:
    current, dt, tau = np.sin(np.arange(400) / 40)[:, None] * [1.0, -2.0], 0.01, 0.5
    u = lif(dt / tau * current, decay=1 - dt / tau, threshold=HIGH).membrane
    return gap((u[1:] - u[:-1]) / dt, formula(u[:-1], current[1:], tau))


@row(
    "2",
    latex=r"\text{a spike and } u_i^l = u_{rest}, \quad u_i^l \ge V_{th}",
    meaning="A neuron that reaches the threshold fires and falls back to rest.",
    symbol="numsnn.neurons.LIF.forward",
    by="spike times of a constant drive, rest away from 0 by a shift of the axis",
    formula=lambda u, V, rest: (u >= V, np.where(u >= V, rest, u)),
    wrong={
        "falls back to 0": lambda u, V, rest: (u >= V, np.where(u >= V, 0.0, u)),
        "falls by the threshold": lambda u, V, rest: (u >= V, np.where(u >= V, u - V, u)),
        "fires below": lambda u, V, rest: (u < V, np.where(u < V, rest, u)),
    },
    erratum="I5",
    instead="u_rest and u_reset are one; numsnn measures potentials from it, so that it is 0.",
)
def fire_and_rest(formula: Formula) -> float:
    current, rest, V, steps = np.array([0.1, 0.25, 0.4]), -0.25, 0.5, 60
    u, spikes = np.full(3, rest), []
    for _ in range(steps):
        fired, u = formula(rest + 0.875 * (u - rest) + current, V, rest)
        spikes.append(fired)
    shifted = np.broadcast_to(current, (steps, 3))
    return gap(spikes, lif(shifted, decay=0.875, threshold=V - rest, tie="fires").spikes)


@row(
    "3",
    latex=r"u_i^l(t) = \tau_{decay}\, u_i^l(t-1) + I_i^l(t), \quad u_i^l(t) < V_{th}",
    meaning="In steps: what is left after decay, and the input of this step.",
    symbol="numsnn.neurons.LIF.forward",
    by="two routes: an exponential filter of the input, below the threshold",
    formula=lambda u, current, decay: decay * u + current,
    wrong={
        "input of a unit's share": lambda u, current, decay: decay * u + (1 - decay) * current,
        "decay of the complement": lambda u, current, decay: (1 - decay) * u + current,
        "sign": lambda u, current, decay: -decay * u + current,
    },
)
def leaky_sum(formula: Formula) -> float:
    current, decay = normals(1, 12, 4), 0.3
    ages = np.subtract.outer(np.arange(12), np.arange(12))
    kernel = np.where(ages >= 0, decay ** np.maximum(ages, 0), 0)
    u, _ = unrolled(lambda u, o, x: formula(u, x, decay), np.zeros_like, current)
    found = lif(current, decay=decay, threshold=HIGH).membrane
    return max(gap(found, u), gap(kernel @ current, u))


@row(
    "4",
    latex=r"\text{a spike and } u_i^l(t) = u_{rest}, \quad u_i^l(t) \ge V_{th}",
    meaning="In steps: the spike of step t empties the potential that step t + 1 starts from.",
    symbol="numsnn.neurons.LIF.forward",
    by="the state after each step, on a lattice that meets the threshold",
    formula=lambda u, V: np.where(u >= V, 0, u),
    wrong={
        "stays at the threshold": lambda u, V: np.where(u > V, 0, u),
        "soft reset": lambda u, V: np.where(u >= V, u - V, u),
        "the silent are emptied": lambda u, V: np.where(u >= V, u, 0),
    },
)
def state_after_step(formula: Formula) -> float:
    current = lattice(2, 5, 30)
    saved = [lif(current[:t], decay=0.5, threshold=0.5, tie="fires") for t in range(1, 6)]
    return max(gap(s.final.membrane, formula(s.membrane[-1], 0.5)) for s in saved)


@row(
    "5",
    latex=r"u_i^l(t) = \tau_{decay}\, u_i^l(t-1)(1 - o_i^l(t-1)) + \sum_j w_{ij} o_j(t)",
    meaning="The iterative neuron of layer l on the spikes of layer l - 1.",
    symbol="numsnn.neurons.LIF.forward",
    by="trace, neuron by neuron",
    formula=lambda u, o, w, x, decay: decay * u * (1 - o) + sum(w[j] * x[j] for j in range(len(x))),
    wrong={
        "no reset": lambda u, o, w, x, decay: decay * u + sum(w * x),
        "reset not on the leak": lambda u, o, w, x, decay: decay * u - o + sum(w * x),
        "one input twice": lambda u, o, w, x, decay: decay * u * (1 - o) + sum(w * x) + w[0] * x[0],
    },
)
def iterative_lif(formula: Formula) -> float:
    w, x = normals(3, 4, 6), bits(4, 10, 6)
    saved = run(im_loss.neuron(), x @ w.T)
    u = np.zeros((10, 4))
    for i in range(4):
        charge = partial(_charged, formula, w[i])
        u[:, i], _ = unrolled(charge, lambda u: u >= 0.5, x, ())
    return gap(saved.membrane, u)


def _charged(formula: Formula, w: Array, u: Array, o: Array, x: Array) -> Array:
    return formula(u, o, w, x, 0.25)


@row(
    "6",
    latex=r"o_i^l(t) = 1 \ \text{if}\ u_i^l(t) \ge V_{th}, \ \text{else}\ 0",
    meaning="The spike activity: a step, 1 on the threshold.",
    symbol="numsnn.firing.Step.fire",
    by="spike counts on a lattice that meets the threshold",
    formula=lambda u, V: u >= V,
    wrong={
        "silent at the threshold": lambda u, V: u > V,
        "sign, the other variant of a step": lambda u, V: np.sign(u - V),
        "fires below": lambda u, V: u < V,
    },
    erratum="I5",
    instead="As printed; the authors' code takes >. The choice is the neuron's field tie.",
)
def spike_activity(formula: Formula) -> float:
    current = lattice(5, 8, 40)
    charge = lambda u, o, x: 0.25 * u * (1 - o) + x  # noqa: E731
    _, o = unrolled(charge, lambda u: formula(u, 0.5), current)
    return gap(run(im_loss.neuron(), current).spikes.sum(axis=0), o.sum(axis=0))


@row(
    "7",
    latex=r"\Delta W = \frac{\partial L}{\partial W} = \sum_t \frac{\partial L}{\partial y^t}"
    r" \frac{\partial y^t}{\partial u^t} \frac{\partial u^t}{\partial W}",
    meaning="Backpropagation through time: every step's spike, slope and input, summed.",
    symbol="numsnn.neurons.LIF.backward",
    by="two routes, and finite differences of the smooth forward",
    formula=lambda d_y, slope, later, u, y, x, decay: (
        slope * (d_y - decay * u * later) + decay * (1 - y) * later
    ),
    wrong={
        "partials taken directly": lambda d_y, slope, later, u, y, x, decay: slope * d_y,
        "reset without gradient": lambda d_y, slope, later, u, y, x, decay: (
            slope * d_y + decay * (1 - y) * later
        ),
        "sign of the reset": lambda d_y, slope, later, u, y, x, decay: (
            slope * (d_y + decay * u * later) + decay * (1 - y) * later
        ),
    },
    bound=1e-8,
    erratum="I5",
    instead="dL/dy is a total derivative: it holds what y^t does to u^(t+1). y is the output, not a target.",
)
def gradient_in_time(formula: Formula) -> float:
    network = relaxed(named(Serial(Linear(3, 2, bias=False), LIF(0.4, surrogate=Tanh()))))
    x, d_y = bits(6, 5, 1, 3), normals(7, 5, 1, 2)
    params = network.init(np.random.default_rng(8), np.float64)
    _, saved = network.forward(params, x)
    _, d_params = network.backward(saved, d_y)
    u, y = saved[1].membrane, saved[1].spikes
    later, d_w = np.zeros((1, 2)), np.zeros((2, 3))
    for t in reversed(range(5)):  # dL/du^t from dL/du^(t+1); then du^t/dW = x^t
        slope = Tanh().slopes(u[t] - 0.5, 1.0)[0]
        later = formula(d_y[t], slope, later, u[t], y[t], x[t], 0.4)
        d_w += later.T @ x[t]

    def loss(w: Array) -> Any:
        return np.sum(d_y * network.forward((params[0]._replace(weight=w), params[1]), x)[0])

    return max(gap(d_params[0].weight, d_w), gap(gradient(loss, params[0].weight), d_w))


@row(
    "8",
    latex=r"W \leftarrow W - \eta\, \Delta W",
    meaning="Plain gradient descent with the learning rate eta.",
    symbol="numsnn.optimizers.SGD.update",
    by="one step, on a quadratic with a known minimum",
    formula=lambda w, d_w, eta: w - eta * d_w,
    wrong={
        "ascent": lambda w, d_w, eta: w + eta * d_w,
        "no rate": lambda w, d_w, eta: w - d_w,
        "the weight shrinks": lambda w, d_w, eta: (1 - eta) * w - eta * d_w,
    },
)
def descent(formula: Formula) -> float:
    w, centre = normals(9, 4, 3), normals(10, 4, 3)
    optimizer, params, layer = SGD(momentum=0.0), Linear.Params(w, None), Linear.Params
    state = optimizer.init(params)
    for _ in range(3):
        slope = layer(params.weight - centre, None)
        params, state = optimizer.update(params, slope, state, 0.25)
        w = formula(w, w - centre, 0.25)
    return max(gap(params.weight, w), gap(w - centre, 0.75**3 * (normals(9, 4, 3) - centre)))


ROWS = collected(globals())
