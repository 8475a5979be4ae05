"""MPBN eq. 10, 11, 13 and Algorithm 1: the norm in the threshold, the gradient through the norm."""

from typing import Any

import numpy as np

from numsnn.compose import Serial
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import Array, bits, gap, gradient, normals
from numsnn.folding import folded
from numsnn.layer import named
from numsnn.linear import Linear
from numsnn.modes import evaluating, relaxed
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm, Statistics
from numsnn.readouts import MeanOverTime
from numsnn.surrogates import Tanh

row = of_paper("mpbn")
EPS = 1e-2


def random_norm(seed: int, shape: tuple[int, ...]) -> tuple[BatchNorm.Params, Statistics]:
    """Gains of both signs, shifts, running means and variances of this shape."""
    gain, shift, mean, spread = (normals(seed + i, *shape) for i in range(4))
    return BatchNorm.Params(gain, 0.3 * shift), Statistics(0.3 * mean, spread**2)


def folded_neuron(seed: int, shape: tuple[int, ...], gain: float = 1.0) -> tuple[Any, float, Any]:
    """Parameters of the folded neuron, how far its spikes are from the unfolded one's, and its norm."""
    neuron = named(LIF(0.25, 0.5, norm=BatchNorm(shape, eps=EPS)))
    affine, statistics = random_norm(seed, shape)
    affine = affine._replace(gain=gain * affine.gain)
    params = neuron.init(np.random.default_rng(0), np.float64)._replace(norm=affine)
    running = {neuron.norm.name: statistics}
    inference, level = folded(neuron, params, running)
    x = 2 * normals(seed + 4, 6, 50, *shape)
    evaluated = evaluating(neuron, running).forward(params, x)[0]
    return level, gap(inference.forward(level, x)[0], evaluated), (affine, statistics)


@row(
    "10",
    latex=r"o_i^{(t+1)} = 1 \ \text{if}\ u_i^{(t+1),pre} > (\tilde V_{th})_i, \quad"
    r" (\tilde V_{th})_i = \frac{(V_{th} - \beta_i) \sqrt{\sigma_i^2}}{\lambda_i} + \mu_i",
    meaning="For inference the norm of a channel goes into its threshold; a negative gain fires below.",
    symbol="numsnn.folding.folded",
    by="thresholds, directions, and every spike of a run by two routes",
    formula=lambda V, mean, var, gain, shift, eps: (
        (V - shift) * np.sqrt(var + eps) / gain + mean,
        np.sign(gain),
    ),
    wrong={
        "no epsilon, as printed": lambda V, mean, var, gain, shift, eps: (
            (V - shift) * np.sqrt(var) / gain + mean,
            np.sign(gain),
        ),
        "above for every gain, as printed": lambda V, mean, var, gain, shift, eps: (
            (V - shift) * np.sqrt(var + eps) / gain + mean,
            np.ones(gain.shape),
        ),
        "mean inside": lambda V, mean, var, gain, shift, eps: (
            (V - shift + mean) * np.sqrt(var + eps) / gain,
            np.sign(gain),
        ),
    },
    erratum="M1",
    instead="With epsilon; gain > 0 fires above, < 0 below, 0 always or never.",
)
def folded_threshold(formula: Formula) -> float:
    level, spikes, (affine, statistics) = folded_neuron(1, (6,))
    _, spikes_without_gain, _ = folded_neuron(5, (6,), gain=0.0)
    threshold, direction = formula(0.5, *statistics, *affine, EPS)
    turning_point = level.direction * level.threshold  # it fires where direction u > threshold
    found = gap(turning_point, threshold), gap(level.direction, direction)
    return max(spikes, spikes_without_gain, *found)


@row(
    "11",
    latex=r"\frac{\partial L}{\partial W^l} = \sum_t \Bigl(\frac{\partial L}{\partial o^{(t),l}}"
    r" \frac{\partial o^{(t),l}}{\partial u^{(t),l}} + \frac{\partial L}{\partial u^{(t+1),l}}"
    r" \frac{\partial u^{(t+1),l}}{\partial u^{(t),l}}\Bigr)"
    r" \frac{\partial u^{(t),l}}{\partial W^l}",
    meaning="Backpropagation through time; under MPBN the spike's term passes the norm's Jacobian.",
    symbol="numsnn.neurons.LIF.backward",
    by="two routes, and finite differences of the smooth forward",
    formula=lambda d_o, slope, J, held, later, carried: J.T @ (slope * d_o) + later * carried,
    wrong={
        "no norm in the chain, as printed": lambda d_o, slope, J, held, later, carried: (
            slope * d_o + later * carried
        ),
        "element by element, statistics held": lambda d_o, slope, J, held, later, carried: (
            held * slope * d_o + later * carried
        ),
        "the carried term through the norm too": lambda d_o, slope, J, held, later, carried: (
            J.T @ (slope * d_o + later * carried)
        ),
    },
    bound=1e-7,
    erratum="M5",
    instead="With the Jacobian of the batch statistics, which couples all samples of a step.",
)
def gradient_through_the_norm(formula: Formula) -> float:
    tau, N = 0.4, 5
    neuron = LIF(tau, surrogate=Tanh(), norm=BatchNorm((1,), eps=EPS))
    network = relaxed(named(Serial(Linear(3, 1, bias=False), neuron)))
    x, d_y = normals(7, 4, N, 3), normals(8, 4, N, 1)
    params = network.init(np.random.default_rng(9), np.float64)
    gain = params[1].norm.gain[0]
    _, saved = network.forward(params, x)
    u, normal, o = (a[..., 0] for a in (saved[1].charged, saved[1].membrane, saved[1].spikes))
    later, d_w = np.zeros(N), np.zeros((1, 3))
    for t in reversed(range(4)):
        held = gain / np.sqrt(u[t].var() + EPS)
        hat = (u[t] - u[t].mean()) * held / gain
        J = held * (np.eye(N) - 1 / N - np.outer(hat, hat) / N)
        d_o, slope = d_y[t, :, 0] - tau * u[t] * later, Tanh().slopes(normal[t] - 0.5, 1.0)[0]
        later = formula(d_o, slope, J, held, later, tau * (1 - o[t]))
        d_w += later @ x[t]

    def loss(w: Array) -> Any:
        return np.sum(d_y * network.forward((params[0]._replace(weight=w), params[1]), x)[0])

    found = network.backward(saved, d_y)[1][0].weight
    return max(gap(found, d_w), gap(gradient(loss, params[0].weight), d_w))


@row(
    "13",
    latex=r"(\tilde V_{th})_{i,j,k} = \frac{(V_{th} - \beta_{i,j,k}) \sqrt{\sigma_{i,j,k}^2}}"
    r"{\lambda_{i,j,k}} + \mu_{i,j,k}",
    meaning="Element by element: a threshold for every channel and place.",
    symbol="numsnn.folding.folded",
    by="every threshold in loops, and every spike of a run by two routes",
    formula=lambda V, mean, var, gain, shift, eps: (V - shift) * np.sqrt(var + eps) / gain + mean,
    wrong={
        "no epsilon, as printed": lambda V, mean, var, gain, shift, eps: (
            (V - shift) * np.sqrt(var) / gain + mean
        ),
        "variance, not its root": lambda V, mean, var, gain, shift, eps: (
            (V - shift) * (var + eps) / gain + mean
        ),
        "sign of the shift": lambda V, mean, var, gain, shift, eps: (
            (V + shift) * np.sqrt(var + eps) / gain + mean
        ),
    },
    erratum="M1",
    instead="As in eq. 10.",
)
def folded_thresholds(formula: Formula) -> float:
    level, spikes, (affine, statistics) = folded_neuron(10, (2, 3, 4))
    threshold = np.empty((2, 3, 4))
    for place in np.ndindex(2, 3, 4):
        threshold[place] = formula(0.5, *(a[place] for a in (*statistics, *affine)), EPS)
    return max(spikes, gap(level.direction * level.threshold, threshold))


@row(
    "Algorithm 1",
    latex=r"\text{train with BN and MPBN};\ V_{th} \to \tilde V_{th};\ \text{infer with}\ \tilde V_{th}",
    meaning="Train normalised, fold every MPBN into thresholds, infer without a norm.",
    symbol="numsnn.folding.folded",
    by="two routes: outputs of the evaluated and the folded network, thresholds by hand",
    formula=lambda u, theta, gain: np.where(gain > 0, u > theta, u < theta),
    wrong={
        "above for every gain, as printed": lambda u, theta, gain: u > theta,
        "threshold not folded": lambda u, theta, gain: np.where(gain > 0, u > 0.5, u < 0.5),
        "below for every gain": lambda u, theta, gain: u < theta,
    },
    erratum="M1",
    instead="Folding by eq. 10 with its cases of sign. M5: the training's gradient has the norm's Jacobian.",
)
def algorithm_1(formula: Formula) -> float:
    network = named(
        Serial(Linear(5, 4), LIF(0.25, norm=BatchNorm((4,), eps=EPS)), Linear(4, 3), MeanOverTime())
    )
    params = network.init(np.random.default_rng(14), np.float64)
    affine, statistics = random_norm(15, (4,))
    params = (params[0], params[1]._replace(norm=affine), *params[2:])
    x = 3 * bits(19, 6, 40, 5)
    inference, fused = folded(network, params, {network.layers[1].norm.name: statistics})

    (gain, shift), (mean, var) = affine, statistics
    theta = (0.5 - shift) * np.sqrt(var + EPS) / gain + mean
    u, o = np.zeros((40, 4)), []
    for current in network.layers[0].forward(params[0], x)[0]:
        u = 0.25 * u + current
        o.append(np.array(formula(u, theta, gain), float))
        u = u * (1 - o[-1])
    out = network.layers[2].forward(params[2], np.array(o))[0].mean(axis=0)
    return gap(inference.forward(fused, x)[0][0], out)


ROWS = collected(globals())
