"""STBP-tdBN eq. 20, Lemmas 1 and 2, Theorem 1: how large a gradient stays from block to block."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from scipy.special import ndtr

from numsnn.compose import Serial
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import Array, deviations, gap, normals
from numsnn.linear import Linear
from numsnn.modes import ReLU
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm

row = of_paper("tdbn")
RATE = ndtr(-1.0)  # P(y > V) for y ~ N(0, V^2), the p below


def trace(network: Any, x: Array, seed: int, variance: Sequence[float]) -> float:
    """One estimate of phi(J J') = (1/m) E tr(J J'): weights of a given variance, a random cotangent."""
    rng = np.random.default_rng(seed)
    params = network.init(rng, np.float64)
    y, saved = network.forward(_with_weights(network, params, rng, variance), x)
    d_x, _ = network.backward(saved, rng.standard_normal(y.shape))
    return np.sum(d_x**2) / y.size


def _with_weights(
    network: Any, params: Any, rng: np.random.Generator, variances: Sequence[float]
) -> Any:
    """The parameters with Gaussian weights of these variances, one for each Linear."""
    of_next = iter(variances)

    def drawn(layer: Any, p: Any) -> Any:
        if isinstance(layer, Serial):
            return tuple(drawn(part, q) for part, q in zip(layer.layers, p, strict=True))
        if isinstance(layer, Linear):
            return p._replace(weight=np.sqrt(next(of_next)) * rng.standard_normal(p.weight.shape))
        return p

    return drawn(network, params)


def spiking_block(size: int, V: float, a: float) -> tuple:
    """Spikes, weights, tdBN: what lies between two norms, without decay."""
    return (LIF(0.0, V, a), Linear(size, size, bias=False), BatchNorm((size,), scale=V))


def phi(V: float, a: float) -> float:
    """V^2 P(|y - V| < a/2) / (a^2 p (1 - p)) for y ~ N(0, V^2) and p = P(y > V)."""
    inside = ndtr(1 + a / (2 * V)) - ndtr(1 - a / (2 * V))
    return V**2 * inside / (a**2 * RATE * (1 - RATE))


@cache  # each formula of a row meets the same run
def measured_traces(depth: int, draws: int, V: float, a: float) -> Array:
    """phi of so many blocks in a chain, for so many draws of their weights."""
    network = Serial(*(layer for _ in range(depth) for layer in spiking_block(64, V, a)))
    inputs = [V * normals(100 + seed, 1, 1000, 64) for seed in range(draws)]
    return np.array([trace(network, x, seed, [1.0] * depth) for seed, x in enumerate(inputs)])


@row(
    "20",
    latex=r"\varphi(J_j^t (J_j^t)^T) = 1",
    meaning="The mean squared singular value of a block between two norms; 1 keeps gradients in size.",
    symbol="numsnn.norms.BatchNorm.backward",
    by="Monte Carlo over 16 draws of weights, in standard errors",
    formula=phi,
    wrong={
        "1 for every width, as printed": lambda V, a: 1.0,
        "second moment of the spikes, not their variance": lambda V, a: phi(V, a) * (1 - RATE),
        "height 1": lambda V, a: phi(V, a) * a**2,
    },
    bound=4.0,
    erratum="T6",
    instead="Only for a = 1.80 V. Lemma 2 is about rectifiers; a spike's block has the value in a/V.",
)
def mean_squared_singular_value(formula: Formula) -> float:
    settings = (0.5, 1.0), (1.0, 0.5)
    return max(deviations(measured_traces(1, 16, *s), formula(*s)) for s in settings)


@row(
    "Lemma 1",
    latex=r"\forall j:\ \varphi(J_j J_j^T) \approx 1,\ \phi(J_j J_j^T) \approx 0"
    r" \ \Rightarrow\ \text{gradients neither vanish nor explode}",
    meaning="The traces of blocks multiply along the chain, so blocks at 1 keep the gradient's size.",
    symbol="numsnn.compose.Serial.backward",
    by="Monte Carlo over 120 draws of three blocks with known traces, in standard errors",
    formula=lambda traces: np.prod(traces),
    wrong={
        "mean": lambda traces: np.mean(traces),
        "the last block's": lambda traces: traces[-1],
        "square root of the product": lambda traces: np.sqrt(np.prod(traces)),
    },
    bound=4.0,
    erratum="T6",
    instead="phi is the normalised trace; that the second moment's spread is small is nowhere checked.",
)
def traces_multiply(formula: Formula) -> float:
    traces, n = (0.5, 3.0, 1.5), 48
    network = Serial(*(layer for _ in traces for layer in (ReLU(), Linear(n, n, bias=False))))
    x, variances = normals(6, 1, 32, n), [2 * trace / n for trace in traces]
    samples = np.array([trace(network, x, i, variances) for i in range(120)])
    return deviations(samples, formula(traces))


@row(
    "Lemma 2",
    latex=r"\varphi(J J^T) = \frac{\alpha_{out}}{\alpha_{in}}",
    meaning="For centred input, weights and a rectifier: the ratio of second moments out and in.",
    symbol="numsnn.modes.ReLU.backward",
    by="Monte Carlo over 120 draws of weights, both sides measured, in standard errors",
    formula=lambda moment_in, moment_out: moment_out / moment_in,
    wrong={
        "inverse": lambda moment_in, moment_out: moment_in / moment_out,
        "variance out": lambda moment_in, moment_out: moment_out * (1 - 1 / np.pi) / moment_in,
        "deviations": lambda moment_in, moment_out: np.sqrt(moment_out / moment_in),
    },
    bound=4.0,
    erratum="T6",
    instead="Holds for rectifiers as said; spikes are none, see eq. 20.",
)
def ratio_of_moments(formula: Formula) -> float:
    n, variance = 48, 0.05
    network, x = Serial(Linear(n, n, bias=False), ReLU()), 1.7 * normals(7, 1, 32, n)
    moment_in = np.mean(x**2)
    moment_out = (
        n * variance * moment_in / 2
    )  # the rectifier keeps half of a symmetric second moment
    samples = np.array([trace(network, x, i, [variance]) for i in range(120)])
    return deviations(samples, formula(moment_in, moment_out))


@row(
    "Theorem 1",
    latex=r"\tau_{decay} = 0,\ \text{second moments fixed to}\ V_{th}^2"
    r" \ \Rightarrow\ \varphi(J_j^t (J_j^t)^T) \approx 1",
    meaning="Claimed: with tdBN and without decay the gradient keeps its size in any depth.",
    symbol="numsnn.neurons.LIF.backward_over",
    by="the gradient through 4 blocks for three widths, root per block, within 5 percent",
    formula=lambda V, a, depth: phi(V, a) ** depth,
    wrong={
        "1 for every width, as printed": lambda V, a, depth: 1.0,
        "depth forgotten": lambda V, a, depth: phi(V, a),
        "second moment of the spikes": lambda V, a, depth: (phi(V, a) * (1 - RATE)) ** depth,
    },
    bound=0.05,
    erratum="T6",
    instead="True at a = 1.80 V alone; at V = 0.5 and a = 1 the gradient loses a tenth of its size a block.",
)
def isometry(formula: Formula) -> float:
    def error(V: float, a: float) -> float:
        found = measured_traces(4, 4, V, a).mean()
        return gap(found**0.25, formula(V, a, 4) ** 0.25)

    return max(error(0.5, 0.9), error(0.5, 1.0), error(0.5, 1.5))


ROWS = collected(globals())
