"""PDA eq. 4-6: the divergence of the potentials' distribution, and the loss made of it."""

from typing import Any

import numpy as np

from numsnn.compose import Serial
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import Array, gap, gradient, normals
from numsnn.layer import named
from numsnn.linear import Linear
from numsnn.neurons import LIF
from numsnn.observe import membranes
from numsnn.recipes import Objective, Penalty
from numsnn.regularizers import PotentialDistribution, gaussian_divergences, mean_over_layers

row = of_paper("psg-pda")
X = np.linspace(-14, 14, 5601)  # a grid on which a Gaussian's probabilities add up to 1


def gaussian(mean: float, variance: float) -> Array:
    """The probabilities of the grid's cells."""
    p = np.exp(-((X - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    return p * (X[1] - X[0])


@row(
    "4",
    latex=r"D_{KL}(P^{t,n} \| N^n) = \sum_x P^{t,n}(x) \log \frac{P^{t,n}(x)}{N^n(x)}",
    meaning="The divergence of a layer's potentials at a step from a standard Gaussian.",
    symbol="numsnn.regularizers.gaussian_divergences",
    by="two routes: the sum over a fine grid, both directions; 0 only for equals",
    formula=lambda p, q: np.sum(p * np.log(p / q)),
    wrong={
        "ratio upside down": lambda p, q: np.sum(p * np.log(q / p)),
        "weighted by the target": lambda p, q: np.sum(q * np.log(p / q)),
        "in bits": lambda p, q: np.sum(p * np.log2(p / q)),
    },
    bound=1e-8,
    erratum="P9",
    instead="Closed form: P by its mean and variance, N standard. A soft histogram stands beside it.",
)
def divergence(formula: Formula) -> float:
    standard, found = gaussian(0.0, 1.0), []
    for mean, variance in ((0.0, 1.0), (0.8, 1.0), (-0.5, 0.6), (1.2, 1.7)):
        p, known = gaussian(mean, variance), gaussian_divergences(mean, variance)
        found.append(gap(known, [formula(p, standard), formula(standard, p)]))
    return max(found)


def both_divergences(u: Array, epsilon: float) -> Array:
    """KL(P||N) and KL(N||P) of every step of u [T, N, C] on the grid, P blurred by epsilon."""
    P = [gaussian(step.mean(), step.var() + epsilon) for step in u]
    q = gaussian(0.0, 1.0)
    return np.array([[np.sum(p * np.log(p / q)), np.sum(q * np.log(q / p))] for p in P])


@row(
    "5",
    latex=r"L_{PD} = \frac{1}{2TN} \sum_{t=1}^T \sum_{n=1}^N"
    r" \bigl(D_{KL}(P^{t,n} \| N^n) + D_{KL}(N^n \| P^{t,n})\bigr)",
    meaning="Both directions, averaged over directions, steps and layers.",
    symbol="numsnn.regularizers.PotentialDistribution.__call__",
    by="value in loops, and gradient by finite differences of the closed form",
    formula=lambda kl: sum(a + b for layer in kl for a, b in layer) / (2 * len(kl) * len(kl[0])),
    wrong={
        "one direction": lambda kl: (
            sum(a for layer in kl for a, _ in layer) / (len(kl) * len(kl[0]))
        ),
        "no half": lambda kl: sum(a + b for layer in kl for a, b in layer) / (len(kl) * len(kl[0])),
        "not averaged over layers": lambda kl: (
            sum(a + b for layer in kl for a, b in layer) / (2 * len(kl[0]))
        ),
    },
    bound=1e-8,
    erratum="P9",
    instead="With epsilon on the variance, so that a dead layer has a finite price and a gradient.",
)
def symmetric_loss(formula: Formula) -> float:
    layers = {"a": 0.7 + normals(1, 3, 4, 5), "b": 1.3 * normals(2, 3, 4, 2)}
    loss, d_membranes = mean_over_layers(PotentialDistribution(epsilon=0.05), layers)

    def closed(
        u: Array,
    ) -> Any:  # the part of layer b: (v + m^2 + (1 + m^2)/v - 2)/4, mean over steps and layers
        m, v = u.mean(axis=(1, 2)), u.var(axis=(1, 2)) + 0.05
        return np.sum(v + m**2 + (1 + m**2) / v - 2) / 4 / 3 / 2

    of_gradient = gap(d_membranes["b"], gradient(closed, layers["b"]))
    return max(
        of_gradient, gap(loss, formula([both_divergences(u, 0.05) for u in layers.values()]))
    )


@row(
    "6",
    latex=r"L = Loss\Bigl(\frac1T \sum_{t=1}^T o^{t,N}, Y\Bigr) + \beta L_{PD}, \quad \beta = 1",
    meaning="The loss of the training: that of the mean output, and a share beta of the distribution's.",
    symbol="numsnn.recipes.Objective.__call__",
    by="value and gradient for several beta",
    formula=lambda fit, price, beta: fit + beta * price,
    wrong={
        "beta squared": lambda fit, price, beta: fit + beta**2 * price,
        "beta on both": lambda fit, price, beta: beta * (fit + price),
        "no beta": lambda fit, price, beta: fit + price,
    },
)
def total(formula: Formula) -> float:
    network = named(Serial(Linear(6, 5), LIF(), Linear(5, 3)))
    params = network.init(np.random.default_rng(3), np.float64)
    outputs, saved = network.forward(params, normals(4, 4, 7, 6))
    labels = np.arange(7) % 3
    mean = outputs.mean(axis=0)
    p = np.exp(mean) / np.exp(mean).sum(axis=1, keepdims=True)
    fit = -np.log(p[np.arange(7), labels]).mean()
    price, d_price = PotentialDistribution()(membranes(network, saved)["lif1"])

    def error(beta: float) -> float:
        objective = Objective(penalties=(Penalty(PotentialDistribution(), beta),))
        terms, _, d_membranes = objective(network, saved, outputs, labels)
        value = gap(terms["loss"], formula(fit, price, beta))
        return max(value, gap(d_membranes["lif1"], formula(0, d_price, beta)))

    return max(error(beta) for beta in (0.0, 0.5, 1.0, 3.0))


ROWS = collected(globals())
