"""PSG & PDA's errata, shown. v is u - threshold, g the surrogate parameter gamma."""

from math import atan, exp, pi

import numpy as np
from scipy.integrate import quad, solve_ivp
from scipy.optimize import minimize_scalar

from numsnn.errata.demonstrations.bptt import slopes_through_time
from numsnn.errata.demonstrations.engine import run
from numsnn.errata.entry import Demonstration
from numsnn.neurons import LIF
from numsnn.regularizers import SoftHistogramDistribution, gaussian_divergences
from numsnn.surrogates import Arctangent

Shown = tuple[Demonstration, ...]


def derivative(f, x: float, step: float = 1e-5) -> float:  # type: ignore[no-untyped-def]
    """Central difference."""
    return float((f(x + step) - f(x - step)) / (2 * step))


def sigmoid(x):  # type: ignore[no-untyped-def]
    return 1 / (1 + np.exp(-x))


def eq8(v, g):  # type: ignore[no-untyped-def]
    return np.arctan(g * v) + 0.5


def eq11(v, g):  # type: ignore[no-untyped-def]
    return 1 / (1 + (g * v) ** 2)


eq12 = eq11  # as printed, the partial in gamma is the partial in u


def eq13(v, g):  # type: ignore[no-untyped-def]
    return np.logaddexp(0, g * v)


def eq16(v, g):  # type: ignore[no-untyped-def]
    return sigmoid(g * v)


eq17 = eq16


def decay() -> Shown:
    """P1: tau du/dt = -u + I over one step, tau = 2, from u = 1 without input and from 0 with I = 1."""

    def after_one_step(u: float, current: float) -> float:
        run = solve_ivp(lambda _, u: (current - u) / 2, (0, 1), [u], rtol=1e-10, atol=1e-12)
        return float(run.y[0, -1])

    return (
        Demonstration(
            "tau = 2: what is left of a potential after one step",
            printed=exp(1 / 2),
            corrected=exp(-1 / 2),
            measured=after_one_step(1.0, 0.0),
            bound=1e-8,
        ),
        Demonstration(
            "tau = 2: what one step of a constant unit current adds",
            printed=1.0,
            corrected=1 - exp(-1 / 2),
            measured=after_one_step(0.0, 1.0),
            bound=1e-8,
        ),
    )


def arctan_range() -> Shown:
    """P2: an auxiliary function that stands for a spike should rise from 0 to 1."""
    return (
        Demonstration(
            "supremum of eq. 8",
            printed=1.0,
            corrected=pi / 2 + 0.5,
            measured=float(eq8(1e9, 2.0)),
            bound=1e-6,
        ),
        Demonstration(
            "infimum of eq. 8",
            printed=0.0,
            corrected=0.5 - pi / 2,
            measured=float(eq8(-1e9, 2.0)),
            bound=1e-6,
        ),
    )


def mixed_partials() -> Shown:
    """P3: two partials of one function have equal mixed partials; v = 0.3, gamma = 2."""
    v, g = 0.3, 2.0
    conv = derivative(lambda g: eq11(v, g), g) - derivative(lambda v: eq12(v, g), v)
    full = derivative(lambda g: eq16(v, g), g) - derivative(lambda v: eq17(v, g), v)
    s = sigmoid(g * v)
    return (
        Demonstration(
            "d(eq. 11)/dgamma - d(eq. 12)/du, 0 if both belong to one function",
            printed=0.0,
            corrected=2 * g * v * (g - v) / (1 + (g * v) ** 2) ** 2,
            measured=conv,
            bound=1e-8,
        ),
        Demonstration(
            "d(eq. 16)/dgamma - d(eq. 17)/du, 0 if both belong to one function",
            printed=0.0,
            corrected=float((v - g) * s * (1 - s)),
            measured=full,
            bound=1e-8,
        ),
    )


def lost_sign() -> Shown:
    """P4: eq. 10 scaled to a maximum of 1 is 2 g v/(1 + g^2 v^2): odd, largest at |v| = 1/g."""
    v, g = -0.3, 2.0
    scaled = 2 * g * derivative(lambda g: eq8(v, g), g)
    rng = np.random.default_rng(0)
    z = rng.normal(0, 1, 400)
    true, printed = z / (1 + (g * z) ** 2), eq12(z, g)
    cosine = float(true @ printed / np.linalg.norm(true) / np.linalg.norm(printed))
    d_o = rng.standard_normal((4000, z.size))
    same = np.sign(d_o @ true) == np.sign(d_o @ printed)
    return (
        Demonstration(
            "v = -0.3, gamma = 2: the scaled partial in gamma",
            printed=float(eq12(v, g)),
            corrected=2 * g * v / (1 + (g * v) ** 2),
            measured=scaled,
            bound=1e-8,
        ),
        Demonstration(
            "v = 0: the scaled partial in gamma",
            printed=float(eq12(0.0, g)),
            corrected=0.0,
            measured=2 * g * derivative(lambda g: eq8(0.0, g), g),
            bound=1e-8,
        ),
        Demonstration(
            "how often eq. 20 and the true sum move gamma the same way (random dL/do, v normal)",
            printed=1.0,
            corrected=1 - float(np.arccos(cosine)) / pi,
            measured=float(same.mean()),
            bound=0.03,
        ),
    )


def unbounded_softplus() -> Shown:
    """P5: eq. 15 is v sigma(g v); no factor gives it a maximum of 1."""
    g = 2.0
    lowest = minimize_scalar(lambda v: v * sigmoid(g * v), bounds=(-3, 0), method="bounded")
    return (
        Demonstration(
            "gamma = 2: eq. 15 at v = 100",
            printed=1.0,
            corrected=100.0,
            measured=derivative(lambda g: eq13(100.0, g), g),
            bound=1e-6,
        ),
        Demonstration(
            "gamma = 2: least value of the partial, positive by eq. 17",
            printed=0.0,
            corrected=-0.2784645427610738 / g,
            measured=float(lowest.fun),
            bound=1e-9,
        ),
        Demonstration(
            "v = -0.3, gamma = 2: sign of the partial in gamma",
            printed=float(np.sign(eq17(-0.3, g))),
            corrected=-1.0,
            measured=float(np.sign(derivative(lambda g: eq13(-0.3, g), g))),
            bound=0.0,
        ),
    )


def gamma_is_not_in_the_forward() -> Shown:
    """P6: a spiking neuron over 3 steps; gamma takes no part in the loss."""
    currents, target = np.array([0.6, 0.4, 0.9]), 1.0

    def loss(g: float) -> float:
        neuron = LIF(decay=0.5, threshold=0.5, width=1 / g, surrogate=Arctangent())
        return float((run(neuron, currents)[0].mean() - target) ** 2)

    o, u = run(LIF(decay=0.5, threshold=0.5), currents)
    d_o = 2 * (o.mean() - target) / currents.size
    eq18 = float(np.sum(d_o * eq12(u - 0.5, 2.0)))
    return (
        Demonstration(
            "dL/dgamma of a spiking neuron",
            printed=eq18,
            corrected=0.0,
            measured=derivative(loss, 2.0, 0.5),
            bound=0.0,
        ),
        Demonstration(
            "gamma = -2: how much steeper eq. 16 is at v = 1 than at v = -1, positive by design",
            printed=float(eq16(1, 2.0) - eq16(-1, 2.0)),
            corrected=-float(np.tanh(1.0)),
            measured=float(eq16(1, -2.0) - eq16(-1, -2.0)),
            bound=1e-12,
        ),
    )


def direct_terms_only() -> Shown:
    """P7: one smooth neuron over 4 steps; eq. 2 also ties u(t) to u(t + 1)."""
    routes = slopes_through_time()
    return (
        Demonstration(
            "dL/dw by eq. 7 with direct partials only",
            printed=routes["direct"],
            corrected=routes["bptt"],
            measured=routes["complex step"],
            bound=1e-12,
        ),
        Demonstration(
            "dL/dw with the reset detached, the other short cut",
            printed=routes["detached"],
            corrected=routes["bptt"],
            measured=routes["complex step"],
            bound=1e-12,
        ),
    )


def one_gamma_a_layer() -> Shown:
    """P8: gamma belongs to a layer: its gradient sums over neurons and samples. Relaxed, T = 1."""
    rng = np.random.default_rng(1)
    v, d_o, g = rng.normal(0, 1, (2, 3)), rng.standard_normal((2, 3)), 2.0

    def loss(g: float) -> float:
        return float(np.sum(d_o * eq8(v, g)))

    each = d_o * v / (1 + (g * v) ** 2)
    return (
        Demonstration(
            "dL/dgamma of a layer of 3 neurons on 2 samples, read as one neuron's on one",
            printed=float(each[0, 0]),
            corrected=float(each.sum()),
            measured=derivative(loss, g),
            bound=1e-8,
        ),
    )


def estimator() -> Shown:
    """P9: a hard histogram of potentials has no gradient and leaves KL(N||P) infinite."""
    u = np.random.default_rng(2).normal(0, 1, 500)
    edges = np.linspace(-4, 4, 61)
    centres = (edges[1:] + edges[:-1]) / 2
    q = np.exp(-(centres**2) / 2)
    q /= q.sum()

    def hard(u: np.ndarray) -> float:
        p = np.histogram(u, edges)[0] / u.size
        full = p > 0
        return float(np.sum(p[full] * np.log(p[full] / q[full])))

    def moved(step: float) -> np.ndarray:
        shifted = u.copy()
        shifted[7] += step
        return shifted

    p = np.histogram(u, edges)[0] / u.size
    with np.errstate(divide="ignore"):
        reverse = float(np.sum(q * np.log(q / p)))
    mean, variance = float(u.mean()), float(u.var())
    _, d_soft = SoftHistogramDistribution()(u.reshape(1, -1, 1))
    assert d_soft[0, 7, 0] != 0
    fitted = sum(gaussian_divergences(0.0, 1.0))

    def divergence(x: float) -> float:
        log_p, log_n = -((x - 1) ** 2) / 8 - np.log(2), -(x**2) / 2
        return float((np.exp(log_p) - np.exp(log_n)) * (log_p - log_n) / np.sqrt(2 * pi))

    return (
        Demonstration(
            "KL(N||P), 500 normal potentials in 60 bins",
            printed=float(gaussian_divergences(mean, variance)[1]),
            corrected=float("inf"),
            measured=reverse,
            bound=0.0,
        ),
        Demonstration(
            "slope of the histogram's KL(P||N) in one potential, if descent is to move it",
            printed=float(d_soft[0, 7, 0]),
            corrected=0.0,
            measured=derivative(lambda step: hard(moved(step)), 0.0, 1e-9),
            bound=0.0,
        ),
        Demonstration(
            "KL both ways of N(1, 4), if 'the Gaussian' is the fitted N(mu, sigma^2)",
            printed=float(fitted),
            corrected=1.75,
            measured=quad(divergence, -15, 17)[0],
            bound=1e-7,
        ),
    )


def emitted_potential() -> Shown:
    """P10: where the output is the potential itself, do/du needs no surrogate."""
    return (
        Demonstration(
            "do/du at the threshold of a neuron that emits its potential",
            printed=float(eq16(0.0, 2.0)),
            corrected=1.0,
            measured=derivative(lambda u: u, 0.5),
            bound=1e-9,
        ),
    )


def mismatch_noise() -> Shown:
    """P11: N(psi, xi(psi)) at psi = 0.5, level 0.1: a variance of 0.05, or a std of 0.05?"""
    psi, level = 0.5, 0.1
    drawn = psi + level * abs(psi) * np.random.default_rng(3).standard_normal(100_000)
    return (
        Demonstration(
            "std of a threshold of 0.5 at mismatch level 10 %",
            printed=float(np.sqrt(level * psi)),
            corrected=0.05,
            measured=float(drawn.std()),
            bound=0.001,
        ),
    )


def reach_of_the_slope() -> Shown:
    """P12: the area under eq. 11 is pi/gamma: the same 'spike' counts for less as gamma grows."""
    area = quad(lambda v: eq11(v, 5.0), -np.inf, np.inf)[0]
    return (
        Demonstration(
            "gamma = 5: rise of the function whose slope is eq. 11, a spike's being 1",
            printed=1.0,
            corrected=pi / 5,
            measured=area,
            bound=1e-8,
        ),
        Demonstration(
            "gamma = 5: the same from (1/gamma) arctan at -10^9 and 10^9",
            printed=1.0,
            corrected=pi / 5,
            measured=(atan(5e9) - atan(-5e9)) / 5,
            bound=1e-8,
        ),
    )
