"""Penalties on potentials: smooth ones on any potentials, hinged ones between their hinges."""

from collections.abc import Callable
from typing import Any

import numpy as np

from numsnn.checks import FunctionCase
from numsnn.registry.draws import Rng, pick, sizes
from numsnn.registry.entry import FUNCTION, Entry
from numsnn.regularizers import (
    Degeneration,
    IMLoss,
    MembraneL2,
    Mismatch,
    MPDLoss,
    PotentialDistribution,
    RatePenalty,
    Saturation,
    SoftHistogramDistribution,
    consistency_loss,
    mean_over_layers,
    moments,
)

CHANNELS = [(1.9, 0.1), (-0.8, 0.1), (0.3, 0.1), (0.56, 0.3), (0.45, 0.9), (0.7, 0.1), (5.0, 0.3)]
"""(mean, std) of channels on every side of every hinge of the hinged penalties below, 0.02 away."""

HINGED = (
    Degeneration(),
    Saturation(),
    Mismatch(),
    MPDLoss(),
    MPDLoss(threshold=1.0, low=0.4, high=1.6, k_degeneration=0.3, k_saturation=0, k_mismatch=2.0),
)
SMOOTH = (
    IMLoss(),
    IMLoss(per="channel"),
    IMLoss.of_authors(T=4),
    PotentialDistribution(),
    PotentialDistribution(epsilon=0.3),
    SoftHistogramDistribution(bins=9, reach=2.5, epsilon=1e-3),
    RatePenalty(),
    RatePenalty(target=0.3, threshold=1.0, width=0.2, per="channel"),
    MembraneL2(),
)


def smooth(regularizers: tuple) -> Callable[[Rng], FunctionCase]:
    def draw(rng: Rng) -> FunctionCase:
        shape = sizes(rng, (1, 3), (2, 3), (1, 3))
        shape = (*shape, 2, 2) if rng.random() < 0.3 else shape
        return FunctionCase(pick(rng, regularizers), (rng.normal(0.3, 0.8, shape),))

    return draw


def hinged(regularizers: tuple, dead: bool = False) -> Callable[[Rng], FunctionCase]:
    """Channels whose mean and std are exactly those of ``CHANNELS``; with one of no spread."""

    def draw(rng: Rng) -> FunctionCase:
        regularizer = pick(rng, regularizers)
        T, N, C = sizes(rng, (1, 3), (2, 3), (2, 4))
        u = rng.standard_normal((T, N, C, 2))
        rows = rng.choice(len(CHANNELS), C, replace=False)
        rows[-1] = 0  # a channel that every penalty punishes
        mean, std = np.array(CHANNELS)[rows].T[..., None]
        u = (u - u.mean((0, 1, 3), keepdims=True)) / u.std((0, 1, 3), keepdims=True)
        membrane = (u * std + mean)[..., None]
        if dead:
            membrane[:, :, 0] = pick(rng, (0.1, 1.7))
        return FunctionCase(regularizer, (membrane,), switches=switches_of(regularizer))

    return draw


def switches_of(regularizer: Any) -> Callable[[Any], dict[str, Any]]:
    """The arguments of every hinge of a penalty built from MPD-Loss's terms."""

    def switches(membrane: Any) -> dict[str, Any]:
        found = moments.moments(membrane, moments.channel_axes(membrane))
        mean, std = found.mean, moments.standard_deviation(found)
        arguments = {}
        for term in getattr(regularizer, "terms", (regularizer,)):
            name = type(term).__name__
            if isinstance(term, Mismatch):
                lower, upper = mean - term.k * std - term.low, term.high - mean - term.k * std
                arguments[f"{name}'s two ends"] = lower - upper
                arguments[f"{name}'s hinge"] = np.where(lower.real >= upper.real, lower, upper)
            else:
                high = term.high if isinstance(term, Saturation) else term.threshold
                low = term.low if isinstance(term, Saturation) else term.threshold
                arguments[f"{name}'s upper hinge"] = mean - term.k * std - high
                arguments[f"{name}'s lower hinge"] = low - mean - term.k * std
        return arguments

    return switches


def consistency(rng: Rng) -> FunctionCase:
    N, K = sizes(rng, (1, 4), (2, 5))
    a, b = rng.normal(0, 2, (2, N, K))
    return FunctionCase(consistency_loss, (a, b))


def over_layers(rng: Rng) -> FunctionCase:
    T, N = sizes(rng, (1, 3), (2, 3))
    membranes = {
        "lif1": rng.normal(0.2, 1, (T, N, 4)),
        "lif2": rng.normal(0, 1, (T, N, 2, 2, 2)),
        "lif3": rng.normal(0, 1, (T, N, 2)),
    }
    regularizer = pick(rng, SMOOTH)

    def mean(membranes: Any) -> tuple:
        return mean_over_layers(regularizer, membranes, leave_out=("lif3",))

    def padded(membranes: Any) -> tuple:
        """With the gradient of the layer left out, which is zero."""
        loss, d = mean(membranes)
        return loss, {name: d.get(name, np.zeros_like(u)) for name, u in membranes.items()}

    return FunctionCase(padded, (membranes,), "mean_over_layers")


def _of(kind: type, rows: tuple) -> tuple:
    return tuple(r for r in rows if type(r) is kind)


HINGES = "the hinges, and the tie of the two ends, of each channel"
ENTRIES = (
    *(
        Entry(f"regularizer/{kind.__name__}", (kind,), hinged(_of(kind, HINGED)), FUNCTION, HINGES)
        for kind in (Degeneration, Saturation, Mismatch, MPDLoss)
    ),
    *(
        Entry(f"regularizer/{kind.__name__}", (kind,), smooth(_of(kind, SMOOTH)), FUNCTION)
        for kind in (
            IMLoss,
            PotentialDistribution,
            SoftHistogramDistribution,
            RatePenalty,
            MembraneL2,
        )
    ),
    Entry(
        "regularizer/dead-channel",
        (MPDLoss,),
        hinged(HINGED, dead=True),
        ("contract", "complex-step"),
        "a channel without spread has no derivative in its deviation: taken as 0, by both sides",
    ),
    Entry("consistency_loss", (consistency_loss,), consistency, FUNCTION),
    Entry("mean_over_layers", (mean_over_layers,), over_layers, FUNCTION),
)
