"""RecDis-SNN eq. 8, 9, 11, 12, 14-16: the penalties on a channel's extremes and quantiles."""

from typing import Any

import numpy as np
from scipy.special import ndtri

from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import Array, channels, gap, normals
from numsnn.regularizers import (
    channel_quantiles,
    degeneration_by_quantile,
    mismatch_both_ends,
    mismatch_by_quantile,
    quantisation_error,
    saturation_by_quantile,
)

row = of_paper("recdis")

CENTRES = np.array([-2.0, -0.4, 0.2, 0.5, 0.5, 0.8, 1.4, 3.0])
SPREADS = np.array([0.1, 0.1, 0.3, 0.02, 1.2, 0.4, 0.15, 0.5])


def potentials(seed: int) -> Array:
    """U [T, N, C, H, W] with channels left of, right of, inside and across [0, 1]."""
    u = normals(seed, 3, 2, 8, 2, 3)
    return CENTRES[:, None, None] + SPREADS[:, None, None] * u


def positive(x: Any) -> Any:
    """(x)_+"""
    return np.maximum(x, 0)


def quantile(u: Array, q: float) -> Array:
    """The q quantile of every row of u, linear between the ordered elements."""
    ordered = np.sort(u, axis=1)
    place = q * (u.shape[1] - 1)
    below = min(int(place), u.shape[1] - 2)
    return ordered[:, below] + (place - below) * (ordered[:, below + 1] - ordered[:, below])


@row(
    "quantile",
    latex=r"U_{(q)}, \quad 0 \le q \le 1",
    meaning="The q quantile of a channel's potentials over batch, time and space, in ascending order.",
    symbol="numsnn.regularizers.channel_quantiles",
    by="two routes: sorting by hand",
    formula=lambda u, q: quantile(u, q),
    wrong={
        "descending order": lambda u, q: quantile(u, 1 - q),
        "n places, not n - 1": lambda u, q: quantile(u, q * (1 - 1 / u.shape[1])),
    },
)
def quantiles(formula: Formula) -> float:
    U = potentials(1)
    lower, upper = channel_quantiles(U, 0.15)
    return max(gap(formula(channels(U), 0.15), lower), gap(formula(channels(U), 0.85), upper))


@row(
    "8",
    latex=r"L_D = [(U_{(0)} - V_{th})_+]^2 + [(V_{th} - U_{(1)})_+]^2",
    meaning="Degeneration: a price once all potentials lie above the threshold, or all below.",
    symbol="numsnn.regularizers.degeneration_by_quantile",
    by="values, channel by channel",
    formula=lambda low, high, V: positive(low - V) ** 2 + positive(V - high) ** 2,
    wrong={
        "ends exchanged": lambda low, high, V: positive(high - V) ** 2 + positive(V - low) ** 2,
        "not squared": lambda low, high, V: positive(low - V) + positive(V - high),
        "no positive part": lambda low, high, V: (low - V) ** 2 + (V - high) ** 2,
    },
    erratum="R6",
    instead="U_(1) = V_th costs nothing, and under eq. 5 it fires: the definition's <= should be <.",
)
def degeneration_of_extremes(formula: Formula) -> float:
    u = channels(potentials(2))
    expected = formula(u.min(axis=1), u.max(axis=1), 0.5)
    return gap(degeneration_by_quantile(potentials(2), 0.0, 0.5), expected)


@row(
    "9",
    latex=r"L_D = [(U_{(\epsilon)} - V_{th})_+]^2 + [(V_{th} - U_{(1-\epsilon)})_+]^2",
    meaning="Degeneration by quantiles: a share epsilon of the channel may lie on the other side.",
    symbol="numsnn.regularizers.degeneration_by_quantile",
    by="two routes: quantiles by hand",
    formula=lambda U, eps, V: positive(U(eps) - V) ** 2 + positive(V - U(1 - eps)) ** 2,
    wrong={
        "epsilon in both": lambda U, eps, V: positive(U(eps) - V) ** 2 + positive(V - U(eps)) ** 2,
        "the extremes": lambda U, eps, V: positive(U(0) - V) ** 2 + positive(V - U(1)) ** 2,
        "exchanged": lambda U, eps, V: positive(U(1 - eps) - V) ** 2 + positive(V - U(eps)) ** 2,
    },
)
def degeneration_of_quantiles(formula: Formula) -> float:
    u = channels(potentials(3))
    expected = formula(lambda q: quantile(u, q), 0.2, 0.5)
    return gap(degeneration_by_quantile(potentials(3), 0.2, 0.5), expected)


@row(
    "11",
    latex=r"L_S = [(U_{(0)} - 1)_+]^2 + [(0 - U_{(1)})_+]^2",
    meaning="Saturation: a price once every potential lies right of 1, or every one left of 0.",
    symbol="numsnn.regularizers.saturation_by_quantile",
    by="values, one channel for each sign",
    formula=lambda low, high: positive(low - 1) ** 2 + positive(0 - high) ** 2,
    wrong={
        "as printed": lambda low, high: positive(low - 1) ** 2 + (0 - positive(high)) ** 2,
        "sign of the second": lambda low, high: positive(low - 1) ** 2 + positive(0 + high) ** 2,
        "0 and 1 exchanged": lambda low, high: positive(low) ** 2 + positive(1 - high) ** 2,
    },
    erratum="R3",
    instead="The bracket of the second term is printed inside out; the whole difference is cut at 0.",
)
def saturation_of_extremes(formula: Formula) -> float:
    u = np.array([[1.5, 3.0], [-2.0, -0.5], [0.2, 0.7], [-1.0, 2.0], [-0.5, 0.5], [1.0, 2.0]]).T
    expected = formula(u.min(axis=0), u.max(axis=0))
    return gap(saturation_by_quantile(u[:, None]), expected)


@row(
    "12",
    latex=r"L_S = [(U_{(\epsilon)} - 1)_+]^2 + [(0 - U_{(1-\epsilon)})_+]^2",
    meaning="Saturation by quantiles.",
    symbol="numsnn.regularizers.saturation_by_quantile",
    by="two routes: quantiles by hand",
    formula=lambda U, eps: positive(U(eps) - 1) ** 2 + positive(0 - U(1 - eps)) ** 2,
    wrong={
        "as printed": lambda U, eps: positive(U(eps) - 1) ** 2 + (0 - positive(U(1 - eps))) ** 2,
        "exchanged": lambda U, eps: positive(U(1 - eps) - 1) ** 2 + positive(0 - U(eps)) ** 2,
    },
    erratum="R3",
    instead="As in eq. 11.",
)
def saturation_of_quantiles(formula: Formula) -> float:
    u = channels(potentials(4))
    expected = formula(lambda q: quantile(u, q), 0.4)
    return gap(saturation_by_quantile(potentials(4), 0.4), expected)


@row(
    "14",
    latex=r"L_M = [\min(U_{(0)} - 0,\ 1 - U_{(1)})_+]^2",
    meaning="Mismatch, the form set aside: a price only where both extremes lie inside [0, 1].",
    symbol="numsnn.regularizers.mismatch_both_ends",
    by="values, channel by channel",
    formula=lambda low, high: positive(np.minimum(low - 0, 1 - high)) ** 2,
    wrong={
        "max, eq. 15": lambda low, high: positive(np.maximum(low - 0, 1 - high)) ** 2,
        "ends exchanged": lambda low, high: positive(np.minimum(high - 0, 1 - low)) ** 2,
        "no positive part": lambda low, high: np.minimum(low - 0, 1 - high) ** 2,
    },
)
def mismatch_of_both_ends(formula: Formula) -> float:
    u = channels(potentials(5))
    return gap(mismatch_both_ends(potentials(5)), formula(u.min(axis=1), u.max(axis=1)))


@row(
    "15",
    latex=r"L_M = [\max(U_{(0)} - 0,\ 1 - U_{(1)})_+]^2",
    meaning="Mismatch, the form chosen: it is 0 only once the potentials reach past both ends.",
    symbol="numsnn.regularizers.mismatch_by_quantile",
    by="truth table: no end inside, the left, the right, both, and all to the right",
    formula=lambda low, high: positive(np.maximum(low - 0, 1 - high)) ** 2,
    wrong={
        "min, eq. 14": lambda low, high: positive(np.minimum(low - 0, 1 - high)) ** 2,
        "sum": lambda low, high: positive(low - 0) ** 2 + positive(1 - high) ** 2,
        "sign": lambda low, high: positive(np.maximum(0 - low, high - 1)) ** 2,
    },
    erratum="R4",
    instead="Kept as printed, though it also prices channels with one end inside, or none.",
)
def mismatch_of_either_end(formula: Formula) -> float:
    u = np.array([[-1.0, 2.0], [0.25, 2.0], [-1.0, 0.5], [0.25, 0.5], [5.0, 5.0]]).T
    known = np.array([0.0, 0.0625, 0.25, 0.25, 25.0])
    found = mismatch_by_quantile(u[:, None])
    return max(gap(found, known), gap(found, formula(u.min(axis=0), u.max(axis=0))))


@row(
    "16",
    latex=r"L_M = [\max(U_{(\epsilon)} - 0,\ 1 - U_{(1-\epsilon)})_+]^2",
    meaning="Mismatch by quantiles.",
    symbol="numsnn.regularizers.mismatch_by_quantile",
    by="two routes: quantiles by hand",
    formula=lambda U, eps: positive(np.maximum(U(eps) - 0, 1 - U(1 - eps))) ** 2,
    wrong={
        "exchanged": lambda U, eps: positive(np.maximum(U(1 - eps) - 0, 1 - U(eps))) ** 2,
        "min": lambda U, eps: positive(np.minimum(U(eps) - 0, 1 - U(1 - eps))) ** 2,
    },
)
def mismatch_of_quantiles(formula: Formula) -> float:
    u = channels(potentials(6))
    expected = formula(lambda q: quantile(u, q), 0.1)
    return gap(mismatch_by_quantile(potentials(6), 0.1), expected)


@row(
    "quantisation error",
    latex=r"(u - o)^2",
    meaning="How far a potential lies from the spike it becomes, squared and averaged.",
    symbol="numsnn.regularizers.quantisation_error",
    by="a value in closed form: a Gaussian around the threshold",
    formula=lambda std: std**2 - std * np.sqrt(2 / np.pi) + 0.25,
    wrong={
        "absolute value": lambda std: std * np.sqrt(2 / np.pi) + 0.25,
        "spread alone": lambda std: std**2 + 0.25,
        "sign of the overlap": lambda std: std**2 + std * np.sqrt(2 / np.pi) + 0.25,
    },
    bound=1e-3,
    erratum="R9",
    instead="Potentials inside [0, 1] have error 1/4 at most; the paper reports 0.61 to 0.83.",
)
def quantisation(formula: Formula) -> float:
    level = ndtri((np.arange(20000) + 0.5) / 20000)  # every level of a Gaussian once

    def error(std: float) -> float:
        u = (0.5 + std * level).reshape(10, 100, 20)
        return gap(quantisation_error(u, u >= 0.5), formula(std))

    return max(error(std) for std in (0.2, 0.399, 1.1))


ROWS = collected(globals())
