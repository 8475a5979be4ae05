"""One of every layer and of every neuron variant, with an input that fits it."""

import itertools
from typing import Any, NamedTuple

import numpy as np

import numsnn as ns
from numsnn.neurons import State
from numsnn.surrogates import SURROGATES
from numsnn.tree import cast, map_named


class Case(NamedTuple):
    layer: Any
    params: Any
    x: np.ndarray

    def of(self, dtype):
        """The same case in another precision."""
        return Case(self.layer, cast(self.params, dtype), self.x.astype(dtype))


def _fixed(shape):
    return ns.FixedNorm(shape, ns.Statistics(np.full(shape, 0.25), np.full(shape, 2.0)), 0.5)


DENSE, IMAGE = (3, 4, 5), (3, 4, 2, 5, 4)

PLAIN = {
    "linear": (ns.Linear(5, 3), DENSE),
    "linear without bias": (ns.Linear(5, 3, bias=False), DENSE),
    "conv": (ns.Conv2d(2, 4, 3, padding=1), IMAGE),
    "conv in groups": (ns.Conv2d(2, 4, (3, 2), stride=2, groups=2, bias=False), IMAGE),
    "conv 1x1": (ns.Conv2d(2, 3, 1), IMAGE),
    "pool": (ns.AvgPool2d(2), IMAGE),
    "pool everything": (ns.AvgPool2d(None), IMAGE),
    "flatten": (ns.Flatten(), IMAGE),
    "batch norm": (ns.BatchNorm((2, 1, 1), scale=0.7), IMAGE),
    "batch norm of features": (ns.BatchNorm((5,)), DENSE),
    "fixed norm": (_fixed((2, 1, 1)), IMAGE),
    "dropout": (ns.Dropout(0.3, seed=1), DENSE),
    "identity": (ns.Identity(), DENSE),
    "residual": (ns.Residual(ns.Linear(5, 5), ns.Identity()), DENSE),
    "serial": (ns.Serial(ns.Linear(5, 4), ns.Linear(4, 3)), DENSE),
    "repeat": (ns.Repeat(3), (1, 4, 5)),
    "relu": (ns.ReLU(), DENSE),
    "mean over time": (ns.MeanOverTime(), DENSE),
    "accumulate": (ns.Accumulate(), DENSE),
}

NEURONS = {
    f"{reset}, {tie}{', detached' * detach}, {norm or 'no norm'}{', lateral' * lateral}": (
        ns.LIF(
            reset=reset,
            tie=tie,
            detach_reset=detach,
            norm=None if norm is None else ns.BatchNorm((5,)),
            carry=norm or "raw",
            lateral=ns.Linear(5, 5) if lateral else None,
        ),
        DENSE,
    )
    for reset, tie, detach, norm, lateral in itertools.product(
        ("hard", "soft"),
        ("silent", "fires"),
        (False, True),
        (None, "raw", "normalised"),
        (False, True),
    )
}

SURROGATE_NEURONS = {f"lif, {name}": (ns.LIF(surrogate=s), DENSE) for name, s in SURROGATES.items()}

SHAPED = {
    "lif on images": (
        ns.LIF(
            norm=ns.BatchNorm((2, 1, 1)),
            lateral=ns.Conv2d(2, 2, 5, padding=2, groups=2, bias=False),
            decay_shape=(2, 1, 1),
            threshold_shape=(2, 5, 4),
            width_shape=(2, 1, 1),
        ),
        IMAGE,
    ),
    "lif, fixed norm": (ns.LIF(norm=_fixed((5,))), DENSE),
}

ALL = PLAIN | NEURONS | SURROGATE_NEURONS | SHAPED


def case(name, seed=0):
    """The named layer with Gaussian parameters and input, in double precision."""
    layer, shape = ALL[name]
    rng = np.random.default_rng(seed)

    def stir(leaf_name, leaf):
        if leaf_name.rpartition("/")[2] in ("decay", "threshold", "width"):
            return rng.uniform(0.3, 0.9, leaf.shape)
        return rng.standard_normal(leaf.shape)

    return Case(
        layer, map_named(stir, layer.init(rng, np.float64)), 1.2 * rng.standard_normal(shape)
    )


def with_initial_state(found, seed=0):
    """The same case of one neuron, with a drawn initial state."""
    rng = np.random.default_rng(seed)
    shape = found.x.shape[1:]
    state = State(rng.standard_normal(shape), (rng.random(shape) < 0.5) * 1.0)
    return found._replace(params=found.params._replace(initial=state))


def folded_neuron():
    """A neuron as folding leaves it: with a direction and an amount of its own."""
    found = case("soft, silent, no norm")
    rng = np.random.default_rng(7)
    return found._replace(
        params=found.params._replace(
            threshold=rng.uniform(0.1, 0.5, 5),
            direction=np.array([1.0, -1, 0, -1, 1]),
            amount=rng.uniform(0.3, 0.9, 5),
        )
    )
