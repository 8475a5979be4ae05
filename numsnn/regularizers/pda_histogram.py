"""Potential-distribution loss on a soft histogram: no Gaussian is assumed of the potentials.

A hard histogram has no gradient and empty bins make KL(N||P) infinite. Here each potential is
shared among bin centres c_b by w_b(u) = exp(-(c_b - u)^2/2h^2) / sum over b of the same, h the bin
width, and a share epsilon of the target is mixed in. The target passes through the same shares, so
that potentials that are standard normal have loss 0 as their number grows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numsnn.errors import NumsnnError
from numsnn.regularizers.inputs import checked, positive, representable
from numsnn.regularizers.moments import ACCUMULATOR

CHUNK = 1 << 14  # potentials shared among bins at a time


@dataclass(frozen=True)
class SoftHistogramDistribution:
    """L_PD = (1/2T) sum over t, b of (p_b - q_b)(ln p_b - ln q_b), p_b soft frequencies of step t.

    bins: number of centres, evenly over [-reach, reach]; potentials beyond go to the end bins.
    membrane: [T, N, C] or [T, N, C, H, W], potentials before the reset. Returns loss, d_membrane in
    the membrane's dtype. Raises NumsnnError if bins < 2, reach <= 0, or epsilon outside (0, 1).
    PSG & PDA eq. 4, 5, the sum over x read as a sum over bins.
    """

    bins: int = 33
    reach: float = 4.0
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        op = "SoftHistogramDistribution"
        if self.bins < 2:
            raise NumsnnError(f"{op}: bins is {self.bins}, expected at least 2")
        positive(op, "reach", self.reach, "the bins cover [-reach, reach]")
        positive(op, "epsilon", self.epsilon, "an empty bin makes KL(N||P) infinite")
        if self.epsilon >= 1:
            raise NumsnnError(f"{op}: epsilon is {self.epsilon}, expected less than 1")

    @property
    def centres(self) -> np.ndarray:
        """The bin centres, [bins]."""
        return np.linspace(-self.reach, self.reach, self.bins)

    @property
    def bandwidth(self) -> float:
        """h, the distance between centres."""
        return 2 * self.reach / (self.bins - 1)

    def shares(self, u: np.ndarray) -> np.ndarray:
        """w_b(u) for a row of potentials, [n, bins]; each row adds to 1."""
        # u^2 is common to all bins of a row and cancels.
        z = self.centres * (2 * u[:, None] - self.centres) / (2 * self.bandwidth**2)
        w = np.exp(z - z.real.max(axis=1, keepdims=True))
        return w / w.sum(axis=1, keepdims=True)

    def target(self) -> np.ndarray:
        """q_b = integral of w_b(x) N(x; 0, 1) dx, by the trapezoid rule on a fine grid, [bins]."""
        x = np.linspace(-9, 9, 1801)
        density = np.exp(-(x**2) / 2)
        return density @ self.shares(x) / density.sum()

    def frequencies(self, potentials: np.ndarray) -> Any:
        """p_b = (1 - epsilon) mean of w_b(u) + epsilon q_b, [bins]."""
        total = sum(self.shares(chunk).sum(axis=0) for chunk in _chunks(potentials))
        return (1 - self.epsilon) * total / potentials.size + self.epsilon * self.target()

    def __call__(self, membrane: np.ndarray) -> tuple[Any, np.ndarray]:
        membrane = checked("SoftHistogramDistribution", membrane)
        steps = membrane.shape[0]
        q = self.target()
        d_membrane = np.empty_like(membrane)
        loss = 0.0
        for t in range(steps):
            u = membrane[t].ravel().astype(ACCUMULATOR[membrane.dtype.kind])
            p = self.frequencies(u)

            log_ratio = np.log(p) - np.log(q)
            loss = loss + np.sum((p - q) * log_ratio) / (2 * steps)

            d_p = (log_ratio + (p - q) / p) / (2 * steps)
            d_w = d_p * (1 - self.epsilon) / u.size
            d_u = np.concatenate([self._shares_backward(chunk, d_w) for chunk in _chunks(u)])
            d_membrane[t] = d_u.reshape(membrane[t].shape).astype(membrane.dtype)
        return representable("SoftHistogramDistribution", loss, membrane), d_membrane

    def _shares_backward(self, u: np.ndarray, d_w: np.ndarray) -> np.ndarray:
        """d_u = cov_w(d_w, c)/h^2: dw_b/du = w_b (c_b - mean_w c)/h^2."""
        w = self.shares(u)
        centred = self.centres - (w @ self.centres)[:, None]
        return (w * centred) @ d_w / self.bandwidth**2


def _chunks(u: np.ndarray) -> list[np.ndarray]:
    return [u[start : start + CHUNK] for start in range(0, u.size, CHUNK)]
