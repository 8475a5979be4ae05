"""PSG eq. 8-12: the auxiliary function of layers that fire, its slopes as derived and as printed."""

import math

import numpy as np

from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import Array, gap
from numsnn.papers.psg_surrogates import PSGArctangent

row = of_paper("psg-pda")
V, H = 0.4621, 1e-5  # a threshold tanh(0.5), a step of differences
U = np.linspace(-3, 4, 29)[:, None]
GAMMA = np.array([0.3, 1.0, 2.5])


def in_u(f: Formula) -> Array:
    """df/du by central differences, on the grid of u and gamma."""
    return (f(U + H, GAMMA) - f(U - H, GAMMA)) / (2 * H)


def in_gamma(f: Formula) -> Array:
    """df/dgamma by central differences."""
    return (f(U, GAMMA + H) - f(U, GAMMA - H)) / (2 * H)


@row(
    "8",
    latex=r"f(u, \gamma) = \arctan[\gamma(u - V_{th})] + \tfrac12",
    meaning="Auxiliary function of layers that fire: its slopes stand in for those of the spike.",
    symbol="numsnn.papers.psg_surrogates.PSGArctangent.value",
    by="values, and the range (1 - pi)/2 to (1 + pi)/2",
    formula=lambda u, g: np.arctan(g * (u - V)) + 0.5,
    wrong={
        "divided by pi": lambda u, g: np.arctan(g * (u - V)) / math.pi + 0.5,
        "gamma divides": lambda u, g: np.arctan((u - V) / g) + 0.5,
        "gamma on u alone": lambda u, g: np.arctan(g * u - V) + 0.5,
    },
    erratum="P2",
    instead="As printed in the form exact, though it leaves (0, 1); see section 3.2's form below.",
)
def arctangent(formula: Formula) -> float:
    f = PSGArctangent("exact").value
    ends = np.array([-1e18, 1e18])
    return max(
        gap(f(U - V, GAMMA), formula(U, GAMMA)),
        gap(formula(ends, 1.0), [(1 - math.pi) / 2, (1 + math.pi) / 2]),
    )


@row(
    "9",
    latex=r"\frac{\partial f}{\partial u} = \frac{\gamma}{1 + (\gamma(u - V_{th}))^2}",
    meaning="Its slope in the potential.",
    symbol="numsnn.papers.psg_surrogates.PSGArctangent.slopes",
    by="value, and finite differences of eq. 8",
    formula=lambda u, g: g / (1 + (g * (u - V)) ** 2),
    wrong={
        "no gamma": lambda u, g: 1 / (1 + (g * (u - V)) ** 2),
        "not squared": lambda u, g: g / (1 + np.abs(g * (u - V))),
        "gamma outside the square": lambda u, g: g / (1 + g * (u - V) ** 2),
    },
    bound=1e-8,
)
def arctangent_in_u(formula: Formula) -> float:
    found = PSGArctangent("exact").slopes(U - V, GAMMA)[0]
    differences = in_u(lambda u, g: np.arctan(g * (u - V)))
    return max(gap(found, formula(U, GAMMA)), gap(differences, formula(U, GAMMA)))


@row(
    "10",
    latex=r"\frac{\partial f}{\partial \gamma} = \frac{u - V_{th}}{1 + ((u - V_{th})\gamma)^2}",
    meaning="Its slope in gamma: odd about the threshold, largest at a distance 1/gamma.",
    symbol="numsnn.papers.psg_surrogates.PSGArctangent.slopes",
    by="value, and finite differences of eq. 8",
    formula=lambda u, g: (u - V) / (1 + ((u - V) * g) ** 2),
    wrong={
        "even": lambda u, g: np.abs(u - V) / (1 + ((u - V) * g) ** 2),
        "gamma on top": lambda u, g: g * (u - V) / (1 + ((u - V) * g) ** 2),
        "1 on top": lambda u, g: 1 / (1 + ((u - V) * g) ** 2),
    },
    bound=1e-8,
)
def arctangent_in_gamma(formula: Formula) -> float:
    found = PSGArctangent("exact").slopes(U - V, GAMMA)[1]
    differences = in_gamma(lambda u, g: np.arctan(g * (u - V)))
    return max(gap(found, formula(U, GAMMA)), gap(differences, formula(U, GAMMA)))


@row(
    "11",
    latex=r"\frac{\partial o}{\partial u} = \frac{1}{1 + (\gamma(u - V_{th}))^2}",
    meaning="Eq. 9 rescaled to a maximum of 1: the slope that a spike of such a layer is given.",
    symbol="numsnn.papers.psg_surrogates.PSGArctangent.slopes",
    by="value, and finite differences of arctan/gamma",
    formula=lambda u, g: 1 / (1 + (g * (u - V)) ** 2),
    wrong={
        "not rescaled": lambda u, g: g / (1 + (g * (u - V)) ** 2),
        "area 1": lambda u, g: g / math.pi / (1 + (g * (u - V)) ** 2),
        "gamma is a width": lambda u, g: 1 / (1 + ((u - V) / g) ** 2),
    },
    bound=1e-8,
)
def arctangent_in_u_rescaled(formula: Formula) -> float:
    printed, exact = (PSGArctangent(f).slopes(U - V, GAMMA)[0] for f in ("paper", "rescaled"))
    expected = formula(U, GAMMA)
    differences = in_u(lambda u, g: np.arctan(g * (u - V)) / g)
    return max(gap(printed, expected), gap(exact, expected), gap(differences, expected))


@row(
    "12",
    latex=r"\frac{\partial o}{\partial \gamma} = \frac{1}{1 + ((u - V_{th})\gamma)^2}",
    meaning="Called eq. 10 rescaled to a maximum of 1: the rule by which gamma learns.",
    symbol="numsnn.papers.psg_surrogates.PSGArctangent.slopes",
    by="value; no derivative of any function that also has eq. 11",
    formula=lambda u, g: 1 / (1 + ((u - V) * g) ** 2),
    wrong={
        "what a true rescaling gives": lambda u, g: 2 * g * (u - V) / (1 + ((u - V) * g) ** 2),
        "the derivative of arctan/gamma": lambda u, g: in_gamma(
            lambda u, g: np.arctan(g * (u - V)) / g
        ),
        "eq. 10": lambda u, g: (u - V) / (1 + ((u - V) * g) ** 2),
    },
    erratum="P4",
    instead="Form paper: as printed, even and of lost sign. Forms exact and rescaled: true derivatives (P3).",
)
def arctangent_in_gamma_printed(formula: Formula) -> float:
    return gap(PSGArctangent("paper").slopes(U - V, GAMMA)[1], formula(U, GAMMA))


@row(
    "arctan over gamma",
    latex=r"\frac1\gamma \arctan(\gamma(x - V_{th})) + \tfrac12, \qquad \frac{1}{1 + (\gamma(x - V_{th}))^2}",
    meaning="The common form named in section 3.2, and its slope: the function that eq. 11 belongs to.",
    symbol="numsnn.papers.psg_surrogates.PSGArctangent.value",
    by="value, slope by finite differences, and the slope in gamma that follows",
    formula=lambda u, g: np.arctan(g * (u - V)) / g + 0.5,
    wrong={
        "eq. 8": lambda u, g: np.arctan(g * (u - V)) + 0.5,
        "times gamma": lambda u, g: g * np.arctan(g * (u - V)) + 0.5,
        "no half": lambda u, g: np.arctan(g * (u - V)) / g,
    },
    bound=1e-8,
)
def arctangent_over_gamma(formula: Formula) -> float:
    surrogate = PSGArctangent("rescaled")
    slopes = surrogate.slopes(U - V, GAMMA)
    return max(
        gap(surrogate.value(U - V, GAMMA), formula(U, GAMMA)),
        gap(slopes[0], in_u(formula)),
        gap(slopes[1], in_gamma(formula)),
    )


ROWS = collected(globals())
