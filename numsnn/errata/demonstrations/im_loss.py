"""IM-Loss's errata, shown."""

from math import exp, log2

import numpy as np

from numsnn.errata.demonstrations.bptt import slopes_through_time
from numsnn.errata.entry import Demonstration
from numsnn.regularizers import IMLoss, entropy_of_spikes, mean_over_layers

Shown = tuple[Demonstration, ...]

V = 0.5


def layer(values: np.ndarray) -> np.ndarray:
    return values.reshape(1, -1, 1)


def divisor() -> Shown:
    """I1: layers 0..L are L + 1; five layers whose mean is 1.5. And channels of mean 0 and 1."""
    gaps = {f"layer{i}": np.full((2, 3, 4), V + 1) for i in range(5)}
    halves = np.broadcast_to([0.0, 1.0], (2, 3, 2)).copy()
    return (
        Demonstration(
            "IM-Loss of 5 layers, each 1 away from V",
            printed=5 / 4,
            corrected=1.0,
            measured=float(mean_over_layers(IMLoss(), gaps)[0]),
            bound=0.0,
        ),
        Demonstration(
            "IM-Loss per channel of channels that never and always fire, 0 if taken per layer",
            printed=float(IMLoss()(halves)[0]),
            corrected=0.25,
            measured=float(IMLoss(per="channel")(halves)[0]),
            bound=0.0,
        ),
    )


def schedule(i: int, n: int, low: float = 1.0, high: float = 10.0) -> float:
    """Eq. 15."""
    return ((10 ** (i / n) - 1) * high + (10 - 10 ** (i / n)) * low) / 9


def last_epoch() -> Shown:
    """I2: i runs to N - 1, so 10^(i/N) never reaches 10."""
    return tuple(
        Demonstration(
            f"K at the last of {n} epochs, K_max = 10",
            printed=10.0,
            corrected=10 ** ((n - 1) / n),
            measured=schedule(n - 1, n),
            bound=1e-12,
        )
        for n in (10, 100, 1000)
    )


def mean_is_not_median() -> Shown:
    """I3: layers whose mean potential is V and whose loss is 0."""
    exponential = -V * np.log1p(-(np.arange(100_000) + 0.5) / 100_000)
    outliers = np.full(10_000, 0.0)
    outliers[:100] = 50.0  # 1 % of them carry the mean
    constant = np.full(100, V)
    for u in (exponential, outliers, constant):
        assert IMLoss()(layer(u))[0] < 1e-9
    return (
        Demonstration(
            "firing rate of exponential potentials with mean V",
            printed=0.5,
            corrected=exp(-1),
            measured=float(np.mean(exponential > V)),
            bound=1e-4,
        ),
        Demonstration(
            "entropy of spikes, 1 % outliers with mean V, bits",
            printed=1.0,
            corrected=-0.01 * log2(0.01) - 0.99 * log2(0.99),
            measured=float(entropy_of_spikes(layer(outliers >= V))),
            bound=1e-12,
        ),
        Demonstration(
            "entropy of spikes of a layer that is V throughout, bits",
            printed=1.0,
            corrected=0.0,
            measured=float(entropy_of_spikes(layer(constant >= V))),
            bound=0.0,
        ),
    )


def two_neurons_that_agree() -> Shown:
    """I4: two neurons that always fire together carry one bit, though each has one."""
    o = np.random.default_rng(0).permutation(np.repeat([0, 1], 500))
    pair = np.stack([o, o])
    _, counts = np.unique(pair, axis=1, return_counts=True)
    p = counts / counts.sum()
    marginals = sum(float(entropy_of_spikes(layer(row))) for row in pair)
    return (
        Demonstration(
            "entropy of two neurons that agree, bits",
            printed=marginals,
            corrected=1.0,
            measured=float(-np.sum(p * np.log2(p))),
            bound=1e-12,
        ),
    )


def direct_terms_only() -> Shown:
    """I5: as PSG & PDA's P7."""
    routes = slopes_through_time()
    return (
        Demonstration(
            "dL/dW by eq. 7 with direct partials only",
            printed=routes["direct"],
            corrected=routes["bptt"],
            measured=routes["complex step"],
            bound=1e-12,
        ),
    )


def shape_and_schedule() -> Shown:
    """I6: eq. 13's slope against the rectangle that Table 1's other rows use."""

    def slope(u: np.ndarray, k: float) -> np.ndarray:
        step = 1e-6
        return (np.tanh(k * (u + step - V)) - np.tanh(k * (u - step - V))) / (4 * step)

    u = np.linspace(-9.5, 10.5, 200_001)
    return (
        Demonstration(
            "peak slope at the first epoch, K = 1, the rectangle's being 1",
            printed=1.0,
            corrected=0.5,
            measured=float(slope(u, 1.0).max()),
            bound=1e-6,
        ),
        Demonstration(
            "peak slope at K = 10, if it stayed that of K = 1",
            printed=0.5,
            corrected=5.0,
            measured=float(slope(u, 10.0).max()),
            bound=1e-6,
        ),
        Demonstration(
            "area under the slope at K = 10, if it grew with the peak",
            printed=10.0,
            corrected=1.0,
            measured=float(slope(u, 10.0).sum() * (u[1] - u[0])),
            bound=1e-6,
        ),
    )


def pooled_spikes() -> Shown:
    """I7: the mean of 2x2 spikes, over all 16 patterns."""
    patterns = (np.arange(16)[:, None] >> np.arange(4)) & 1
    pooled = patterns.mean(axis=1)
    return (
        Demonstration(
            "share of average-pooled 2x2 patterns that are no longer 0 or 1",
            printed=0.0,
            corrected=14 / 16,
            measured=float(np.mean((pooled != 0) & (pooled != 1))),
            bound=0.0,
        ),
    )


def which_vgg() -> Shown:
    """I8: the gain over Diet-SNN's 69.00 tells which of 70.03 and 70.65 is right."""
    return (
        Demonstration(
            "points of VGG-16 over Diet-SNN on ImageNet, from the text's 70.03",
            printed=70.03 - 69.00,
            corrected=1.65,
            measured=70.65 - 69.00,
            bound=1e-9,
        ),
    )


def better_at_two_steps() -> Shown:
    """I9: Table 2, CIFAR-10, ResNet-19 at T = 2, 4, 6: TET against IM-Loss."""
    rows = {2: (94.16, 93.85), 4: (94.44, 95.40), 6: (94.50, 95.49)}
    return (
        Demonstration(
            "time steps at which TET's ResNet-19 is the better one",
            printed=0.0,
            corrected=1.0,
            measured=float(sum(tet > ours for tet, ours in rows.values())),
            bound=0.0,
        ),
    )


def released_target() -> Shown:
    """I10: the released code holds the mean at 0.5/T, not at V. A layer with mean V, T = 4."""
    u = np.full((4, 3, 2), V)
    return (
        Demonstration(
            "the released code's loss of a layer with mean V, T = 4",
            printed=0.0,
            corrected=(0.5 - 0.125) ** 2,
            measured=float(IMLoss.of_authors(T=4)(u)[0]),
            bound=1e-15,
        ),
    )
