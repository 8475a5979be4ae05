"""Entropy of spikes and what they keep of the potential, in bits. For reporting."""

from typing import Any

import numpy as np

from numsnn.errors import NumsnnError
from numsnn.regularizers.inputs import checked, checked_spikes, one_of, same_shape
from numsnn.regularizers.moments import channel_axes


def binary_entropy(rate: Any) -> Any:
    """H(p) = -p log2 p - (1 - p) log2 (1 - p), with 0 log 0 = 0, in bits."""
    rate = np.asarray(rate, dtype=np.float64)
    if not ((rate >= 0) & (rate <= 1)).all():
        raise NumsnnError(f"binary_entropy: rate is {rate}, expected values in [0, 1]")
    return _plogp(rate) + _plogp(1 - rate)


def entropy_of_spikes(spikes: Any, per: str = "layer") -> Any:
    """H(O) of the marginal spike, from its rate over the layer or over each channel, in bits.

    spikes: [T, N, C] or [T, N, C, H, W], 0 or 1. Returns a number, or [C]. At most 1, at rate 1/2.
    Dependence between neurons or steps is not seen. IM-Loss eq. 10.
    """
    spikes = checked_spikes("entropy_of_spikes", spikes)
    one_of("entropy_of_spikes", "per", per, ("layer", "channel"))
    axes = channel_axes(spikes) if per == "channel" else None
    return binary_entropy(spikes.mean(axis=axes, dtype=np.float64))


def conditional_entropy(membrane: Any, spikes: Any, edges: Any) -> float:
    """H(O|U) = sum over bins b of p(b) H(O | U in b), in bits.

    0 where no bin holds both spikes and silences, as when one edge is the threshold. IM-Loss eq. 9.
    """
    inside, fired = _counts("conditional_entropy", membrane, spikes, edges)
    full = inside > 0
    weight = inside[full] / inside.sum()
    return float(np.sum(weight * binary_entropy(fired[full] / inside[full])))


def mutual_information(membrane: Any, spikes: Any, edges: Any) -> float:
    """I(U; O) = H(O) - H(O|U), the potential discretised by the given edges, in bits.

    membrane, spikes: one shape, [T, N, C] or [T, N, C, H, W]. edges: increasing, at least one;
    bin 0 lies below the first edge, the last bin at or above the last one. Returns a number in
    [0, H(O)].
    Raises NumsnnError for edges that do not increase. IM-Loss eq. 9.
    """
    inside, fired = _counts("mutual_information", membrane, spikes, edges)
    total = float(binary_entropy(fired.sum() / inside.sum()))
    return max(0.0, total - conditional_entropy(membrane, spikes, edges))


def _counts(op: str, membrane: Any, spikes: Any, edges: Any) -> tuple[np.ndarray, np.ndarray]:
    """How many potentials fall in each bin, and how many of them fire."""
    membrane, spikes = checked(op, membrane), checked_spikes(op, spikes)
    same_shape(op, membrane, spikes)
    edges = np.atleast_1d(np.asarray(edges, dtype=np.float64))
    if edges.ndim != 1 or edges.size == 0 or not (np.diff(edges) > 0).all():
        raise NumsnnError(f"{op}: edges {edges} must be one increasing row of at least one number")
    bins = np.digitize(membrane.real, edges).ravel()
    inside = np.bincount(bins, minlength=edges.size + 1)
    fired = np.bincount(bins, weights=spikes.ravel(), minlength=edges.size + 1)
    return inside, fired


def _plogp(p: np.ndarray) -> Any:
    return np.where(p > 0, -p * np.log2(np.where(p > 0, p, 1)), 0.0)
