"""PSG & PDA sections 5.4-5.5: two kinds of noisy hardware, and what a spike costs."""

import numpy as np

from numsnn.analysis.costs import costs
from numsnn.compose import Repeat, Serial
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import deviations, gap
from numsnn.layer import named
from numsnn.linear import Linear
from numsnn.neurons import LIF
from numsnn.papers.noise import ThermalNoise, noisy
from numsnn.readouts import MeanOverTime

row = of_paper("psg-pda")


@row(
    "mismatch noise",
    latex=r"\Psi' \sim N(\Psi,\ \xi(\Psi))",
    meaning="Every device has parameters of its own around the nominal ones.",
    symbol="numsnn.papers.noise.noisy",
    by="second moment of the drawn thresholds, within 4 standard errors",
    formula=lambda psi, xi: (xi * psi) ** 2,
    wrong={
        "xi Psi is the variance": lambda psi, xi: xi * psi,
        "not relative": lambda psi, xi: xi**2,
        "half of it": lambda psi, xi: (xi * psi / 2) ** 2,
    },
    bound=4.0,
    erratum="P11",
    instead="xi |Psi| is the standard deviation.",
)
def mismatch(formula: Formula) -> float:
    network, rng = named(Serial(LIF(threshold=0.5))), np.random.default_rng(0)
    params = network.init(rng, np.float64)
    x = np.zeros((1, 2, 20_000))
    _, device = noisy(network, params, rng, x, mismatch=0.2, on=("threshold",))
    return deviations((device[0].threshold - 0.5) ** 2, formula(0.5, 0.2))


@row(
    "thermal noise",
    latex=r"I' = I + \xi g, \quad g \sim N(0, 1)",
    meaning="Every current is disturbed anew at every step.",
    symbol="numsnn.papers.noise.ThermalNoise.forward",
    by="product of the disturbances of two steps, and their square, within 4 standard errors",
    formula=lambda xi: (xi**2, 0.0),
    wrong={
        "xi is the variance": lambda xi: (xi, 0.0),
        "one disturbance for all steps": lambda xi: (xi**2, xi**2),
        "no disturbance": lambda xi: (0.0, 0.0),
    },
    bound=4.0,
)
def thermal(formula: Formula) -> float:
    noise, _ = ThermalNoise(0.3, seed=1).forward(None, np.zeros((2, 2, 20_000)))
    square, across = formula(0.3)
    return max(deviations(noise**2, square), deviations(noise[0] * noise[1], across))


@row(
    "r T A",
    latex=r"r \times T \times A",
    meaning="Additions of a spiking layer: rate of its input, steps, products of the ANN layer.",
    symbol="numsnn.analysis.costs.costs",
    by="counting every spike that meets a weight",
    formula=lambda r, T, A: r * T * A,
    wrong={
        "without the steps": lambda r, T, A: r * A,
        "as if all fired": lambda r, T, A: T * A,
        "silent steps count": lambda r, T, A: (1 - r) * T * A,
    },
)
def spikes_that_meet_weights(formula: Formula) -> float:
    T, rng = 4, np.random.default_rng(2)
    network = named(Serial(Linear(6, 5), Repeat(T), LIF(), Linear(5, 3), MeanOverTime()))
    params = network.init(rng, np.float64)
    params = (params[0]._replace(weight=np.abs(params[0].weight)), *params[1:])
    _, saved = network.forward(params, rng.random((1, 7, 6)))
    fired = saved[2].spikes
    met = sum(int(s) * 3 for s in fired.ravel()) / 7  # each spike is added to 3 outputs
    expected = formula(fired.mean(), T, 5 * 3)
    return max(gap(costs(network, saved, (6,)).synaptic, expected), gap(met, expected))


ROWS = collected(globals())
