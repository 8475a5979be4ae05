"""Potential-distribution loss: pull each step's potentials of a layer to a standard Gaussian."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numsnn.regularizers.inputs import checked, positive, representable
from numsnn.regularizers.moments import moments, moments_backward, step_axes

BETA = 1.0  # the weight of the potential-distribution loss in the total loss, PSG & PDA eq. 6


def gaussian_divergences(mean: Any, variance: Any) -> tuple[Any, Any]:
    """KL(P||N) = (v + m^2 - 1 - ln v)/2 and KL(N||P) = ((1 + m^2)/v - 1 + ln v)/2.

    P is the Gaussian of the given mean and variance v > 0, N the standard one; natural logarithm.
    PSG & PDA eq. 4.
    """
    forward = (variance + mean**2 - 1 - np.log(variance)) / 2
    backward = ((1 + mean**2) / variance - 1 + np.log(variance)) / 2
    return forward, backward


@dataclass(frozen=True)
class PotentialDistribution:
    """L_PD = (1/2T) sum over t of KL(P_t||N) + KL(N||P_t), P_t the Gaussian of step t's moments.

    In closed form L_PD = (1/4T) sum of v + m^2 + (1 + m^2)/v - 2, where v = variance + epsilon: the
    divergence of the potentials blurred by a noise of variance epsilon, so that a dead layer costs
    (1 + m^2)/epsilon at most. The optimum is variance 1 - epsilon, mean 0.
    Moments are over N, C, H, W at each step. The mean over layers of eq. 5 is `mean_over_layers`.
    membrane: [T, N, C] or [T, N, C, H, W], potentials before the reset. Returns loss, d_membrane in
    the membrane's dtype. Raises NumsnnError if epsilon <= 0. PSG & PDA eq. 4, 5.
    """

    epsilon: float = 1e-2

    def __post_init__(self) -> None:
        positive(
            "PotentialDistribution", "epsilon", self.epsilon, "KL(N||P) is infinite at variance 0"
        )

    def __call__(self, membrane: np.ndarray) -> tuple[Any, np.ndarray]:
        membrane = checked("PotentialDistribution", membrane)
        steps = membrane.shape[0]
        saved = moments(membrane, step_axes(membrane))
        mean, v = saved.mean, saved.variance + self.epsilon

        loss = np.sum(v + mean**2 + (1 + mean**2) / v - 2) / (4 * steps)

        d_mean = (2 * mean + 2 * mean / v) / (4 * steps)
        d_variance = (1 - (1 + mean**2) / v**2) / (4 * steps)
        d_membrane = moments_backward(saved, d_mean, d_variance)
        return representable("PotentialDistribution", loss, membrane), d_membrane
