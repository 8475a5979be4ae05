"""Surrogates, losses and regularizers: functions with their gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np

from numsnn.checks import FunctionCase, LayerCase, SurrogateLayer
from numsnn.losses import LOSSES
from numsnn.registry.draws import Rng, sizes
from numsnn.registry.entry import FUNCTION, SURROGATE, Entry
from numsnn.regularizers import IMLoss, MembraneL2, PotentialDistribution, RatePenalty
from numsnn.surrogates import SURROGATES, Surrogate


def surrogate_draw(surrogate: Surrogate) -> Callable[[Rng], LayerCase]:
    """z on both sides of every kink, at least a tenth of the width away from each."""

    def draw(rng: Rng) -> LayerCase:
        width = rng.uniform(0.3, 3, 8)
        edges = sorted(float(k) for k in surrogate.kinks(np.float64(1.0)))
        bounds = [-3.0, *edges, 3.0]
        cell = rng.integers(len(bounds) - 1, size=8)
        low, high = np.take(bounds, cell) + 0.1, np.take(bounds, cell + 1) - 0.1
        z = width * rng.uniform(low, high)

        def switches(params: Any, x: Any, saved: Any) -> dict[str, Any]:
            return {f"kink {i}": x - k for i, k in enumerate(surrogate.kinks(params))}

        return LayerCase(SurrogateLayer(surrogate), width, z, repr(surrogate), switches)

    return draw


def loss_draw(loss: Any) -> Callable[[Rng], FunctionCase]:
    def draw(rng: Rng) -> FunctionCase:
        T, N, K = sizes(rng, (1, 4), (1, 4), (2, 5))
        labels = rng.integers(K, size=N)
        outputs = rng.uniform(0.1, 5) * rng.standard_normal((T, N, K))
        return FunctionCase(lambda o: loss(o, labels), (outputs,), loss.__name__)

    return draw


def membrane_draw(regularizer: Any) -> Callable[[Rng], FunctionCase]:
    def draw(rng: Rng) -> FunctionCase:
        shape = sizes(rng, (1, 3), (2, 3), (1, 3))
        return FunctionCase(regularizer, (rng.normal(0.3, 0.8, shape),))

    return draw


ENTRIES = (
    *(
        Entry(f"surrogate/{name}", (type(s), s), surrogate_draw(s), SURROGATE, "its own kinks")
        for name, s in SURROGATES.items()
    ),
    *(Entry(f"loss/{name}", (f,), loss_draw(f), FUNCTION) for name, f in LOSSES.items()),
    *(
        Entry(f"regularizer/{type(r).__name__}", (type(r),), membrane_draw(r), FUNCTION)
        for r in (IMLoss(), PotentialDistribution(), RatePenalty(), MembraneL2())
    ),
)
