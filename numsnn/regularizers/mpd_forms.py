"""MPD-Loss before the Gaussian: the same penalties of a channel's extremes or quantiles.

For reporting: they depend on one or two elements of a channel, so their gradient is of little use.
U_(q) is the q quantile of a channel over T, N, H, W. epsilon = 0 gives the extremes.
All return one number a channel, [C].
"""

from typing import Any

import numpy as np

from numsnn.errors import NumsnnError
from numsnn.regularizers.inputs import checked
from numsnn.regularizers.moments import channel_axes


def channel_quantiles(membrane: Any, epsilon: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """U_(epsilon), U_(1 - epsilon) of each channel, linear between order statistics.

    membrane: real, [T, N, C] or [T, N, C, H, W]; epsilon in [0, 1/2]. Returns two arrays [C].
    Raises NumsnnError for epsilon outside. RecDis-SNN section 3.2.
    """
    membrane = checked("channel_quantiles", membrane)
    if np.iscomplexobj(membrane):
        raise NumsnnError(f"channel_quantiles: membrane is {membrane.dtype}, expected a real dtype")
    if not 0 <= epsilon <= 0.5:
        raise NumsnnError(f"channel_quantiles: epsilon is {epsilon}, expected 0 <= epsilon <= 1/2")
    lower, upper = np.quantile(membrane, [epsilon, 1 - epsilon], axis=channel_axes(membrane))
    return lower, upper


def degeneration_by_quantile(
    membrane: Any, epsilon: float = 0.0, threshold: float = 0.5
) -> np.ndarray:
    """L_D = (U_(epsilon) - threshold)_+^2 + (threshold - U_(1-epsilon))_+^2, one number a channel.

    RecDis-SNN eq. 9, and eq. 8 at epsilon = 0.
    """
    lower, upper = channel_quantiles(membrane, epsilon)
    return np.maximum(lower - threshold, 0) ** 2 + np.maximum(threshold - upper, 0) ** 2


def saturation_by_quantile(
    membrane: Any, epsilon: float = 0.0, low: float = 0.0, high: float = 1.0
) -> np.ndarray:
    """L_S = (U_(epsilon) - high)_+^2 + (low - U_(1-epsilon))_+^2, one number a channel.

    RecDis-SNN eq. 12, and eq. 11 at epsilon = 0, brackets put right.
    """
    lower, upper = channel_quantiles(membrane, epsilon)
    return np.maximum(lower - high, 0) ** 2 + np.maximum(low - upper, 0) ** 2


def mismatch_by_quantile(
    membrane: Any, epsilon: float = 0.0, low: float = 0.0, high: float = 1.0
) -> np.ndarray:
    """L_M = max(U_(epsilon) - low, high - U_(1-epsilon))_+^2, one number a channel.

    RecDis-SNN eq. 16, and eq. 15 at epsilon = 0: either end inside the interval is penalised.
    """
    lower, upper = channel_quantiles(membrane, epsilon)
    return np.maximum(np.maximum(lower - low, high - upper), 0) ** 2


def mismatch_both_ends(membrane: Any, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """L_M = min(U_(0) - low, high - U_(1))_+^2, one number a channel.

    The form the paper sets aside: positive only where both extremes lie inside, as its own
    definition of a mismatch asks. RecDis-SNN eq. 14.
    """
    lower, upper = channel_quantiles(membrane, 0.0)
    return np.maximum(np.minimum(lower - low, high - upper), 0) ** 2
