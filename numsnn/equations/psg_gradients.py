"""PSG eq. 7 and 18-20: the gradients of weights and of gamma, for the two kinds of layer."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from numsnn.compose import Serial
from numsnn.conv import Conv2d
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import Array, bits, gap, gradient, normals
from numsnn.layer import named
from numsnn.linear import Linear
from numsnn.modes import relaxed
from numsnn.neurons import LIF
from numsnn.papers.potential import PotentialLIF
from numsnn.papers.psg_surrogates import PSGArctangent, PSGSoftplus

row = of_paper("psg-pda")
V, GAMMA = 0.4621, 1.7


def bump(v: Array) -> Array:
    """Eq. 11 and 12."""
    return 1 / (1 + (GAMMA * v) ** 2)


def rise(v: Array) -> Array:
    """Eq. 16 and 17."""
    return 1 / (1 + np.exp(-GAMMA * v))


@row(
    "7",
    latex=r"\frac{\partial L}{\partial W^n} = \sum_{t=1}^T \frac{\partial L}{\partial o^{t,n}}"
    r" \frac{\partial o^{t,n}}{\partial u^{t,n}} \frac{\partial u^{t,n}}{\partial W^n}",
    meaning="A sum over steps, true if the last factor counts all that W did to u until step t.",
    symbol="numsnn.neurons.LIF.backward",
    by="two routes, this one forwards in time, and finite differences of the smooth forward",
    formula=lambda d_o, slope, total, direct: sum(d_o * slope * total),
    wrong={
        "direct partials": lambda d_o, slope, total, direct: sum(d_o * slope * direct),
        "the last step": lambda d_o, slope, total, direct: d_o[-1] * slope[-1] * total[-1],
        "mean over steps": lambda d_o, slope, total, direct: sum(d_o * slope * total) / len(d_o),
    },
    bound=1e-8,
    erratum="P7",
    instead="Full backpropagation through time: u^t acts on u^(t+1) by the leak and by the reset.",
)
def gradient_of_weights(formula: Formula) -> float:
    decay = 0.6
    network = relaxed(
        named(Serial(Linear(1, 1, bias=False), LIF(decay, V, GAMMA, PSGArctangent("rescaled"))))
    )
    x, d_y = 1.5 * normals(1, 6, 1, 1), normals(2, 6, 1, 1)
    params = network.init(np.random.default_rng(0), np.float64)
    _, saved = network.forward(params, x)
    u, o = saved[1].membrane, saved[1].spikes
    slope, total = bump(u - V), np.zeros(x.shape)
    for t in range(6):  # du^t/dW of everything before, through leak and reset
        total[t] = x[t]
        if t:
            total[t] += decay * ((1 - o[t - 1]) - u[t - 1] * slope[t - 1]) * total[t - 1]

    def loss(w: Array) -> Any:
        return np.sum(d_y * network.forward((params[0]._replace(weight=w), params[1]), x)[0])

    expected = formula(d_y, slope, total, x)
    found = network.backward(saved, d_y)[1][0].weight
    return max(gap(found, expected), gap(gradient(loss, params[0].weight), expected))


@row(
    "18",
    latex=r"\frac{\partial L}{\partial \gamma^n} = \sum_{t=1}^T \frac{\partial L}{\partial o^{t,n}}"
    r" \frac{\partial o^{t,n}}{\partial \gamma^n}",
    meaning="The rule by which gamma learns: what each spike is asked for, times eq. 12 or 17.",
    symbol="numsnn.neurons.LIF.backward",
    by="two routes; and the loss of the spiking network does not move with gamma",
    formula=lambda d_o, do_dgamma: np.sum(d_o * do_dgamma),
    wrong={
        "a true derivative, 0": lambda d_o, do_dgamma: 0.0,
        "one neuron, as indexed": lambda d_o, do_dgamma: np.sum((d_o * do_dgamma)[:, 0, 0]),
        "mean": lambda d_o, do_dgamma: np.mean(d_o * do_dgamma),
    },
    erratum="P6",
    instead="As printed, called a rule, not a gradient; P8: summed over steps, samples and neurons.",
)
def rule_of_gamma(formula: Formula) -> float:
    neuron, x, d_y = LIF(0.5, V, GAMMA, PSGArctangent()), normals(3, 5, 2, 3), normals(4, 5, 2, 3)
    params = neuron.init(np.random.default_rng(0), np.float64)
    spikes, saved = neuron.forward(params, x)
    u, later, d_o = saved.membrane, np.zeros((2, 3)), np.zeros(x.shape)
    for t in reversed(range(5)):  # dL/do^t, the reset of the next step included
        d_o[t] = d_y[t] - 0.5 * u[t] * later
        later = d_o[t] * bump(u[t] - V) + 0.5 * (1 - spikes[t]) * later
    moved = neuron.forward(params._replace(width=np.array(GAMMA + 0.1)), x)[0]
    found = neuron.backward(saved, d_y)[1].width
    return max(gap(found, formula(d_o, bump(u - V))), gap(moved, spikes))


def two_layers(seed: int) -> Iterator[tuple[Array, Array, Array, Array, Array]]:
    """A convolutional and a dense layer without decay: their potentials, inputs and gradients.

    Without decay a step depends on nothing before it, so dL/do is what comes from above.
    """
    conv = Serial(Conv2d(2, 3, 2, bias=False), LIF(0.0, V, GAMMA, PSGArctangent()))
    dense = Serial(Linear(4, 3, bias=False), PotentialLIF(0.0, V, GAMMA, PSGSoftplus()))
    for network, x in ((conv, bits(seed, 3, 2, 2, 4, 4)), (dense, bits(seed + 1, 3, 5, 4))):
        params = network.init(np.random.default_rng(seed), np.float64)
        y, saved = network.forward(params, x)
        d_o = normals(seed + 2, *y.shape)
        d_params = network.backward(saved, d_o)[1]
        yield x, saved[1].membrane - V, d_o, d_params[0].weight, d_params[1].width


@row(
    "19",
    latex=r"\frac{\partial L}{\partial W^n} = \sum_t \frac{\partial L}{\partial o^{t,n}}"
    r" \frac{1}{1 + (\gamma(u - V_{th}))^2} \frac{\partial u^{t,n}}{\partial W^n} \ \text{(conv)},"
    r"\quad \sum_t \frac{\partial L}{\partial o^{t,n}} \frac{1}{1 + e^{-\gamma(u - V_{th})}}"
    r" \frac{\partial u^{t,n}}{\partial W^n} \ \text{(dense)}",
    meaning="Eq. 7 with eq. 11 in convolutional layers and eq. 16 in dense ones.",
    symbol="numsnn.papers.potential.PotentialLIF.backward",
    by="two routes: loops over steps and places, both cases",
    formula=lambda d_o, v: (d_o[0] * bump(v[0]), d_o[1] * rise(v[1])),
    wrong={
        "cases exchanged": lambda d_o, v: (d_o[0] * rise(v[0]), d_o[1] * bump(v[1])),
        "one slope for both": lambda d_o, v: (d_o[0] * bump(v[0]), d_o[1] * bump(v[1])),
        "potential put out whole": lambda d_o, v: (d_o[0] * bump(v[0]), d_o[1] * 1.0),
    },
    erratum="P8",
    instead="As printed; u, too, has its step and layer, and samples and places are summed.",
)
def weights_by_case(formula: Formula) -> float:
    (x, v, d_o, d_conv, _), (x_dense, v_dense, d_o_dense, d_dense, _) = two_layers(5)
    d_u, d_u_dense = formula((d_o, d_o_dense), (v, v_dense))
    expected = np.empty(d_conv.shape)
    for k, c, a, b in np.ndindex(d_conv.shape):
        expected[k, c, a, b] = np.sum(d_u[:, :, k] * x[:, :, c, a : a + 3, b : b + 3])
    of_dense = sum(d.T @ o for d, o in zip(d_u_dense, x_dense, strict=True))
    return max(gap(d_conv, expected), gap(d_dense, of_dense))


@row(
    "20",
    latex=r"\frac{\partial L}{\partial \gamma^n} = \sum_t \frac{\partial L}{\partial o^{t,n}}"
    r" \frac{1}{1 + ((u - V_{th})\gamma)^2} \ \text{(conv)},\quad"
    r" \sum_t \frac{\partial L}{\partial o^{t,n}} \frac{1}{1 + e^{-(u - V_{th})\gamma}} \ \text{(dense)}",
    meaning="Eq. 18 with eq. 12 in convolutional layers and eq. 17 in dense ones.",
    symbol="numsnn.papers.potential.PotentialLIF.backward",
    by="two routes: sums over everything that shares gamma, both cases",
    formula=lambda d_o, v: (np.sum(d_o[0] * bump(v[0])), np.sum(d_o[1] * rise(v[1]))),
    wrong={
        "cases exchanged": lambda d_o, v: (
            np.sum(d_o[0] * rise(v[0])),
            np.sum(d_o[1] * bump(v[1])),
        ),
        "the distance put back": lambda d_o, v: (
            np.sum(d_o[0] * v[0] * bump(v[0])),
            np.sum(d_o[1] * v[1] * rise(v[1])),
        ),
        "mean over samples": lambda d_o, v: (
            np.sum(d_o[0] * bump(v[0])) / 2,
            np.sum(d_o[1] * rise(v[1])) / 5,
        ),
    },
    erratum="P8",
    instead="As printed in the form paper, summed over all that shares gamma; P4, P5: no true derivative.",
)
def gamma_by_case(formula: Formula) -> float:
    (_, v, d_o, _, d_conv), (_, v_dense, d_o_dense, _, d_dense) = two_layers(8)
    return gap([d_conv, d_dense], formula((d_o, d_o_dense), (v, v_dense)))


ROWS = collected(globals())
