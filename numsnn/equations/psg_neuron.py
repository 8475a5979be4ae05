"""PSG & PDA eq. 1-3, and what the network takes from elsewhere: threshold, lateral term, dropout."""

from typing import Any

import numpy as np

from numsnn.conv import Conv2d
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import (
    HIGH,
    Array,
    bits,
    flow,
    gap,
    gradient,
    lattice,
    lif,
    normals,
    unrolled,
)
from numsnn.neurons import LIF
from numsnn.papers import psg_pda
from numsnn.papers.moderate import ModerateDropout, two_mask_loss
from numsnn.papers.parametrised import ParametrisedLIF
from numsnn.papers.potential import PotentialLIF
from numsnn.papers.psg_surrogates import PSGSoftplus

row = of_paper("psg-pda")


@row(
    "1",
    latex=r"\tau \frac{du(t)}{dt} = -u(t) + I(t)",
    meaning="The potential relaxes to the input within a time tau.",
    symbol="numsnn.neurons.LIF.forward",
    by="the exact step for inputs constant between steps, against Runge-Kutta",
    formula=lambda u, current, tau: (-u + current) / tau,
    wrong={
        "the potential grows": lambda u, current, tau: (u + current) / tau,
        "tau multiplies": lambda u, current, tau: tau * (-u + current),
        "tau divides the leak alone": lambda u, current, tau: -u / tau + current,
    },
    bound=1e-8,
)
def membrane_equation(formula: Formula) -> float:
    current, tau = normals(1, 6, 1), 2.0
    keep = np.exp(-1 / tau)
    found = lif((1 - keep) * current, decay=keep, threshold=HIGH).membrane
    u, expected = 0.0, []
    for now in current[:, 0]:
        u = flow(formula, u, now, tau)
        expected.append([u])
    return gap(found, expected)


@row(
    "2",
    latex=r"u_i^{t,n} = \varepsilon u_i^{t-1,n}(1 - o_i^{t-1,n}) + \sum_j W_{ij} o_j^{t,n-1},"
    r" \quad \varepsilon = e^{1/\tau}",
    meaning="The iterative neuron: what the last spike left decays, weighted spikes come in.",
    symbol="numsnn.neurons.LIF.forward",
    by="trace",
    formula=lambda u, o, W, x, tau: np.exp(-1 / tau) * u * (1 - o) + W @ x,
    wrong={
        "potentials grow, as printed": lambda u, o, W, x, tau: (
            np.exp(1 / tau) * u * (1 - o) + W @ x
        ),
        "no reset": lambda u, o, W, x, tau: np.exp(-1 / tau) * u + W @ x,
        "Euler's decay": lambda u, o, W, x, tau: (1 - 1 / tau) * u * (1 - o) + W @ x,
    },
    erratum="P1",
    instead="The decay e^(-dt/tau), below 1; the weights hold the input's own factor 1 - e^(-dt/tau).",
)
def iterative_lif(formula: Formula) -> float:
    W, x, tau = normals(2, 4, 7), bits(3, 12, 7), 2.0
    u, _ = unrolled(lambda u, o, x: formula(u, o, W, x, tau), lambda u: u > 0.5, x, 4)
    return gap(lif(x @ W.T, decay=float(np.exp(-1 / tau)), threshold=0.5).membrane, u)


@row(
    "3",
    latex=r"o_i^{t,n} = f(u_i^{t,n})",
    meaning="f is a step: a spike for a potential that reaches the threshold.",
    symbol="numsnn.firing.Step.fire",
    by="values on a lattice that meets the threshold, both conventions of the tie",
    formula=lambda u, V, tie: u >= V if tie == "fires" else u > V,
    wrong={
        "the tie always silent": lambda u, V, tie: u > V,
        "the tie always fires": lambda u, V, tie: u >= V,
        "sign": lambda u, V, tie: np.sign(u - V),
    },
    erratum="P10",
    instead="'Reaches' leaves the tie open: a field. Dense layers put out potentials: see eq. 13.",
)
def step_activation(formula: Formula) -> float:
    runs = {t: lif(lattice(4, 5, 40), decay=0.5, threshold=0.5, tie=t) for t in ("fires", "silent")}
    return max(gap(s.spikes, formula(s.membrane, 0.5, tie)) for tie, s in runs.items())


@row(
    "learnable threshold",
    latex=r"V_{th} = \tanh(w)",
    meaning="The threshold is the tanh of a number that learns; it stays between -1 and 1.",
    symbol="numsnn.papers.parametrised.ParametrisedLIF.backward",
    by="value, and the gradient of w from that of the threshold",
    formula=lambda w: np.tanh(w),
    wrong={
        "logistic": lambda w: 1 / (1 + np.exp(-w)),
        "the number itself": lambda w: w,
        "arctanh": lambda w: np.arctanh(w),
    },
    bound=1e-8,
)
def learnable_threshold(formula: Formula) -> float:
    layer = ParametrisedLIF(LIF(threshold=float(np.tanh(0.5))))
    params = layer.init(np.random.default_rng(0), np.float64)
    _, saved = layer.forward(params, normals(5, 6, 3, 4))
    neuron, inside = layer.plain(params)
    d_y = normals(6, 6, 3, 4)
    d_w = layer.backward(saved, d_y)[1].threshold_weight
    d_threshold = neuron.backward(saved.neuron, d_y)[1].threshold
    slope = (formula(0.5 + 1e-5) - formula(0.5 - 1e-5)) / 2e-5
    return max(gap(inside.threshold, formula(0.5)), gap(d_w, d_threshold * slope))


@row(
    "lateral interaction",
    latex=r"u^t = \varepsilon u^{t-1}(1 - o^{t-1}) + conv(x^t) + L * o^{t-1}",
    meaning="Neighbours in the same channel act on a neuron by their spikes of the step before.",
    symbol="numsnn.neurons.LIF.forward",
    by="trace, the depthwise 5x5 kernel in loops",
    formula=lambda u, o, x, L, tau: tau * u * (1 - o) + x + neighbours(L, o),
    wrong={
        "kernel flipped": lambda u, o, x, L, tau: (
            tau * u * (1 - o) + x + neighbours(L[:, ::-1, ::-1], o)
        ),
        "potentials, not spikes": lambda u, o, x, L, tau: tau * u * (1 - o) + x + neighbours(L, u),
        "the lateral term decays": lambda u, o, x, L, tau: (
            tau * (u * (1 - o) + neighbours(L, o)) + x
        ),
    },
)
def lateral_interaction(formula: Formula) -> float:
    L, x = 0.2 * normals(7, 2, 5, 5), normals(8, 5, 1, 2, 6, 6)
    neuron = LIF(0.2, 0.5, lateral=psg_pda.lateral((2, 6, 6)))
    params = neuron.init(np.random.default_rng(0), np.float64)
    params = params._replace(lateral=Conv2d.Params(L[:, None], None))
    _, saved = neuron.forward(params, x)
    u, _ = unrolled(lambda u, o, x: formula(u, o, x, L, 0.2), lambda u: u > 0.5, x[:, 0])
    return gap(saved.membrane[:, 0], u)


def neighbours(L: Array, o: Array) -> Array:
    """The sum over a 5x5 window of every channel of o [C, H, W], each with its own kernel."""
    padded = np.pad(o, ((0, 0), (2, 2), (2, 2)))
    total = np.zeros(o.shape)
    for a, b in np.ndindex(5, 5):
        total += L[:, a, b, None, None] * padded[:, a : a + o.shape[1], b : b + o.shape[2]]
    return total


@row(
    "potential output",
    latex=r"o^t = u^t\,[u^t > V_{th}]",
    meaning="Dense layers put out the potential itself once it is above the threshold, then reset.",
    symbol="numsnn.papers.potential.PotentialLIF.forward",
    by="trace",
    formula=lambda u, V: np.where(u > V, u, 0),
    wrong={
        "a spike": lambda u, V: np.where(u > V, 1, 0),
        "what is above": lambda u, V: np.where(u > V, u - V, 0),
        "everywhere": lambda u, V: u,
    },
    erratum="P10",
    instead="The form of the authors' earlier code; the paper only says 'proportional to potentials'.",
)
def potential_output(formula: Formula) -> float:
    neuron, x = PotentialLIF(0.25, 0.4621, surrogate=PSGSoftplus()), normals(9, 8, 2, 5)
    out, saved = neuron.forward(neuron.init(np.random.default_rng(0), np.float64), x)
    charge = lambda u, o, x: 0.25 * u * (o <= 0.4621) + x  # noqa: E731
    u, o = unrolled(charge, lambda u: formula(u, 0.4621), x)
    return max(gap(saved.membrane, u), gap(out, o))


@row(
    "moderate dropout",
    latex=r"keep = clip\Bigl(1 - r \frac{1 - p}{1 - \bar p},\ 0,\ 1\Bigr),\quad"
    r" p = \frac{d - \min d}{\max d - \min d},\ d = \frac1T \sum_t x^t",
    meaning="Active units are dropped less; on average a share r, 0.2, is.",
    symbol="numsnn.papers.moderate.ModerateDropout.keep",
    by="value, and the mean of what is kept",
    formula=lambda p, r: 1 - r * (1 - p) / (1 - p.mean()),
    wrong={
        "inactive units dropped less": lambda p, r: 1 - r * p / p.mean(),
        "not scaled to the mean": lambda p, r: 1 - r * (1 - p),
        "plain dropout": lambda p, r: 1 - r + 0 * p,
    },
)
def moderate_dropout(formula: Formula) -> float:
    x = bits(10, 8, 6, 20)
    d = x.mean(axis=0)
    expected = np.clip(formula((d - d.min()) / (d.max() - d.min()), 0.2), 0, 1)
    return max(gap(ModerateDropout().keep(x), expected), gap(expected.mean(), 0.8))


@row(
    "two masks",
    latex=r"L = \tfrac12 (CE(a) + CE(b)) + \tfrac12 \cdot \tfrac12 \bigl(\overline{KL}(a \| b)"
    r" + \overline{KL}(b \| a)\bigr)",
    meaning="Two masks of one batch: both are to be right, and to agree.",
    symbol="numsnn.papers.moderate.two_mask_loss",
    by="value in loops, and gradient by finite differences",
    formula=lambda a, b, ab, ba: (a + b) / 2 + (ab + ba) / 4,
    wrong={
        "one direction": lambda a, b, ab, ba: (a + b) / 2 + ab / 2,
        "agreement at full weight": lambda a, b, ab, ba: (a + b) / 2 + (ab + ba) / 2,
        "disagreement": lambda a, b, ab, ba: (a + b) / 2 - (ab + ba) / 4,
    },
    bound=1e-8,
)
def two_masks(formula: Formula) -> float:
    outputs, labels = normals(11, 2, 3, 4), np.array([0, 3, 1])

    def loss(outputs: Array) -> Any:
        p, q = (np.exp(o) / np.exp(o).sum(axis=1, keepdims=True) for o in outputs)
        a, b = (-np.log(r[np.arange(3), labels]).mean() for r in (p, q))
        return formula(a, b, np.mean(p * np.log(p / q)), np.mean(q * np.log(q / p)))

    found, d_outputs = two_mask_loss(outputs, labels)
    return max(gap(found, loss(outputs)), gap(d_outputs, gradient(loss, outputs)))


ROWS = collected(globals())
