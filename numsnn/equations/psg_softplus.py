"""PSG eq. 13-17: the auxiliary function of layers that put out potentials, and its slopes."""

import numpy as np

from numsnn.equations.psg_arctangent import GAMMA, U, V, in_gamma, in_u
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import gap
from numsnn.papers.psg_surrogates import PSGSoftplus

row = of_paper("psg-pda")


@row(
    "13",
    latex=r"f(u, \gamma) = \ln(1 + e^{\gamma(u - V_{th})})",
    meaning="Auxiliary function of layers that put out potentials: it keeps rising with the potential.",
    symbol="numsnn.papers.psg_surrogates.PSGSoftplus.value",
    by="values, also where the exponential overflows",
    formula=lambda u, g: np.log(1 + np.exp(g * (u - V))),
    wrong={
        "sign": lambda u, g: np.log(1 + np.exp(-g * (u - V))),
        "no 1": lambda u, g: g * (u - V),
        "gamma outside": lambda u, g: g * np.log(1 + np.exp(u - V)),
    },
)
def softplus(formula: Formula) -> float:
    f = PSGSoftplus("exact").value
    far = f(np.array([800.0, -800.0]), 2.0)
    return max(gap(f(U - V, GAMMA), formula(U, GAMMA)), gap(far, [1600.0, 0.0]))


@row(
    "14",
    latex=r"\frac{\partial f}{\partial u} = \frac{\gamma}{1 + e^{-\gamma(u - V_{th})}}",
    meaning="Its slope in the potential.",
    symbol="numsnn.papers.psg_surrogates.PSGSoftplus.slopes",
    by="value, and finite differences of eq. 13",
    formula=lambda u, g: g / (1 + np.exp(-g * (u - V))),
    wrong={
        "sign of the exponent": lambda u, g: g / (1 + np.exp(g * (u - V))),
        "no gamma": lambda u, g: 1 / (1 + np.exp(-g * (u - V))),
        "gamma not in the exponent": lambda u, g: g / (1 + np.exp(-(u - V))),
    },
    bound=1e-8,
)
def softplus_in_u(formula: Formula) -> float:
    found = PSGSoftplus("exact").slopes(U - V, GAMMA)[0]
    differences = in_u(lambda u, g: np.log(1 + np.exp(g * (u - V))))
    return max(gap(found, formula(U, GAMMA)), gap(differences, formula(U, GAMMA)))


@row(
    "15",
    latex=r"\frac{\partial f}{\partial \gamma} = \frac{u - V_{th}}{1 + e^{-(u - V_{th})\gamma}}",
    meaning="Its slope in gamma: without bound above, at least -0.2785/gamma.",
    symbol="numsnn.papers.psg_surrogates.PSGSoftplus.slopes",
    by="value, and finite differences of eq. 13",
    formula=lambda u, g: (u - V) / (1 + np.exp(-(u - V) * g)),
    wrong={
        "sign of the exponent": lambda u, g: (u - V) / (1 + np.exp((u - V) * g)),
        "1 on top": lambda u, g: 1 / (1 + np.exp(-(u - V) * g)),
        "u on top": lambda u, g: u / (1 + np.exp(-(u - V) * g)),
    },
    bound=1e-8,
)
def softplus_in_gamma(formula: Formula) -> float:
    found = PSGSoftplus("exact").slopes(U - V, GAMMA)[1]
    differences = in_gamma(lambda u, g: np.log(1 + np.exp(g * (u - V))))
    return max(gap(found, formula(U, GAMMA)), gap(differences, formula(U, GAMMA)))


@row(
    "16",
    latex=r"\frac{\partial o}{\partial u} = \frac{1}{1 + e^{-\gamma(u - V_{th})}}",
    meaning="Eq. 14 rescaled to a supremum of 1: the slope that an output potential is given.",
    symbol="numsnn.papers.psg_surrogates.PSGSoftplus.slopes",
    by="value, and finite differences of softplus/gamma",
    formula=lambda u, g: 1 / (1 + np.exp(-g * (u - V))),
    wrong={
        "not rescaled": lambda u, g: g / (1 + np.exp(-g * (u - V))),
        "falls": lambda u, g: 1 / (1 + np.exp(g * (u - V))),
        "from 1/2 up": lambda u, g: 1 / (1 + np.exp(-g * np.abs(u - V))),
    },
    bound=1e-8,
)
def softplus_in_u_rescaled(formula: Formula) -> float:
    printed, exact = (PSGSoftplus(f).slopes(U - V, GAMMA)[0] for f in ("paper", "rescaled"))
    expected = formula(U, GAMMA)
    differences = in_u(lambda u, g: np.log(1 + np.exp(g * (u - V))) / g)
    return max(gap(printed, expected), gap(exact, expected), gap(differences, expected))


@row(
    "17",
    latex=r"\frac{\partial o}{\partial \gamma} = \frac{1}{1 + e^{-(u - V_{th})\gamma}}",
    meaning="Called eq. 15 rescaled to a maximum of 1, which nothing can be: the rule for gamma here.",
    symbol="numsnn.papers.psg_surrogates.PSGSoftplus.slopes",
    by="value; no derivative of any function that also has eq. 16",
    formula=lambda u, g: 1 / (1 + np.exp(-(u - V) * g)),
    wrong={
        "the derivative of softplus/gamma": lambda u, g: in_gamma(
            lambda u, g: np.log(1 + np.exp(g * (u - V))) / g
        ),
        "eq. 15": lambda u, g: (u - V) / (1 + np.exp(-(u - V) * g)),
        "sign of eq. 15 kept": lambda u, g: np.sign(u - V) / (1 + np.exp(-(u - V) * g)),
    },
    erratum="P5",
    instead="Form paper: as printed. Forms exact and rescaled: true derivatives (P3).",
)
def softplus_in_gamma_printed(formula: Formula) -> float:
    return gap(PSGSoftplus("paper").slopes(U - V, GAMMA)[1], formula(U, GAMMA))


ROWS = collected(globals())
