"""IM-Loss eq. 9-15: information, the loss that keeps it, the surrogate that sharpens."""

from typing import Any

import numpy as np

from numsnn import papers
from numsnn.compose import Serial
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import Array, gap, gradient, normals
from numsnn.layer import named
from numsnn.linear import Linear
from numsnn.losses import cross_entropy
from numsnn.neurons import LIF
from numsnn.observe import membranes
from numsnn.recipes import Objective
from numsnn.regularizers import (
    IMLoss,
    entropy_of_spikes,
    mean_over_layers,
    mutual_information,
)
from numsnn.surrogates import Tanh

row = of_paper("im-loss")


def plogp(p: Array) -> float:
    """The sum of -p log2 p over all cells of a table, 0 log 0 = 0."""
    p = p[p > 0]
    return -np.sum(p * np.log2(p))


@row(
    "9",
    latex=r"\arg\max_{U,O} I(U;O) = H(O) - H(O|U)",
    meaning="What the spikes keep of the potential: their entropy less what the potential leaves open.",
    symbol="numsnn.regularizers.mutual_information",
    by="two routes: the joint table of potential bins and spikes",
    formula=lambda joint: plogp(joint.sum(0)) + plogp(joint.sum(1)) - plogp(joint),
    wrong={
        "the entropy of the pair": lambda joint: plogp(joint),
        "conditioned the other way": lambda joint: (
            plogp(joint.sum(0)) - (plogp(joint) - plogp(joint.sum(0)))
        ),
        "the entropy of the spikes": lambda joint: plogp(joint.sum(0)),
    },
    erratum="I4",
    instead="The value I(U;O) for potentials in bins; for continuous potentials the sums are integrals.",
)
def information(formula: Formula) -> float:
    U = normals(1, 4, 25, 6)
    spikes = U + 0.5 * normals(2, 4, 25, 6) > 0.3  # noisy spikes: H(O|U) > 0
    edges = np.array([-1.0, -0.3, 0.2, 0.5, 1.1])
    places = np.searchsorted(edges, U.ravel(), side="right")
    joint = np.zeros((6, 2))
    np.add.at(joint, (places, spikes.ravel().astype(int)), 1 / U.size)
    return gap(mutual_information(U, spikes, edges), formula(joint))


@row(
    "10",
    latex=r"\arg\max_{U,O} I(U;O) = H(O)",
    meaning="Spikes are a function of the potential, so nothing stays open and I(U;O) = H(O).",
    symbol="numsnn.regularizers.entropy_of_spikes",
    by="value, against the information across bins with the threshold as an edge",
    formula=lambda p: -p * np.log2(p) - (1 - p) * np.log2(1 - p),
    wrong={
        "natural logarithm": lambda p: -p * np.log(p) - (1 - p) * np.log(1 - p),
        "spikes alone": lambda p: -p * np.log2(p),
        "variance of the spike": lambda p: 4 * p * (1 - p),
    },
    erratum="I4",
    instead="I and its maximiser are told apart; H(O) is that of one spike, blind to dependence.",
)
def entropy(formula: Formula) -> float:
    U = normals(3, 4, 20, 5)
    spikes = U >= 0.8
    between = mutual_information(U, spikes, np.array([-1.0, 0.1, 0.8, 1.5]))
    return max(
        gap(entropy_of_spikes(spikes), formula(spikes.mean())), gap(between, formula(spikes.mean()))
    )


@row(
    "11",
    latex=r"L_{IM} = \sum_{l=0}^{L} (\bar U_l - V_{th})^2 / L",
    meaning="The mean potential of every layer is held at the threshold.",
    symbol="numsnn.regularizers.IMLoss.__call__",
    by="value, and gradient by finite differences",
    formula=lambda layers, V: sum((U.mean() - V) ** 2 for U in layers) / len(layers),
    wrong={
        "L + 1 terms over L, as printed": lambda layers, V: (
            sum((U.mean() - V) ** 2 for U in layers) / (len(layers) - 1)
        ),
        "mean of squares": lambda layers, V: (
            sum(((U - V) ** 2).mean() for U in layers) / len(layers)
        ),
        "median": lambda layers, V: sum((np.median(U) - V) ** 2 for U in layers) / len(layers),
    },
    bound=1e-8,
    erratum="I1",
    instead="Divided by the number of terms. I3: the median is what decides the rate, not the mean.",
)
def im_loss(formula: Formula) -> float:
    layers = {"a": 1 + normals(4, 3, 2, 4), "b": normals(5, 3, 2, 3), "c": 3 * normals(6, 3, 2, 2)}
    loss, d_membranes = mean_over_layers(IMLoss(threshold=0.5), layers)

    def of_first(U: Array) -> Any:
        return formula([U, layers["b"], layers["c"]], 0.5)

    found = gap(d_membranes["a"], gradient(of_first, layers["a"]))
    return max(gap(loss, of_first(layers["a"])), found)


@row(
    "12",
    latex=r"L_{Total} = L_{CE} + \lambda L_{IM}, \quad \lambda = 2",
    meaning="The loss of the training: cross-entropy and a share lambda of IM-Loss.",
    symbol="numsnn.recipes.Objective.__call__",
    by="linearity in lambda",
    formula=lambda fit, price, weight: fit + weight * price,
    wrong={
        "a convex sum": lambda fit, price, weight: (1 - weight) * fit + weight * price,
        "price subtracted": lambda fit, price, weight: fit - weight * price,
        "always 2": lambda fit, price, weight: fit + 2 * price,
    },
)
def total(formula: Formula) -> float:
    network = named(Serial(Linear(6, 5), LIF(), Linear(5, 4), LIF(), Linear(4, 3)))
    params = network.init(np.random.default_rng(7), np.float64)
    outputs, saved = network.forward(params, normals(8, 4, 7, 6))
    labels = np.arange(7) % 3
    fit = cross_entropy(outputs, labels)[0]
    price = sum((u.mean() - 0.5) ** 2 for u in membranes(network, saved).values()) / 2

    def error(weight: float) -> float:
        objective = Objective(cross_entropy, (papers.im_loss.penalty(network, weight),))
        terms = objective(network, saved, outputs, labels)[0]
        return gap(terms["loss"], formula(fit, price, weight))

    return max(error(weight) for weight in (0.0, 0.5, 2.0, 8.0))


@row(
    "13",
    latex=r"\varphi(x) = \tfrac12 \tanh(k(x - V_{th})) + \tfrac12",
    meaning="The smooth step whose slope is the surrogate: as k grows it becomes the spike.",
    symbol="numsnn.surrogates.Tanh.value",
    by="value, slope by finite differences, the area under the slope, the limits",
    formula=lambda x, k, V: 0.5 * np.tanh(k * (x - V)) + 0.5,
    wrong={
        "no half": lambda x, k, V: np.tanh(k * (x - V)) + 0.5,
        "from -1 to 1": lambda x, k, V: np.tanh(k * (x - V)),
        "k divides": lambda x, k, V: 0.5 * np.tanh((x - V) / k) + 0.5,
    },
    bound=1e-8,
    erratum="I6",
    instead="As printed: the peak k/2 grows with k while the area stays 1. Ties are 1/2.",
)
def asymptotic(formula: Formula) -> float:
    x, k, V = np.linspace(-2.5, 3.5, 1201), 3.0, 0.5
    value, slope = Tanh().value(x - V, 1 / k), Tanh().slopes(x - V, 1 / k)[0]
    expected = (formula(x + 1e-5, k, V) - formula(x - 1e-5, k, V)) / 2e-5
    return max(
        gap(value, formula(x, k, V)),
        gap(slope, expected),
        gap(np.trapezoid(slope, x), formula(3.5, k, V) - formula(-2.5, k, V)) - 1e-5,
        gap(Tanh().value(x - V, 1e-6) > 0.5, formula(x, 1e6, V) > 0.5),
    )


@row(
    "14",
    latex=r"\varphi(x) = \tfrac12 \tanh(K(i)(x - V_{th})) + \tfrac12",
    meaning="Eq. 13 with a factor of the epoch: flat at first, a spike's step at last.",
    symbol="numsnn.papers.im_loss.ESG.__call__",
    by="the surrogate of a neuron in three epochs of ten, value and slope by finite differences",
    formula=lambda x, K, V: 0.5 * np.tanh(K * (x - V)) + 0.5,
    wrong={
        "flatter with every epoch": lambda x, K, V: 0.5 * np.tanh((x - V) / K) + 0.5,
        "the first epoch's": lambda x, K, V: 0.5 * np.tanh(x - V) + 0.5,
        "area K": lambda x, K, V: 0.5 * K * np.tanh(K * (x - V)) + 0.5,
    },
    bound=1e-8,
    erratum="I6",
    instead="As printed: a schedule of the width 1/K(i), before each epoch.",
)
def evolving(formula: Formula) -> float:
    neuron, x, found = papers.im_loss.neuron(esg=True), np.linspace(-1.5, 2.5, 201), []
    params = neuron.init(np.random.default_rng(0), np.float64)
    for epoch in (0, 4, 9):
        network, now = papers.im_loss.ESG()(neuron, params, epoch, 10)
        value = network.surrogate.value(x - now.threshold, now.width)
        slope = network.surrogate.slopes(x - now.threshold, now.width)[0]
        K = 10 ** (epoch / 10)
        expected = (formula(x + 1e-5, K, 0.5) - formula(x - 1e-5, K, 0.5)) / 2e-5
        found += [gap(value, formula(x, K, 0.5)), gap(slope, expected)]
    return max(found)


@row(
    "15",
    latex=r"K(i) = \frac{(10^{i/N} - 10^0) K_{max} + (10^1 - 10^{i/N}) K_{min}}{9}",
    meaning="The factor of epoch i of N: it grows from K_min, slowly first.",
    symbol="numsnn.papers.im_loss.K",
    by="values, and 10^(i/N) for the bounds 1 and 10",
    formula=lambda i, N, low, high: ((10 ** (i / N) - 1) * high + (10 - 10 ** (i / N)) * low) / 9,
    wrong={
        "bounds exchanged": lambda i, N, low, high: (
            ((10 ** (i / N) - 1) * low + (10 - 10 ** (i / N)) * high) / 9
        ),
        "reaching K_max at N - 1": lambda i, N, low, high: (
            ((10 ** (i / (N - 1)) - 1) * high + (10 - 10 ** (i / (N - 1))) * low) / 9
        ),
        "linear in i": lambda i, N, low, high: low + (high - low) * i / N,
    },
    erratum="I2",
    instead="As printed, it ends below K_max; K_reaching, by name, has i/(N - 1) and ends at it.",
)
def factor_of_epoch(formula: Formula) -> float:
    i, K = np.arange(10), papers.im_loss.K
    printed = gap([K(int(k), 10, 0.5, 8.0) for k in i], formula(i, 10, 0.5, 8.0))
    return max(printed, gap([K(int(k), 10) for k in i], 10 ** (i / 10)))


ROWS = collected(globals())
