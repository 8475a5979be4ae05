"""Surrogates and losses: functions with their gradients."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from numsnn.checks import FunctionCase, LayerCase, SurrogateLayer
from numsnn.losses import LOSSES
from numsnn.registry import naive
from numsnn.registry.draws import Rng, sizes
from numsnn.registry.entry import FUNCTION, SURROGATE, Entry
from numsnn.surrogates import SURROGATES, Scaled, Sigmoid, Surrogate

K = "its own kinks"
NAIVE = {
    "cross-entropy": naive.cross_entropy,
    "smoothed-cross-entropy": naive.smoothed_cross_entropy,
    "mean-cross-entropy": naive.mean_cross_entropy,
    "squared-error": naive.squared_error,
}


def surrogate_draw(surrogate: Surrogate, primitive: Any = None) -> Callable[[Rng], LayerCase]:
    """z on both sides of every kink, at least a tenth of the width away from each."""

    def draw(rng: Rng) -> LayerCase:
        width = rng.uniform(0.3, 3, 8)
        edges = sorted(float(k) for k in surrogate.kinks(np.float64(1.0)))
        bounds = [-3.0, *edges, 3.0]
        cell = rng.integers(len(bounds) - 1, size=8)
        cell[0] = len(edges) // 2  # one where the slope is not 0
        low, high = np.take(bounds, cell) + 0.1, np.take(bounds, cell + 1) - 0.1
        z = width * rng.uniform(low, high)

        def switches(params: Any, x: Any, saved: Any) -> dict[str, Any]:
            return {f"kink {i}": x - k for i, k in enumerate(surrogate.kinks(params))}

        def again(layer: Any, params: Any, x: Any) -> Any:
            values = [primitive(float(a / b)) for a, b in zip(x, params, strict=True)]
            return np.array(values) * (1 if np.isfinite(surrogate.gain) else params)

        reference = None if primitive is None else again
        layer = SurrogateLayer(surrogate)
        return LayerCase(layer, width, z, repr(surrogate), switches, reference=reference)

    return draw


def loss_draw(loss: Any, reference: Any = None) -> Callable[[Rng], FunctionCase]:
    def draw(rng: Rng) -> FunctionCase:
        T, N, K = sizes(rng, (1, 4), (1, 4), (2, 5))
        labels = rng.integers(K, size=N)
        outputs = rng.uniform(0.1, 5) * rng.standard_normal((T, N, K))

        def again(outputs: Any) -> Any:
            return reference(outputs, labels)

        return FunctionCase(
            lambda o: loss(o, labels),
            (outputs,),
            loss.__name__,
            reference=None if reference is None else again,
        )

    return draw


VALUES = {
    "rectangular": lambda x: min(max(x + 0.5, 0.0), 1.0),
    "rectangular-closed": lambda x: min(max(x + 0.5, 0.0), 1.0),
    "triangular": lambda x: 1 - (1 - min(x, 1)) ** 2 / 2 if x > 0 else (1 + max(x, -1)) ** 2 / 2,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "arctangent": lambda x: math.atan2(x, 1) / math.pi + 0.5,
    "tanh": lambda x: (1 + math.tanh(x)) / 2,
    "fast-sigmoid": lambda x: (1 + x / (1 + abs(x))) / 2,
    "gaussian": lambda x: math.erfc(-x / math.sqrt(2)) / 2,
    "clamped-tanh": lambda x: 0.5 + math.tanh(3 * min(max(x, -0.5), 0.5)) / (2 * math.tanh(1.5)),
    "softplus": lambda x: math.log1p(math.exp(x)),  # times the width
}
"""The primitives as functions of z/width, one number at a time."""

VALUED = (*SURROGATE, "formula")
ENTRIES = (
    *(
        Entry(f"surrogate/{name}", (type(s), s), surrogate_draw(s, VALUES[name]), VALUED, K)
        for name, s in SURROGATES.items()
    ),
    Entry("surrogate/scaled", (Scaled,), surrogate_draw(Scaled(Sigmoid(), 2.5)), SURROGATE, K),
    *(
        Entry(f"loss/{name}", (f,), loss_draw(f, NAIVE[name]), (*FUNCTION, "formula"))
        for name, f in LOSSES.items()
    ),
)
