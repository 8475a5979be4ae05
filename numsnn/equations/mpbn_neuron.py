"""MPBN eq. 1-3, 12: the neuron, its surrogate, the output."""

import numpy as np

from numsnn.compose import Serial
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import bits, gap, lattice, normals, run
from numsnn.linear import Linear
from numsnn.neurons import LIF
from numsnn.papers import mpbn
from numsnn.readouts import MeanOverTime

row = of_paper("mpbn")
EPS = 1e-2  # large enough that leaving it out shows


@row(
    "1",
    latex=r"u^{(t+1),pre} = \tau u^{(t)} + c^{(t+1)}, \quad c^{(t+1)} = W x^{(t+1)}",
    meaning="Charge: what the reset left decays, weighted spikes come in.",
    symbol="numsnn.neurons.LIF.forward",
    by="the residual of the equation along a run that fires",
    formula=lambda u, W, x, tau: tau * u + W @ x,
    wrong={
        "step before": lambda u, W, x, tau: u + tau * (W @ x),
        "both decay": lambda u, W, x, tau: tau * (u + W @ x),
        "transposed": lambda u, W, x, tau: tau * u + W.T @ x,
    },
)
def charge(formula: Formula) -> float:
    W, x = normals(1, 4, 4), bits(2, 12, 4)
    saved = run(LIF(mpbn.DECAY, mpbn.THRESHOLD), x @ W.T)
    left = saved.charged * (1 - saved.spikes)
    return max(gap(saved.charged[t + 1], formula(left[t], W, x[t + 1], 0.25)) for t in range(11))


@row(
    "2",
    latex=r"o^{(t+1)} = 1 \ \text{if}\ u^{(t+1),pre} > V_{th},\ \text{else}\ 0; \quad"
    r" u^{(t+1)} = u^{(t+1),pre} (1 - o^{(t+1)})",
    meaning="Fire above the threshold; a spike leaves nothing.",
    symbol="numsnn.neurons.LIF.forward",
    by="spikes and states of every step, on a lattice that meets the threshold",
    formula=lambda pre, V: (pre > V, pre * (1 - (pre > V))),
    wrong={
        "up to the threshold, as in prose": lambda pre, V: (pre >= V, pre * (1 - (pre >= V))),
        "soft reset": lambda pre, V: (pre > V, pre - V * (pre > V)),
        "the spike's share stays": lambda pre, V: (pre > V, pre * (pre > V)),
    },
    erratum="M2",
    instead="The > of the equation; the field tie gives the prose's >=.",
)
def fire_and_reset(formula: Formula) -> float:
    current, found = lattice(3, 6, 30), []
    for t in range(1, 7):
        saved = run(LIF(mpbn.DECAY, mpbn.THRESHOLD), current[:t])
        o, u = formula(saved.membrane[-1], 0.5)
        found.append(max(gap(saved.spikes[-1], o), gap(saved.final.membrane, u)))
    return max(found)


@row(
    "3",
    latex=r"o_{out} = \frac1T \sum_{t=1}^T c_{out}^{(t)} = \frac1T \sum_{t=1}^T W x^{(t)}",
    meaning="The output does not fire: its weighted input, averaged over the steps.",
    symbol="numsnn.readouts.MeanOverTime.forward",
    by="two routes: the weights on the mean input",
    formula=lambda W, x: W @ np.mean(x, axis=0),
    wrong={
        "sum": lambda W, x: W @ np.sum(x, axis=0),
        "last step": lambda W, x: W @ x[-1],
        "accumulated potential": lambda W, x: W @ np.mean(np.cumsum(x, axis=0), axis=0),
    },
)
def mean_output(formula: Formula) -> float:
    W, x = normals(4, 3, 6), bits(5, 7, 6)
    network = Serial(Linear(6, 3, bias=False), MeanOverTime())
    return gap(network.forward((Linear.Params(W, None), None), x[:, None])[0][0, 0], formula(W, x))


@row(
    "12",
    latex=r"\frac{do}{du} = 1 \ \text{if}\ 0 \le u \le 1,\ \text{else}\ 0",
    meaning="The straight-through slope: the rectangle with its end points.",
    symbol="numsnn.surrogates.Rectangular.slopes",
    by="values, end points included",
    formula=lambda u: (u >= 0) & (u <= 1),
    wrong={
        "open, RecDis-SNN eq. 7": lambda u: (u > 0) & (u < 1),
        "half open": lambda u: (u >= 0) & (u < 1),
        "centred on 0": lambda u: np.abs(u) <= 0.5,
    },
    erratum="M7",
    instead="As printed by Rectangular(closed=True); the released code has neither, but ClampedTanh.",
)
def straight_through(formula: Formula) -> float:
    u = np.array([-0.5, -1e-9, 0.0, 0.25, 0.5, 0.75, 1.0, 1 + 1e-9, 1.5])
    neuron = mpbn.neuron((3,))
    slope = neuron.surrogate.slopes(u - neuron.threshold, neuron.width)[0]
    return gap(slope, formula(u))


ROWS = collected(globals())
