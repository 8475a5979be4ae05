"""RecDis-SNN eq. 10, 13, 17-20 and Algorithm 1: the loss that is trained with."""

from typing import Any

import numpy as np

from numsnn.compose import Serial
from numsnn.equations.recdis_forms import CENTRES, SPREADS, positive
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import Array, channels, gap, gradient, normals
from numsnn.layer import named
from numsnn.linear import Linear
from numsnn.losses import mean_cross_entropy
from numsnn.neurons import LIF
from numsnn.observe import membranes
from numsnn.papers import recdis
from numsnn.readouts import Accumulate
from numsnn.regularizers import (
    Degeneration,
    Mismatch,
    MPDLoss,
    Saturation,
    mean_over_layers,
)

row = of_paper("recdis")


def potentials(seed: int) -> Array:
    """U [T, N, C], one channel for every regime, small enough to differentiate number by number."""
    return CENTRES + SPREADS * normals(seed, 3, 2, 8)


def of_channels(formula: Formula, U: Array, *constants: float) -> Any:
    """The mean over channels of formula(mean, standard deviation, ...)."""
    u = channels(U)
    return np.mean(formula(u.mean(axis=1), u.std(axis=1), *constants))


def loss_and_gradient(regularizer: Any, loss: Formula, U: Array) -> float:
    """How far a regularizer is from a loss, and its gradient from that loss's differences."""
    found, d_u = regularizer(U)
    return max(gap(found, loss(U)), gap(d_u, gradient(loss, U)))


@row(
    "10",
    latex=r"L_D = [(\mu - k_\epsilon \sigma - V_{th})_+]^2 + [(V_{th} - \mu - k_\epsilon \sigma)_+]^2",
    meaning="Degeneration with the quantiles of a Gaussian, k = 1: it has a gradient everywhere.",
    symbol="numsnn.regularizers.Degeneration.__call__",
    by="value, and gradient by finite differences",
    formula=lambda m, s, V, k: positive(m - k * s - V) ** 2 + positive(V - m - k * s) ** 2,
    wrong={
        "sign of k": lambda m, s, V, k: positive(m + k * s - V) ** 2 + positive(V - m + k * s) ** 2,
        "variance": lambda m, s, V, k: (
            positive(m - k * s**2 - V) ** 2 + positive(V - m - k * s**2) ** 2
        ),
        "k in one alone": lambda m, s, V, k: positive(m - k * s - V) ** 2 + positive(V - m) ** 2,
    },
    bound=1e-8,
    erratum="R7",
    instead="Three k for one symbol epsilon; each term has its own k (1, 0.25, 1.25).",
)
def degeneration(formula: Formula) -> float:
    return loss_and_gradient(
        Degeneration(), lambda U: of_channels(formula, U, 0.5, 1.0), potentials(7)
    )


@row(
    "13",
    latex=r"L_S = [(\mu - k_\epsilon \sigma - 1)_+]^2 + [0 - (\mu + k_\epsilon \sigma)_+]^2"
    r" = [(\mu - k_\epsilon \sigma - 1)_+]^2 + [-\mu - k_\epsilon \sigma]_+^2",
    meaning="Saturation with the quantiles of a Gaussian, k = 0.25.",
    symbol="numsnn.regularizers.Saturation.__call__",
    by="value, and gradient by finite differences",
    formula=lambda m, s, k: positive(m - k * s - 1) ** 2 + positive(-m - k * s) ** 2,
    wrong={
        "first line as printed": lambda m, s, k: (
            positive(m - k * s - 1) ** 2 + (0 - positive(m + k * s)) ** 2
        ),
        "sign of k": lambda m, s, k: positive(m - k * s - 1) ** 2 + positive(-m + k * s) ** 2,
    },
    bound=1e-8,
    erratum="R3",
    instead="The second line: the first spares a saturated channel and prices a healthy one.",
)
def saturation(formula: Formula) -> float:
    return loss_and_gradient(Saturation(), lambda U: of_channels(formula, U, 0.25), potentials(8))


@row(
    "17",
    latex=r"L_M = [\max(\mu - k_\epsilon \sigma,\ 1 - \mu - k_\epsilon \sigma)_+]^2",
    meaning="Mismatch with the quantiles of a Gaussian, k = 1.25: a hinge at sigma = 0.4 for mu = 0.5.",
    symbol="numsnn.regularizers.Mismatch.__call__",
    by="value, and gradient by finite differences off the kinks",
    formula=lambda m, s, k: positive(np.maximum(m - k * s, 1 - m - k * s)) ** 2,
    wrong={
        "min": lambda m, s, k: positive(np.minimum(m - k * s, 1 - m - k * s)) ** 2,
        "sign of k": lambda m, s, k: positive(np.maximum(m + k * s, 1 - m + k * s)) ** 2,
        "k of another term": lambda m, s, k: positive(np.maximum(m - s, 1 - m - s)) ** 2,
    },
    bound=1e-8,
)
def mismatch(formula: Formula) -> float:
    hinge = formula(0.5, np.array([0.35, 0.4, 0.45]), 1.25)
    off = loss_and_gradient(Mismatch(), lambda U: of_channels(formula, U, 1.25), potentials(9))
    return max(off, gap(hinge, [(0.5 - 1.25 * 0.35) ** 2, 0.0, 0.0]))


@row(
    "18",
    latex=r"L_{MPD} = L_D + L_S + L_M",
    meaning="The three prices of a channel are added.",
    symbol="numsnn.regularizers.MPDLoss.__call__",
    by="two routes: the sum of the terms, loss and gradient",
    formula=lambda D, S, M: D + S + M,
    wrong={
        "mean": lambda D, S, M: (D + S + M) / 3,
        "mismatch rewarded": lambda D, S, M: D + S - M,
        "saturation left out": lambda D, S, M: D + M,
    },
)
def sum_of_terms(formula: Formula) -> float:
    U = potentials(10)
    parts = [term(U) for term in (Degeneration(), Saturation(), Mismatch())]
    loss, d_u = MPDLoss()(U)
    expected = formula(*(part[0] for part in parts)), formula(*(part[1] for part in parts))
    return max(gap(loss, expected[0]), gap(d_u, expected[1]))


@row(
    "19",
    latex=r"L_{MPD} = \frac{1}{l} \sum_l \Bigl(\frac{1}{c} \sum_c L_D^{l,c} + L_S^{l,c} + L_M^{l,c}\Bigr)",
    meaning="The mean over a layer's channels, then over the layers without the output layer.",
    symbol="numsnn.regularizers.mean_over_layers",
    by="two routes: loops over layers and channels",
    formula=lambda D, S, M: np.mean([np.mean(d + s + m) for d, s, m in zip(D, S, M, strict=True)]),
    wrong={
        "only L_D averaged, as printed": lambda D, S, M: np.mean(
            [np.mean(d) + np.sum(s) + np.sum(m) for d, s, m in zip(D, S, M, strict=True)]
        ),
        "sum over layers": lambda D, S, M: np.sum(
            [np.mean(d + s + m) for d, s, m in zip(D, S, M, strict=True)]
        ),
        "mean over all channels of all layers": lambda D, S, M: np.mean(
            [x for d, s, m in zip(D, S, M, strict=True) for x in d + s + m]
        ),
    },
    erratum="R8",
    instead="The mean takes all three terms; l and c stand for the numbers of layers and channels.",
)
def over_layers(formula: Formula) -> float:
    layers = {"first": potentials(11)[..., :3], "second": potentials(12), "output": potentials(13)}
    terms = (Degeneration(), Saturation(), Mismatch())
    each = [
        [
            np.array([t(U[:, :, [c]])[0] for c in range(U.shape[2])])
            for U in list(layers.values())[:2]
        ]
        for t in terms
    ]
    loss, _ = mean_over_layers(MPDLoss(), layers, leave_out=("output",))
    return gap(loss, formula(*each))


@row(
    "20",
    latex=r"L_{CE-MPD} = L_{CE} + \lambda L_{MPD}, \quad \lambda = 2",
    meaning="The loss of the training: cross-entropy and a share lambda of MPD-Loss.",
    symbol="numsnn.recipes.Objective.__call__",
    by="value, and what flows into the membranes",
    formula=lambda fit, price, weight: fit + weight * price,
    wrong={
        "lambda squared": lambda fit, price, weight: fit + weight**2 * price,
        "lambda on the cross-entropy": lambda fit, price, weight: weight * fit + price,
        "a convex sum": lambda fit, price, weight: (1 - weight) * fit + weight * price,
    },
)
def total(formula: Formula) -> float:
    network = named(Serial(Linear(6, 5), LIF(), Linear(5, 3), Accumulate()))
    params = network.init(np.random.default_rng(0), np.float64)
    outputs, saved = network.forward(params, 0.3 * normals(14, 4, 7, 6))
    labels = np.arange(7) % 3
    objective = recdis.objective(network)  # lambda = 2, without the output layer
    terms, d_outputs, d_membranes = objective(network, saved, outputs, labels)
    fit, d_fit = mean_cross_entropy(outputs, labels)
    price, d_price = MPDLoss()(membranes(network, saved)["lif1"])
    return max(
        gap(terms["loss"], formula(fit, price, 2.0)),
        gap(d_outputs, formula(d_fit, 0, 2.0)),
        gap(d_membranes["lif1"], formula(0, d_price, 2.0)),
    )


@row(
    "Algorithm 1",
    latex=r"L_{CE} = \frac{1}{T} \sum_t L_{CE}(O(t), Y), \qquad O_{mean} = \frac{1}{T} \sum_t O(t)",
    meaning="Training takes the mean of every step's cross-entropy; validation decides by the mean output.",
    symbol="numsnn.losses.mean_cross_entropy",
    by="value, and gradient by finite differences",
    formula=lambda outputs, entropy: np.mean([entropy(o) for o in outputs]),
    wrong={
        "entropy of the mean output": lambda outputs, entropy: entropy(np.mean(outputs, axis=0)),
        "sum over steps": lambda outputs, entropy: np.sum([entropy(o) for o in outputs]),
        "the last step": lambda outputs, entropy: entropy(outputs[-1]),
    },
    bound=1e-8,
    erratum="R10",
    instead="As written, on an accumulated O(t); the mean output takes another loss, losses.cross_entropy.",
)
def algorithm_1(formula: Formula) -> float:
    outputs, labels = 3 * normals(15, 4, 3, 5), np.array([0, 3, 4])

    def entropy(o: Array) -> Any:
        p = np.exp(o) / np.exp(o).sum(axis=1, keepdims=True)
        return -np.log(p[np.arange(3), labels]).mean()

    found, d_outputs = mean_cross_entropy(outputs, labels)
    expected = gradient(lambda outputs: formula(outputs, entropy), outputs)
    return max(gap(found, formula(outputs, entropy)), gap(d_outputs, expected))


ROWS = collected(globals())
