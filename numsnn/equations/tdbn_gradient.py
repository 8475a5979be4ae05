"""STBP-tdBN eq. 14-16, 18: the gradient through space and time."""

from typing import NamedTuple

import numpy as np

from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import Array, gap, lif, normals
from numsnn.linear import Linear
from numsnn.neurons import LIF
from numsnn.papers import tdbn
from numsnn.surrogates import Tanh

row = of_paper("tdbn")
TAU, V = 0.4, 0.5


class Pass(NamedTuple):
    """A backward pass through layer n (3 neurons), weights w, layer n + 1 (4 neurons); 6 steps."""

    w: np.ndarray  # [4, 3]
    u: np.ndarray  # potential of layer n [6, 3], like the next two
    o: np.ndarray
    slope: np.ndarray  # do/du
    d_u: np.ndarray  # dL/du of layer n [6, 3]
    d_above: np.ndarray  # dL/du of layer n + 1 [6, 4]


def backward_pass(seed: int) -> Pass:
    """Spikes go up, a random cotangent comes down; the library's dL/du of both layers."""
    neuron, synapse = LIF(TAU, surrogate=Tanh()), Linear(3, 4, bias=False)
    params, w = neuron.init(np.random.default_rng(0), np.float64), normals(seed, 4, 3)
    o, below = neuron.forward(params, normals(seed + 1, 6, 1, 3))
    x, weights = synapse.forward(Linear.Params(w, None), o)
    _, above = neuron.forward(params, x)
    d_above, _ = neuron.backward(above, normals(seed + 2, 6, 1, 4))
    d_u, _ = neuron.backward(below, synapse.backward(weights, d_above)[0])
    u = below.membrane[:, 0]
    return Pass(w, u, o[:, 0], Tanh().slopes(u - V, 1.0)[0], d_u[:, 0], d_above[:, 0])


def down_through_time(p: Pass, of_spike: Formula, of_potential: Formula) -> Array:
    """dL/du of layer n, from the last step back, by the two equations."""
    later, d_u = np.zeros(3), np.empty(p.u.shape)
    for t in reversed(range(len(p.u))):
        d_o = of_spike(p.d_above[t], p.w, later, p.u[t])
        later = of_potential(d_o, p.slope[t], later, p.o[t])
        d_u[t] = later
    return d_u


def eq_14(d_above: Array, w: Array, later: Array, u: Array) -> Array:
    """dL/do: through the weights into layer n + 1, through the reset into the next step."""
    return d_above @ w + later * -TAU * u


def eq_15(d_o: Array, slope: Array, later: Array, o: Array) -> Array:
    """dL/du: through the spike, and through what is carried."""
    return d_o * slope + later * TAU * (1 - o)


@row(
    "14",
    latex=r"\frac{\partial L}{\partial o_i^{t,n}} = \sum_j \frac{\partial L}{\partial u_j^{t,n+1}}"
    r" \frac{\partial u_j^{t,n+1}}{\partial o_i^{t,n}} + \frac{\partial L}{\partial u_i^{t+1,n}}"
    r" \frac{\partial u_i^{t+1,n}}{\partial o_i^{t,n}}",
    meaning="A spike acts on the layer above at once, and on its own neuron's next step by the reset.",
    symbol="numsnn.neurons.LIF.backward",
    by="two routes: dL/du of a two-layer pass by eq. 14 and 15",
    formula=eq_14,
    wrong={
        "reset without gradient": lambda d_above, w, later, u: d_above @ w,
        "sign of the reset": lambda d_above, w, later, u: d_above @ w + later * TAU * u,
        "reset outside the decay": lambda d_above, w, later, u: d_above @ w - later * u,
    },
)
def spike_in_space_and_time(formula: Formula) -> float:
    p = backward_pass(1)
    return gap(p.d_u, down_through_time(p, formula, eq_15))


@row(
    "15",
    latex=r"\frac{\partial L}{\partial u_i^{t,n}} = \frac{\partial L}{\partial o_i^{t,n}}"
    r" \frac{\partial o_i^{t,n}}{\partial u_i^{t,n}} + \frac{\partial L}{\partial u_i^{t+1,n}}"
    r" \frac{\partial u_i^{t+1,n}}{\partial u_i^{t,n}}",
    meaning="A potential acts through its spike and through what the next step carries of it.",
    symbol="numsnn.neurons.LIF.backward",
    by="two routes, the derivative of the carried potential by differences of the forward",
    formula=lambda d_o, slope, later, carried: d_o * slope + later * carried,
    wrong={
        "through the spike alone": lambda d_o, slope, later, carried: d_o * slope,
        "slope on both": lambda d_o, slope, later, carried: slope * (d_o + later * carried),
        "next step without its derivative": lambda d_o, slope, later, carried: d_o * slope + later,
    },
    bound=1e-8,
)
def potential_in_space_and_time(formula: Formula) -> float:
    p = backward_pass(4)

    def carried(o: Array) -> Array:  # du^(t+1)/du^t with the spike held at o
        def after(start: Array) -> Array:
            left = lif(np.stack([start, 0 * start]), decay=TAU, threshold=9.0).membrane[1]
            return np.where(o > 0, 0, left)

        return (after(np.ones(3) + 1e-5) - after(np.ones(3) - 1e-5)) / 2e-5

    return gap(
        p.d_u,
        down_through_time(p, eq_14, lambda d_o, r, later, o: formula(d_o, r, later, carried(o))),
    )


@row(
    "16",
    latex=r"\frac{\partial o^t}{\partial u^t} = \frac1a\, sign(|u^t - V_{th}| < \tfrac a2)",
    meaning="The surrogate: a rectangle of width a and height 1/a around the threshold.",
    symbol="numsnn.surrogates.Rectangular.slopes",
    by="values, edges included, and the area",
    formula=lambda u, V, a: (np.abs(u - V) < a / 2) / a,
    wrong={
        "half-width a": lambda u, V, a: (np.abs(u - V) < a) / a,
        "height 1": lambda u, V, a: (np.abs(u - V) < a / 2) * 1.0,
        "sign of the difference": lambda u, V, a: np.sign(a / 2 - np.abs(u - V)) / a,
    },
    erratum="T3",
    instead="sign() of a condition: its indicator is meant, 1 or 0.",
)
def rectangle(formula: Formula) -> float:
    u, a = np.linspace(-1.5, 2.5, 1025), 0.5
    neuron = tdbn.neuron((), V, a)
    slope = neuron.surrogate.slopes(u - neuron.threshold, neuron.width)[0]
    area = np.sum(formula(u, V, a)) * (u[1] - u[0])
    return max(gap(slope, formula(u, V, a)), gap(area, 1.0) - (u[1] - u[0]) / a)


@row(
    "18",
    latex=r"\frac{\partial L}{\partial u_i^{t,n}} = \frac{\partial L}{\partial o_i^{t,n}}"
    r" \frac{\partial o_i^{t,n}}{\partial u_i^{t,n}} + \frac{\partial L}{\partial u_i^{t+1,n}}"
    r" \tau_{decay} (1 - o_i^{t,n})",
    meaning="Eq. 15 with the derivative of the carried potential put in.",
    symbol="numsnn.neurons.LIF.backward",
    by="two routes: dL/du of a two-layer pass by eq. 14 and 18",
    formula=lambda d_o, slope, later, o, tau: d_o * slope + later * tau * (1 - o),
    wrong={
        "no gate": lambda d_o, slope, later, o, tau: d_o * slope + later * tau,
        "gate of what fired": lambda d_o, slope, later, o, tau: d_o * slope + later * tau * o,
        "no decay": lambda d_o, slope, later, o, tau: d_o * slope + later * (1 - o),
    },
    erratum="T8",
    instead="A spike does not free the gradient of tau: dL/do holds -tau u dL/du^(t+1) of the reset.",
)
def derivative_inserted(formula: Formula) -> float:
    p = backward_pass(9)
    inserted = down_through_time(p, eq_14, lambda d_o, r, later, o: formula(d_o, r, later, o, TAU))
    return gap(p.d_u, inserted)


ROWS = collected(globals())
