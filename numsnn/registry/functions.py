"""Surrogates and losses: functions with their gradients; and the sums that gradients end in."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from numsnn.checks import FunctionCase, LayerCase, SurrogateLayer, ValueCase
from numsnn.losses import LOSSES
from numsnn.reduce import contract, sum_to
from numsnn.registry import naive
from numsnn.registry.draws import Rng, coin, pick, sizes
from numsnn.registry.entry import FUNCTION, SURROGATE, Entry
from numsnn.surrogates import SURROGATES, Rectangular, Scaled, Sigmoid, Surrogate

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


def window_draw(surrogate: Rectangular) -> Callable[[Rng], ValueCase]:
    """The slopes of a window number by number, some of them on its very ends."""

    def draw(rng: Rng) -> ValueCase:
        width = 2.0 ** rng.integers(-2, 3, 8)  # so that width/2 over width is 1/2 in any case
        z = width * rng.choice([-0.75, -0.5, -0.25, 0.25, 0.5, 0.75], 8)
        z[:2] = width[:2] * rng.choice([-0.5, 0.5], 2)

        def again(z: np.ndarray, width: np.ndarray) -> tuple:
            pairs = list(zip(map(float, z), map(float, width), strict=True))
            inside = [abs(a) < b / 2 or (surrogate.closed and abs(a) == b / 2) for a, b in pairs]
            height = [1 / b if i else 0.0 for (_, b), i in zip(pairs, inside, strict=True)]
            bend = [-a / b * h for (a, b), h in zip(pairs, height, strict=True)]
            return np.array(height), np.array(bend)

        return ValueCase(surrogate.slopes, again, (z, width), repr(surrogate))

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


def sums(rng: Rng) -> ValueCase:
    """Of ten arrays in any layout of memory, down to any of their axes; exact, of eighths."""
    rows = [_to_be_summed(rng) for _ in range(10)]

    def compute(*rows: tuple) -> tuple:
        return tuple((sum_to(x, shape), contract(x, y, shape)) for x, y, shape in rows)

    def again(*rows: tuple) -> tuple:
        return tuple((naive.sums(x, shape), naive.sums(x * y, shape)) for x, y, shape in rows)

    return ValueCase(compute, again, tuple(rows), "sums")


def _to_be_summed(rng: Rng) -> tuple:
    """Two arrays of any layout in memory, the second at times of length 1, and a shape to sum to."""
    whole = [pick(rng, (1, 2, 3, 7)) for _ in range(3)]
    shape = tuple(1 if coin(rng) else size for size in whole)[rng.integers(4) :]
    pair = []
    for _ in range(2):
        order = rng.permutation(3)
        values = rng.integers(-16, 17, [whole[axis] for axis in order]) / 8
        pair.append(values.transpose(np.argsort(order)))
    return pair[0], pair[1][:1] if coin(rng, 0.3) else pair[1], shape


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
    *(
        Entry(f"surrogate/{name}-ends", (Rectangular,), window_draw(s), ("formula",))
        for name, s in SURROGATES.items()
        if isinstance(s, Rectangular)
    ),
    Entry("surrogate/scaled", (Scaled,), surrogate_draw(Scaled(Sigmoid(), 2.5)), SURROGATE, K),
    Entry("sums", (), sums, ("formula",)),
    *(
        Entry(f"loss/{name}", (f,), loss_draw(f, NAIVE[name]), (*FUNCTION, "formula"))
        for name, f in LOSSES.items()
    ),
)
