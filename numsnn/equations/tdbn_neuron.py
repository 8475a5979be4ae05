"""STBP-tdBN eq. 1-3, 23-26, Theorem 2, Algorithm 2: the neuron and its potential."""

import numpy as np

from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import HIGH, Array, gap, lattice, lif, normals, run, unrolled
from numsnn.papers import tdbn

row = of_paper("tdbn")


@row(
    "1",
    latex=r"u^t = \tau_{decay} u^{t-1} + I^t",
    meaning="The potential decays and takes its input.",
    symbol="numsnn.neurons.LIF.forward",
    by="impulse response, below the threshold",
    formula=lambda u, current, tau: tau * u + current,
    wrong={
        "decay of the complement": lambda u, current, tau: (1 - tau) * u + current,
        "the input decays too": lambda u, current, tau: tau * (u + current),
        "no decay": lambda u, current, tau: u + current,
    },
)
def decay(formula: Formula) -> float:
    impulse = np.zeros((7, 1))
    impulse[0] = 1.0
    u, _ = unrolled(lambda u, o, x: formula(u, x, 0.25), np.zeros_like, impulse)
    found = lif(impulse, decay=0.25, threshold=HIGH).membrane
    return max(gap(found, u), gap(found[:, 0], 0.25 ** np.arange(7)))


@row(
    "2",
    latex=r"u^{t,n+1} = \tau_{decay} u^{t-1,n+1}(1 - o^{t-1,n+1}) + x^{t,n}",
    meaning="The neuron of the next layer: a spike of the step before empties what would decay.",
    symbol="numsnn.neurons.LIF.forward",
    by="trace",
    formula=lambda u, o, x, tau: tau * u * (1 - o) + x,
    wrong={
        "no reset": lambda u, o, x, tau: tau * u + x,
        "reset of the input": lambda u, o, x, tau: (tau * u + x) * (1 - o),
        "reset after the decay by 1": lambda u, o, x, tau: tau * u - o + x,
    },
)
def iterative_lif(formula: Formula) -> float:
    x = normals(1, 15, 6)
    u, _ = unrolled(lambda u, o, x: formula(u, o, x, 0.25), lambda u: u > 0.5, x)
    return gap(run(tdbn.neuron(), x).membrane, u)


@row(
    "3",
    latex=r"o^{t,n+1} = 1 \ \text{if}\ u^{t,n+1} > V_{th}, \ \text{else}\ 0",
    meaning="A spike above the threshold; on it, silence.",
    symbol="numsnn.firing.Step.fire",
    by="values on a lattice that meets the threshold",
    formula=lambda u, V: u > V,
    wrong={
        "fires on the threshold, Algorithm 2": lambda u, V: u >= V,
        "size of u": lambda u, V: np.abs(u) > V,
        "above 0": lambda u, V: u > 0,
    },
    erratum="T1",
    instead="Eq. 3 and 24 against Algorithm 2's >=: the default is >, the field tie gives the other.",
)
def fires_above(formula: Formula) -> float:
    saved = run(tdbn.neuron(), lattice(2, 2, 40))
    return gap(saved.spikes, formula(saved.membrane, 0.5))


@row(
    "23",
    latex=r"u^t = \tau_{decay} u^t (1 - o^{t-1}) + x^t",
    meaning="The neuron once more, for the proof of Theorem 2.",
    symbol="numsnn.neurons.LIF.forward",
    by="trace",
    formula=lambda u, o, x, tau: tau * u * (1 - o) + x,
    wrong={
        "u^t on the right, as printed": lambda u, o, x, tau: x / (1 - tau * (1 - o)),
        "spike of the same step": lambda u, o, x, tau: tau * u + x * (1 - o),
        "no reset": lambda u, o, x, tau: tau * u + x,
    },
    erratum="T5",
    instead="u^(t-1) on the right, as in eq. 2.",
)
def neuron_of_the_proof(formula: Formula) -> float:
    x = normals(2, 20, 5)
    u, _ = unrolled(lambda u, o, x: formula(u, o, x, 0.25), lambda u: u > 1.0, x)
    return gap(lif(x, decay=0.25, threshold=1.0).membrane, u)


@row(
    "24",
    latex=r"o^t = 1 \ \text{if}\ u^t > V_{th}, \ \text{else}\ 0",
    meaning="Its spike, above the threshold alone.",
    symbol="numsnn.firing.Step.fire",
    by="trace of spikes on a lattice that meets the threshold",
    formula=lambda u, V: u > V,
    wrong={
        "fires on the threshold": lambda u, V: u >= V,
        "below": lambda u, V: u < V,
        "threshold of half": lambda u, V: u > V / 2,
    },
    erratum="T1",
    instead="As in eq. 3.",
)
def spike_of_the_proof(formula: Formula) -> float:
    x = lattice(3, 12, 30)
    charge = lambda u, o, x: 0.5 * u * (1 - o) + x  # noqa: E731
    _, o = unrolled(charge, lambda u: formula(u, 0.5), x)
    return gap(lif(x, decay=0.5, threshold=0.5).spikes, o)


@row(
    "25",
    latex=r"u^t = \sum_{p=t'}^t \tau_{decay}^{t-p} x^p",
    meaning="With its last spike at t', the potential is the decayed sum of what came since.",
    symbol="numsnn.neurons.LIF.forward",
    by="two routes: the sum against the recursion, at every step",
    formula=lambda x, last, t, tau: sum(tau ** (t - p) * x[p] for p in range(last + 1, t + 1)),
    wrong={
        "from t', as printed": lambda x, last, t, tau: sum(
            tau ** (t - p) * x[p] for p in range(max(last, 0), t + 1)
        ),
        "from the start": lambda x, last, t, tau: sum(tau ** (t - p) * x[p] for p in range(t + 1)),
        "exponent p": lambda x, last, t, tau: sum(tau**p * x[p] for p in range(last + 1, t + 1)),
    },
    erratum="T5",
    instead="The sum starts at t' + 1: what came at t' was reset away.",
)
def unrolled_sum(formula: Formula) -> float:
    x = normals(4, 30, 1)
    saved = lif(x, decay=0.4, threshold=0.8)
    last, expected = -1, []
    for t in range(30):
        expected.append(formula(x[:, 0], last, t, 0.4))
        last = t if saved.spikes[t, 0] else last
    return gap(saved.membrane[:, 0], expected)


@row(
    "26",
    latex=r"u^t \approx \tau_{decay} x^{t-1} + x^t",
    meaning="For a small decay two terms of that sum are enough.",
    symbol="numsnn.neurons.LIF.forward",
    by="the rest, in units of its bound tau^2 max|x| / (1 - tau)",
    formula=lambda before, now, tau: tau * before + now,
    wrong={
        "exchanged": lambda before, now, tau: before + tau * now,
        "one term": lambda before, now, tau: now,
        "tau squared": lambda before, now, tau: tau**2 * before + now,
    },
    bound=1.0,
    erratum="T4",
    instead="LIF keeps every term. Given no spike the sum is also cut off at the threshold: see Theorem 2.",
)
def two_terms(formula: Formula) -> float:
    x, tau = normals(5, 50, 40), 0.1
    u = lif(x, decay=tau, threshold=HIGH).membrane
    rest = np.abs(u[1:] - formula(x[:-1], x[1:], tau)).max()
    return rest * (1 - tau) / (tau**2 * np.abs(x).max())


@row(
    "Theorem 2",
    latex=r"x^t \sim N(0, \sigma_{in}^2) \ \Rightarrow\ u^t \sim N(0, \sigma_{out}^2),"
    r"\ \sigma_{out}^2 \propto \sigma_{in}^2",
    meaning="The variance of the potential follows that of its input.",
    symbol="numsnn.neurons.LIF.forward",
    by="the ratio of variances when the input is scaled by c and the threshold with it",
    formula=lambda c: (c, c**2),
    wrong={
        "threshold left alone, as printed": lambda c: (1.0, c**2),
        "deviations, not variances": lambda c: (c, c),
        "independent of the input": lambda c: (c, 1.0),
    },
    erratum="T4",
    instead="Exact if the threshold scales with the input; u is skewed and off centre, most at a large tau.",
)
def variance_follows(formula: Formula) -> float:
    x, tau = normals(9, 40, 200), 0.9

    def variance(scale: float, threshold: float) -> float:
        return lif(scale * x, decay=tau, threshold=threshold).membrane.var()

    def error(c: float) -> float:
        with_threshold, ratio = formula(c)
        return gap(variance(c, with_threshold) / variance(1.0, 1.0), ratio)

    charge = lambda u, o, x: tau * u * (1 - o) + x  # noqa: E731
    u, _ = unrolled(charge, lambda u: u > 1.0, x)
    return max(error(0.25), error(4.0), gap(variance(1.0, 1.0), u.var()))


@row(
    "Algorithm 2",
    latex=r"\text{for } t = 1..T:\ u[t] = \tau_{decay} u[t-1] + I[t];\ "
    r"\text{if } u[t] < V_{th}:\ o[t] = 0,\ \text{else } o[t] = 1,\ u[t] = 0",
    meaning="The update of a layer of neurons: charge, test, fire and reset, at every step.",
    symbol="numsnn.neurons.LIF.forward",
    by="trace of spikes on a lattice that meets the threshold",
    formula=lambda x, tau, V: algorithm_2(x, tau, V),
    wrong={
        "test after the loop, as printed": lambda x, tau, V: algorithm_2(x, tau, V, inside=False),
        "silent on the threshold": lambda x, tau, V: algorithm_2(x, tau, V + 1e-9),
        "no reset": lambda x, tau, V: algorithm_2(x, tau, V, reset=False),
    },
    erratum="T2",
    instead="The test stands inside the loop. T1: it fires on the threshold, eq. 3 does not; tie is a field.",
)
def neuron_update(formula: Formula) -> float:
    current = lattice(20, 10, 30)
    saved = lif(current, decay=0.5, threshold=0.5, tie="fires")
    return gap(saved.spikes, formula(current, 0.5, 0.5))


def algorithm_2(
    current: Array, tau: float, V: float, inside: bool = True, reset: bool = True
) -> Array:
    """The paper's NeuronUpdate, its fire test inside the loop over the steps or after it."""
    u, o = np.zeros(current.shape[1:]), np.zeros(current.shape)
    for t in range(len(current)):
        u = tau * u + current[t]
        if inside or t == len(current) - 1:
            o[t] = u >= V
            u = np.where((u >= V) & reset, 0, u)
    return o


ROWS = collected(globals())
