"""RecDis-SNN eq. 1-7: the neuron, the readout, the surrogate."""

import numpy as np

from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import (
    HIGH,
    Array,
    bits,
    flow,
    gap,
    lattice,
    lif,
    normals,
    run,
    unrolled,
)
from numsnn.linear import Linear
from numsnn.papers import recdis
from numsnn.readouts import Accumulate

row = of_paper("recdis")


@row(
    "1",
    latex=r"\tau \frac{du}{dt} = -u + RI, \quad u < V_{th}",
    meaning="Below the threshold the potential relaxes to the driving voltage within a time tau.",
    symbol="numsnn.neurons.LIF.forward",
    by="Euler steps, extrapolated to dt = 0, against Runge-Kutta",
    formula=lambda u, current, R, tau: (-u + R * current) / tau,
    wrong={
        "the potential grows": lambda u, current, R, tau: (u + R * current) / tau,
        "tau divides the leak alone": lambda u, current, R, tau: -u / tau + R * current,
        "the current itself drives": lambda u, current, R, tau: (-u + current) / tau,
    },
    bound=1e-5,
)
def membrane_equation(formula: Formula) -> float:
    current, R, tau = np.array([-1.0, 0.5, 2.0]), 1.5, 0.7

    def euler(steps: int) -> Array:
        dt = 1 / steps
        driven = np.broadcast_to(dt / tau * R * current, (steps, 3))
        return lif(driven, decay=1 - dt / tau, threshold=HIGH).membrane[-1]

    exact = flow(formula, np.zeros(3), current, R, tau)
    return gap(2 * euler(1000) - euler(500), exact)


@row(
    "2",
    latex=r"u = u_{reset} \ \text{and a spike}, \quad u \ge V_{th}",
    meaning="At the threshold or above, the neuron fires and starts again from the resting potential.",
    symbol="numsnn.neurons.LIF.forward",
    by="values on, below and above the threshold",
    formula=lambda u, V, reset: (u >= V, np.where(u >= V, reset, u)),
    wrong={
        "silent at the threshold": lambda u, V, reset: (u > V, np.where(u > V, reset, u)),
        "the threshold is subtracted": lambda u, V, reset: (u >= V, np.where(u >= V, u - V, u)),
        "starts again at the threshold": lambda u, V, reset: (u >= V, np.where(u >= V, V, u)),
    },
)
def fire_and_reset(formula: Formula) -> float:
    u = np.array([-0.25, 0.0, 0.375, 0.5, 0.625, 3.0])
    saved = lif(
        np.stack([u, 0 * u]), decay=1.0, threshold=0.5, tie="fires"
    )  # then see what is left
    fired, left = formula(u, 0.5, 0.0)
    return max(gap(fired, saved.spikes[0]), gap(left, saved.membrane[1]))


@row(
    "3",
    latex=r"u^t = \Bigl(1 - \frac{dt}{\tau}\Bigr) u^{t-1} + \frac{dt}{\tau} R I",
    meaning="One Euler step of the membrane equation: the decay of the iterative neuron.",
    symbol="numsnn.neurons.LIF.forward",
    by="trace",
    formula=lambda u, current, R, dt, tau: (1 - dt / tau) * u + dt / tau * R * current,
    wrong={
        "tau / dt": lambda u, current, R, dt, tau: (1 - tau / dt) * u + dt / tau * R * current,
        "input not scaled by dt / tau": lambda u, current, R, dt, tau: (
            (1 - dt / tau) * u + R * current
        ),
        "tau = 0.2 read as the time constant": (
            lambda u, current, R, dt, tau: (1 - dt / 0.2) * u + dt / tau * R * current
        ),
    },
    erratum="R2",
    instead="The paper's leaky factor 0.2 is the decay 1 - dt/tau, not tau.",
)
def euler_step(formula: Formula) -> float:
    R, dt, tau = 1.5, 1.0, 1.25  # so that 1 - dt/tau is the paper's 0.2
    current = normals(1, 8, 5)
    u = unrolled(lambda u, o, x: formula(u, x, R, dt, tau), np.zeros_like, current)[0]
    return gap(u, lif(dt / tau * R * current, decay=0.2, threshold=HIGH).membrane)


@row(
    "4",
    latex=r"u^t = \lambda_\tau u^{t-1}(1 - o^{t-1}) + \sum_j w_j o_j^t",
    meaning="What the last spike left of the potential decays; weighted spikes come in.",
    symbol="numsnn.neurons.LIF.forward",
    by="trace",
    formula=lambda u, o, w, x, decay: decay * u * (1 - o) + w @ x,
    wrong={
        "no reset": lambda u, o, w, x, decay: decay * u + w @ x,
        "only what fired is kept": lambda u, o, w, x, decay: decay * u * o + w @ x,
        "the input decays too": lambda u, o, w, x, decay: decay * (u * (1 - o) + w @ x),
    },
    erratum="R1",
    instead="The paper writes this spike with a hat here and as delta in eq. 5; it is one.",
)
def iterative_lif(formula: Formula) -> float:
    w, x = normals(2, 5, 9), bits(3, 12, 9)
    u, o = unrolled(lambda u, o, x: formula(u, o, w, x, 0.2), lambda u: u >= 0.5, x, 5)
    saved = run(recdis.neuron(), x @ w.T)
    return max(gap(u, saved.membrane), gap(o, saved.spikes))


@row(
    "5",
    latex=r"o^{t-1} = 1 \ \text{if}\ u^{t-1} \ge V_{th}, \ \text{else}\ 0",
    meaning="A spike is 1 from the threshold upwards, the threshold included.",
    symbol="numsnn.firing.Step.fire",
    by="values on a lattice that meets the threshold",
    formula=lambda u, V: u >= V,
    wrong={
        "silent at the threshold": lambda u, V: u > V,
        "fires below": lambda u, V: u <= V,
        "sign of u": lambda u, V: u >= -V,
    },
)
def fires_at_threshold(formula: Formula) -> float:
    saved = run(recdis.neuron(), lattice(4, 1, 20))
    return gap(formula(saved.membrane, 0.5), saved.spikes)


@row(
    "6",
    latex=r"u^t = u^{t-1} + \sum_j w_j o_j^t",
    meaning="The output neuron neither leaks nor fires: it adds up what arrives.",
    symbol="numsnn.readouts.Accumulate.forward",
    by="trace",
    formula=lambda u, w, x: u + w @ x,
    wrong={
        "leaks": lambda u, w, x: 0.2 * u + w @ x,
        "forgets": lambda u, w, x: w @ x,
        "earlier input comes twice": lambda u, w, x: 2 * u + w @ x,
    },
)
def accumulating_readout(formula: Formula) -> float:
    w, x = normals(5, 4, 7), bits(6, 9, 7)
    layer, readout = Linear(7, 4, bias=False), Accumulate()
    current, _ = layer.forward(Linear.Params(w, None), x[:, None])
    v, _ = readout.forward(readout.Params(), current)
    u, _ = unrolled(lambda u, o, x: formula(u, w, x), np.zeros_like, x, 4)
    return gap(u, v[:, 0])


@row(
    "7",
    latex=r"\frac{do}{du} = 1 \ \text{if}\ 0 < u < 1, \ \text{else}\ 0",
    meaning="The surrogate slope: 1 on the open interval around the threshold 0.5, of area 1.",
    symbol="numsnn.surrogates.Rectangular.slopes",
    by="values, end points included",
    formula=lambda u: (u > 0) & (u < 1),
    wrong={
        "end points inside": lambda u: (u >= 0) & (u <= 1),
        "around 0": lambda u: (u > -0.5) & (u < 0.5),
        "height 2": lambda u: 2 * ((u > 0) & (u < 1)),
    },
    erratum="R1",
    instead="Printed as du/du; the slope of the spike, do/du, is meant.",
)
def rectangle(formula: Formula) -> float:
    u = np.array([-1.0, -0.25, 0.0, 1e-9, 0.25, 0.5, 1 - 1e-9, 1.0, 1.25, 2.0])
    neuron = recdis.neuron()
    slope = neuron.surrogate.slopes(u - neuron.threshold, neuron.width)[0]
    return gap(slope, formula(u))


ROWS = collected(globals())
