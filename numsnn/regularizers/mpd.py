"""MPD-Loss: keep a channel's potentials from all firing, all missing the slope, or all inside it.

Each term sees a channel's U through its mean and std, a Gaussian's quantiles being mean -+ k std.
Saturation follows the stated intent, max(0, .) of the whole bracket: the printed eq. 13 takes the
positive part of its inside and so spares a saturated channel and punishes a healthy one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from numsnn.errors import NumsnnError
from numsnn.regularizers.inputs import checked, finite, not_negative, positive, representable
from numsnn.regularizers.moments import (
    channel_axes,
    moments,
    moments_backward,
    positive_part,
    standard_deviation,
    standard_deviation_backward,
)

LAMBDA = 2.0  # the weight of MPD-Loss in the total loss, RecDis-SNN eq. 20; it stays constant

K_RULE = "RecDis-SNN: the quantile epsilon <= 1/2 is mean - k std, so k_epsilon >= 0"


class Term(Protocol):
    """One penalty of a channel's mean and std."""

    def of_moments(self, mean: Any, std: Any) -> tuple[Any, Any, Any]: ...


@dataclass(frozen=True)
class Degeneration:
    """L_D = (mean - k std - threshold)_+^2 + (threshold - mean - k std)_+^2, mean over channels.

    membrane: [T, N, C] or [T, N, C, H, W], potentials before the reset.
    Returns loss, d_membrane in the membrane's dtype. Raises NumsnnError if threshold <= 0 or k < 0.
    RecDis-SNN eq. 10.
    """

    threshold: float = 0.5
    k: float = 1.0

    def __post_init__(self) -> None:
        positive(
            "Degeneration", "threshold", self.threshold, "the firing threshold, RecDis-SNN eq. 5"
        )
        not_negative("Degeneration", "k", self.k, K_RULE)

    def of_moments(self, mean: Any, std: Any) -> tuple[Any, Any, Any]:
        """Each channel's loss, and its partials in mean and std."""
        above = positive_part(mean - self.k * std - self.threshold)  # nearly all fire
        below = positive_part(self.threshold - mean - self.k * std)  # nearly none fires
        loss = above**2 + below**2
        dloss_dmean = 2 * above - 2 * below
        dloss_dstd = -2 * self.k * (above + below)
        return loss, dloss_dmean, dloss_dstd

    def __call__(self, membrane: np.ndarray) -> tuple[Any, np.ndarray]:
        return _channel_mean("Degeneration", [self], membrane)


@dataclass(frozen=True)
class Saturation:
    """L_S = (mean - k std - high)_+^2 + (low - mean - k std)_+^2, mean over channels.

    (low, high) is where the surrogate has a slope: (0, 1) for the paper's rectangle.
    membrane: [T, N, C] or [T, N, C, H, W]. Returns loss, d_membrane in the membrane's dtype.
    Raises NumsnnError if k < 0 or not low < high. RecDis-SNN eq. 13, its brackets put right.
    """

    low: float = 0.0
    high: float = 1.0
    k: float = 0.25

    def __post_init__(self) -> None:
        _interval("Saturation", self.low, self.high)
        not_negative("Saturation", "k", self.k, K_RULE)

    def of_moments(self, mean: Any, std: Any) -> tuple[Any, Any, Any]:
        """Each channel's loss, and its partials in mean and std."""
        above = positive_part(mean - self.k * std - self.high)
        below = positive_part(self.low - mean - self.k * std)
        loss = above**2 + below**2
        dloss_dmean = 2 * above - 2 * below
        dloss_dstd = -2 * self.k * (above + below)
        return loss, dloss_dmean, dloss_dstd

    def __call__(self, membrane: np.ndarray) -> tuple[Any, np.ndarray]:
        return _channel_mean("Saturation", [self], membrane)


@dataclass(frozen=True)
class Mismatch:
    """L_M = max(mean - k std - low, high - mean - k std)_+^2, mean over channels.

    It is 0 once k std >= (high - low)/2 + |mean - centre|: the channel reaches past both ends.
    Where the two arguments tie, the first is followed, so that a dead channel at the centre moves.
    membrane: [T, N, C] or [T, N, C, H, W]. Returns loss, d_membrane in the membrane's dtype.
    Raises NumsnnError if k < 0 or not low < high. RecDis-SNN eq. 17.
    """

    low: float = 0.0
    high: float = 1.0
    k: float = 1.25

    def __post_init__(self) -> None:
        _interval("Mismatch", self.low, self.high)
        not_negative("Mismatch", "k", self.k, K_RULE)

    def of_moments(self, mean: Any, std: Any) -> tuple[Any, Any, Any]:
        """Each channel's loss, and its partials in mean and std."""
        lower = mean - self.k * std - self.low
        upper = self.high - mean - self.k * std
        first = lower.real >= upper.real
        inside = positive_part(np.where(first, lower, upper))
        loss = inside**2
        dloss_dmean = np.where(first, 2 * inside, -2 * inside)
        dloss_dstd = -2 * self.k * inside
        return loss, dloss_dmean, dloss_dstd

    def __call__(self, membrane: np.ndarray) -> tuple[Any, np.ndarray]:
        return _channel_mean("Mismatch", [self], membrane)


@dataclass(frozen=True)
class MPDLoss:
    """L_MPD = L_D + L_S + L_M, mean over the channels of one layer.

    The mean over layers of eq. 19, without the output layer, is `mean_over_layers`; lambda of
    eq. 20 (`LAMBDA`, 2, constant) belongs to the training step.
    membrane: [T, N, C] or [T, N, C, H, W], potentials before the reset. Returns loss, d_membrane in
    the membrane's dtype. A channel without spread is ordinary: the derivative of its std is 0.
    Raises NumsnnError if threshold <= 0, a k < 0, or not low < high. RecDis-SNN eq. 18, 19.
    """

    threshold: float = 0.5
    low: float = 0.0
    high: float = 1.0
    k_degeneration: float = 1.0
    k_saturation: float = 0.25
    k_mismatch: float = 1.25

    def __post_init__(self) -> None:
        _ = self.terms  # each term checks its own fields

    @property
    def terms(self) -> tuple[Degeneration, Saturation, Mismatch]:
        """The three penalties, each a regularizer of its own."""
        return (
            Degeneration(self.threshold, self.k_degeneration),
            Saturation(self.low, self.high, self.k_saturation),
            Mismatch(self.low, self.high, self.k_mismatch),
        )

    def __call__(self, membrane: np.ndarray) -> tuple[Any, np.ndarray]:
        return _channel_mean("MPDLoss", self.terms, membrane)


def _channel_mean(op: str, terms: Sequence[Term], membrane: Any) -> tuple[Any, np.ndarray]:
    """loss = (1/C) sum over channels and terms of term(mean, std), with its gradient. Eq. 19."""
    membrane = checked(op, membrane)
    saved = moments(membrane, channel_axes(membrane))
    std = standard_deviation(saved)
    channels = membrane.shape[2]
    parts = [term.of_moments(saved.mean, std) for term in terms]

    loss = sum(part.sum() for part, _, _ in parts) / channels

    d_mean = sum(dpart_dmean for _, dpart_dmean, _ in parts) / channels
    d_std = sum(dpart_dstd for _, _, dpart_dstd in parts) / channels
    d_variance = standard_deviation_backward(saved, std, d_std)
    return representable(op, loss, membrane), moments_backward(saved, d_mean, d_variance)


def _interval(op: str, low: float, high: float) -> None:
    finite(op, "low", low, "the lower end of the surrogate's support, RecDis-SNN eq. 7")
    finite(op, "high", high, "the upper end of the surrogate's support, RecDis-SNN eq. 7")
    if not low < high:
        raise NumsnnError(f"{op}: low is {low} and high is {high}, expected low < high")
