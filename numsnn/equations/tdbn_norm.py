"""STBP-tdBN eq. 5-8 and alpha: the threshold-dependent norm."""

from typing import Any

import numpy as np

from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import Array, gap, normals
from numsnn.norms import BatchNorm, Statistics
from numsnn.papers import tdbn

row = of_paper("tdbn")
PER_CHANNEL = (0, 1, 3, 4)  # the axes T, N, H, W of [T, N, C, H, W]


def maps(seed: int) -> Array:
    """Inputs [T, N, C, H, W] whose mean and spread differ between channels, steps and samples."""
    scale, shift = np.array([0.5, 2.0, 1.0])[:, None, None], normals(seed + 1, 4, 2, 1, 1, 1)
    return scale * normals(seed, 4, 2, 3, 2, 3) + scale + shift


def normalised(
    x: Array, scale: float, eps: float, gain: Any = 1.0, shift: Any = 0.0
) -> tuple[Array, Statistics]:
    """What the library makes of x, and the statistics it took."""
    layer = BatchNorm((3, 1, 1), scale=scale, eps=eps)
    params = BatchNorm.Params(np.broadcast_to(gain, (3, 1, 1)), np.broadcast_to(shift, (3, 1, 1)))
    y, saved = layer.forward(params, x)
    return y, saved.statistics


@row(
    "5",
    latex=r"\hat x_k = \frac{\alpha V_{th} (x_k - E[x_k])}{\sqrt{Var[x_k] + \epsilon}}",
    meaning="A channel over all steps, samples and places: mean 0, deviation alpha times the threshold.",
    symbol="numsnn.norms.BatchNorm.forward",
    by="value, and the deviation that comes out",
    formula=lambda x, E, Var, alpha, V, eps: alpha * V * (x - E) / np.sqrt(Var + eps),
    wrong={
        "deviation 1": lambda x, E, Var, alpha, V, eps: (x - E) / np.sqrt(Var + eps),
        "variance, not its root": lambda x, E, Var, alpha, V, eps: (
            alpha * V * (x - E) / (Var + eps)
        ),
        "epsilon outside the root": lambda x, E, Var, alpha, V, eps: (
            alpha * V * (x - E) / (np.sqrt(Var) + eps)
        ),
    },
)
def threshold_dependent_norm(formula: Formula) -> float:
    x, alpha, V, eps = maps(6), 2**-0.5, 0.5, 0.25
    E, Var = (f(x, axis=PER_CHANNEL, keepdims=True) for f in (np.mean, np.var))
    y, _ = normalised(x, tdbn.norm((3, 2, 3), branches=2, threshold=V).scale, eps)
    deviation = np.std(formula(x, E, Var, alpha, V, 0.0), axis=PER_CHANNEL)
    return max(gap(y, formula(x, E, Var, alpha, V, eps)), gap(deviation, np.full(3, alpha * V)))


@row(
    "6",
    latex=r"y_k = \lambda_k \hat x_k + \beta_k",
    meaning="A learnt gain and shift for each channel; at 1 and 0 nothing changes.",
    symbol="numsnn.norms.BatchNorm.forward",
    by="identity recovery: the gain and shift that undo eq. 5",
    formula=lambda x, gain, shift: gain * x + shift,
    wrong={
        "gain on the shift": lambda x, gain, shift: gain * (x + shift),
        "sign of the shift": lambda x, gain, shift: gain * x - shift,
        "no gain": lambda x, gain, shift: x + shift,
    },
)
def gain_and_shift(formula: Formula) -> float:
    x, scale, eps = maps(8), 0.5, 1e-5
    E, Var = (f(x, axis=PER_CHANNEL, keepdims=True) for f in (np.mean, np.var))
    gain, shift = np.sqrt(Var + eps)[0, 0] / scale, E[0, 0]
    y, _ = normalised(x, scale, eps, gain, shift)
    plain, _ = normalised(x, scale, eps)
    return max(gap(y, x), gap(formula(plain, gain, shift), x))


@row(
    "7",
    latex=r"E[x_k] = mean(x_k)",
    meaning="One mean for each channel, over T, N, H and W together.",
    symbol="numsnn.norms.BatchNorm.forward",
    by="loops over the channels",
    formula=lambda x_k: x_k.mean(),
    wrong={
        "of the first step": lambda x_k: x_k[0].mean(),
        "median": lambda x_k: np.median(x_k),
        "root mean square": lambda x_k: np.sqrt((x_k**2).mean()),
    },
)
def channel_mean(formula: Formula) -> float:
    x = maps(10)
    _, statistics = normalised(x, 0.5, 1e-5)
    return gap(statistics.mean.ravel(), [formula(x[:, :, k]) for k in range(3)])


@row(
    "8",
    latex=r"Var[x_k] = mean((x_k - E[x_k])^2)",
    meaning="The mean squared distance from that mean: the biased variance.",
    symbol="numsnn.norms.BatchNorm.forward",
    by="loops over the channels",
    formula=lambda x_k: ((x_k - x_k.mean()) ** 2).mean(),
    wrong={
        "unbiased": lambda x_k: ((x_k - x_k.mean()) ** 2).sum() / (x_k.size - 1),
        "about 0": lambda x_k: (x_k**2).mean(),
        "each step about its own mean": lambda x_k: x_k.var(axis=(1, 2, 3)).mean(),
    },
    erratum="T14",
    instead="The biased one, as printed; the best known code keeps the unbiased one for inference.",
)
def channel_variance(formula: Formula) -> float:
    x = maps(12)
    _, statistics = normalised(x, 0.5, 1e-5)
    return gap(statistics.variance.ravel(), [formula(x[:, :, k]) for k in range(3)])


@row(
    "alpha",
    latex=r"\alpha = 1/\sqrt n",
    meaning="Where n branches meet, each norm aims at the threshold over root n.",
    symbol="numsnn.papers.tdbn.alpha",
    by="the deviation of two branches added, uncorrelated and not",
    formula=lambda n: 1 / np.sqrt(n),
    wrong={
        "1/n": lambda n: 1 / n,
        "1": lambda n: 1.0,
        "root n": lambda n: np.sqrt(n),
    },
    erratum="T10",
    instead="As printed; the sum then has V only if branches are uncorrelated, else V sqrt(1 + rho).",
)
def branches(formula: Formula) -> float:
    V, x = 0.5, normals(21, 50, 2)
    a, b = np.linalg.qr(x - x.mean(axis=0))[0].T * np.sqrt(50)  # deviation 1, no correlation at all

    def error(rho: float) -> float:
        added = formula(2) * V * (a + rho * a + np.sqrt(1 - rho**2) * b)
        return gap(added.std(), V * np.sqrt(1 + rho))

    values = [gap(tdbn.alpha(n), formula(n)) for n in (1, 2, 3)]
    return max(error(0.0), error(0.6), *values)


ROWS = collected(globals())
