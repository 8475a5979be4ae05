"""STBP-tdBN's errata, shown."""

from math import pi, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from numsnn.errata.demonstrations.engine import fixed, run
from numsnn.errata.entry import Demonstration
from numsnn.neurons import LIF

Shown = tuple[Demonstration, ...]


def tie() -> Shown:
    """T1: a potential exactly at V = 0.5, by eq. 3 and by Algorithm 2."""
    currents = np.array([0.25, 0.5, 0.75])
    return (
        Demonstration(
            "spikes from potentials 0.25, 0.5, 0.75 by eq. 3, against Algorithm 2's >=",
            printed=float(np.sum(~(currents < 0.5))),
            corrected=1.0,
            measured=float(run(LIF(decay=0.0), currents)[0].sum()),
            bound=0.0,
        ),
    )


def fire_test_after_the_loop() -> Shown:
    """T2: Algorithm 2 closes its loop over t before it asks whether u[t] fires. I = 0.6, T = 4."""
    outside, u = np.zeros(4), 0.0
    for _ in range(4):
        u = 0.25 * u + 0.6
    outside[-1] = u >= 0.5

    inside, _ = run(LIF(decay=0.25, threshold=0.5, tie="fires"), np.full(4, 0.6))
    return (
        Demonstration(
            "spikes in 4 steps of a constant current 0.6 at V = 0.5",
            printed=float(outside.sum()),
            corrected=4.0,
            measured=float(inside.sum()),
            bound=0.0,
        ),
    )


def sign_of_a_predicate() -> Shown:
    """T3: read as sign(a/2 - |u - V|), eq. 16 is -1/a outside the window. a = 1, V = 0.5."""
    u = np.linspace(-2, 3, 500_000, endpoint=False) + 5e-6
    width = np.ptp(u) + 1e-5
    indicator = (np.abs(u - 0.5) < 0.5) * 1.0
    return (
        Demonstration(
            "rise over u in [-2, 3] of the function whose slope is eq. 16",
            printed=float(np.mean(np.sign(0.5 - np.abs(u - 0.5))) * width),
            corrected=1.0,
            measured=float(indicator.mean() * width),
            bound=1e-9,
        ),
    )


def stationary_variance(decay: float, sigma: float, threshold: float) -> float:
    """Var(u)/sigma^2 of u = decay v + x by transporting its density: no sampling, no approximation.

    v is u where it did not fire, 0 where it did.
    """
    u = np.linspace(-14 * sigma, 7 * sigma + threshold, 600)
    du = u[1] - u[0]
    kernel = np.exp(-((u[:, None] - decay * u) ** 2) / (2 * sigma**2)) / (sigma * sqrt(2 * pi))
    from_zero = np.exp(-(u**2) / (2 * sigma**2)) / (sigma * sqrt(2 * pi))
    silent = np.clip((threshold - u) / du + 0.5, 0, 1)  # the cell that holds V counts in part
    density = from_zero
    for _ in range(60):
        stay = density * silent
        density = du * (kernel @ stay) + (1 - du * stay.sum()) * from_zero
    mean = du * np.sum(u * density)
    return float(du * np.sum((u - mean) ** 2 * density) / sigma**2)


def membrane_variance() -> Shown:
    """T4: V = 1, currents N(0, sigma^2). Theorem 2 has Var(u) = (1 + decay^2) sigma^2."""

    def sampled(decay: float, sigma: float) -> float:
        currents = sigma * np.random.default_rng(0).standard_normal((30, 60_000))
        _, membrane = run(LIF(decay=decay, threshold=1.0), currents)
        return float(membrane[-1].var() / sigma**2)

    narrow, wide = stationary_variance(0.9, 0.25, 1.0), stationary_variance(0.9, 4.0, 1.0)
    return (
        Demonstration(
            "decay 0.9, sigma 0.25: Var(u)/sigma^2",
            printed=1 + 0.9**2,
            corrected=narrow,
            measured=sampled(0.9, 0.25),
            bound=0.08,
        ),
        Demonstration(
            "decay 0.9, sigma 4: Var(u)/sigma^2, the same if Var(u) went with sigma^2 at fixed V",
            printed=narrow,
            corrected=wide,
            measured=sampled(0.9, 4.0),
            bound=0.08,
        ),
        Demonstration(
            "decay 0.25, sigma 4: Var(u)/sigma^2, close to 1.0625 but not it",
            printed=1 + 0.25**2,
            corrected=stationary_variance(0.25, 4.0, 1.0),
            measured=sampled(0.25, 4.0),
            bound=0.012,
        ),
    )


def indices() -> Shown:
    """T5: eq. 23 has u(t) on both sides; eq. 25 counts the current that was reset away."""
    decay = 0.25
    _, potentials = run(LIF(decay=decay, threshold=0.5), np.array([0.6, 0.3]))  # the first fires
    return (
        Demonstration(
            "u(1) from rest with current 0.6, eq. 23 solved as printed",
            printed=0.6 / (1 - decay),
            corrected=0.6,
            measured=float(potentials[0]),
            bound=1e-15,
        ),
        Demonstration(
            "u(2) after a spike at 1, currents 0.6 and 0.3, eq. 25 from the firing step on",
            printed=decay * 0.6 + 0.3,
            corrected=0.3,
            measured=float(potentials[1]),
            bound=1e-15,
        ),
    )


def block_gain(threshold: float, a: float) -> float:
    """phi(J J') = V^2 P(|y - V| < a/2) / (a^2 p (1 - p)), y of N(0, V^2), p = 1 - Phi(1)."""
    p = ndtr(-1.0)
    inside = ndtr(1 + a / (2 * threshold)) - ndtr(1 - a / (2 * threshold))
    return float(threshold**2 * inside / (a**2 * p * (1 - p)))


def sampled_gain(threshold: float, a: float) -> float:
    """Normalised trace of J J' for spikes -> random weights -> tdBN, m = 300 wide, 5 draws."""
    rng = np.random.default_rng(1)
    m, traces = 300, []
    for _ in range(5):
        y = threshold * rng.standard_normal((400, m))  # a batch at the block's entrance
        o = y > threshold
        w = rng.standard_normal((m, m)) / sqrt(m)
        x = o @ w.T
        scale = threshold / x.std(axis=0)
        squared_slope = np.mean((np.abs(y - threshold) < a / 2) / a**2, axis=0)
        traces.append(np.sum((scale[:, None] * w) ** 2 * squared_slope) / m)
    return float(np.mean(traces))


def isometry() -> Shown:
    """T6: Lemma 2 is about rectifiers. A block of spikes is no isometry but at one width."""
    unit = float(brentq(lambda a: block_gain(1.0, a) - 1, 0.5, 4))
    return (
        Demonstration(
            "phi(JJ') at V = 0.5, a = 1",
            printed=1.0,
            corrected=block_gain(0.5, 1.0),
            measured=sampled_gain(0.5, 1.0),
            bound=0.03,
        ),
        Demonstration(
            "phi(JJ') at V = 1, a = 1",
            printed=1.0,
            corrected=block_gain(1.0, 1.0),
            measured=sampled_gain(1.0, 1.0),
            bound=0.05,
        ),
        Demonstration(
            "a/V at which phi(JJ') is 1, if it were so at a = V",
            printed=1.0,
            corrected=1.8,
            measured=unit,
            bound=0.01,
        ),
    )


def identical_steps() -> Shown:
    """T7: decay 0, a static image, T = 4: every step's gradient is the same."""
    each = np.random.default_rng(2).standard_normal(100_000)
    return (
        Demonstration(
            "E[(sum of 4 steps' gradients)^2] / E[one step's squared]",
            printed=4.0,
            corrected=16.0,
            measured=float(np.mean((4 * each) ** 2) / np.mean(each**2)),
            bound=1e-9,
        ),
    )


def fired_neuron() -> Shown:
    """T8: u(1) = 0.7 fires at V = 0.5; dL/do = 0.3 and 1; slopes 1. Eq. 14's reset term stays."""
    currents, d_o = (np.array(x).reshape(2, 1, 1) for x in ((0.7, 0.4), (0.3, 1.0)))

    def slope(decay: float, detach_reset: bool = False) -> float:
        neuron = LIF(decay=decay, threshold=0.5, width=1.0, detach_reset=detach_reset)
        _, saved = neuron.forward(fixed(neuron), currents)
        d_current, _ = neuron.backward(saved, d_o)
        return float(d_current[0, 0, 0])  # dL/du(1): a current enters its own potential alone

    return (
        Demonstration(
            "decay 0.25: dL/du of a neuron that fired",
            printed=slope(0.25, detach_reset=True),
            corrected=0.3 - 0.25 * 0.7,
            measured=slope(0.25),
            bound=1e-12,
        ),
        Demonstration(
            "decay 0.5: dL/du of a neuron that fired",
            printed=slope(0.5, detach_reset=True),
            corrected=0.3 - 0.5 * 0.7,
            measured=slope(0.5),
            bound=1e-12,
        ),
    )


def fused_bias() -> Shown:
    """T9: 4 input maps; eq. 10 shifts each of them, and their sum counts mu and beta 4 times."""
    rng = np.random.default_rng(3)
    w, b = rng.normal(0, 1, 4), rng.normal(0, 0.5, 4)  # b adds to the channel's bias
    mean, std, gain, shift, scale = 0.3, 1.2, 0.9, 0.2, 0.5  # scale = alpha V
    o = np.array([1.0, 0.0, 1.0, 1.0])
    normalised = gain * scale * (w @ o + b.sum() - mean) / std + shift
    fused_weights = gain * scale * w / std
    return (
        Demonstration(
            "bias of the fused channel",
            printed=float(np.sum(gain * scale * (b - mean) / std + shift)),
            corrected=float(gain * scale * (b.sum() - mean) / std + shift),
            measured=float(normalised - fused_weights @ o),
            bound=1e-12,
        ),
    )


def branches() -> Shown:
    """T10: two normalised branches of std V/sqrt(2) that correlate by rho add to V sqrt(1 + rho)."""
    rng = np.random.default_rng(4)
    threshold, rho, n = 0.5, 0.66, 200_000
    common, own = rng.standard_normal(n), rng.standard_normal((2, n))
    y = threshold / sqrt(2) * (sqrt(rho) * common + sqrt(1 - rho) * own)
    p = float(ndtr(-1.0))
    spikes = rng.standard_normal(n) > 1
    raw = threshold / sqrt(2) * rng.standard_normal(n) + spikes
    return (
        Demonstration(
            "std/V of the sum of two branches that correlate by 0.66",
            printed=1.0,
            corrected=sqrt(1.66),
            measured=float(y.sum(axis=0).std() / threshold),
            bound=0.01,
        ),
        Demonstration(
            "mean of a branch plus the raw spikes of an identity shortcut",
            printed=0.0,
            corrected=p,
            measured=float(raw.mean()),
            bound=0.005,
        ),
        Demonstration(
            "std/V of a branch plus the raw spikes of an identity shortcut, V = 0.5",
            printed=1.0,
            corrected=sqrt(threshold**2 / 2 + p * (1 - p)) / threshold,
            measured=float(raw.std() / threshold),
            bound=0.005,
        ),
    )


def stem_multiplications() -> Shown:
    """T13: ResNet-34 (large) has real inputs in its stem, 7x7, stride 2, 128 maps, on 224x224."""
    outputs = len(range(0, 224, 2)) ** 2 * 128
    per_step = outputs * 7 * 7 * 3
    return (
        Demonstration(
            "multiplications of the stem alone, T = 6",
            printed=1.2e9,
            corrected=float(6 * 49 * 3 * 128 * 112**2),
            measured=float(6 * per_step),
            bound=0.5,
        ),
        Demonstration(
            "time steps at which stem and classifier make Table 6's 1.2e9, rounded",
            printed=6.0,
            corrected=5.0,
            measured=float(round(1.2e9 / (per_step + 1024 * 1000))),
            bound=0.0,
        ),
    )


def biased_variance() -> Shown:
    """T14: eq. 8 over a batch of 4 draws of variance 1 expects 3/4; released code's runs unbiased."""
    x = np.random.default_rng(5).standard_normal((200_000, 4))
    return (
        Demonstration(
            "mean of eq. 8 over batches of 4, true variance 1",
            printed=1.0,
            corrected=0.75,
            measured=float(np.mean((x - x.mean(1, keepdims=True)) ** 2)),
            bound=0.006,
        ),
    )
