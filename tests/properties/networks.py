"""Drawn networks: Hypothesis draws the structure and a seed, the seed gives the numbers.

A network is a Serial of levels and perhaps a readout. A level is a product (Linear or Conv2d),
perhaps a norm, and a neuron; or a Residual around these. Thresholds are put where at the first step
some neurons of a level fire and some do not, and widths reach the nearest potential: no network here is
silent, saturated or without a gradient.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import assume, event
from hypothesis import strategies as st

import numsnn as ns
from numsnn.neurons import State
from numsnn.surrogates import SURROGATES
from numsnn.tree import map_named

SMOOTH = ("sigmoid", "arctangent", "tanh", "gaussian", "softplus")
CONTINUOUS = (*SMOOTH, "triangular", "fast-sigmoid")  # the slope has no jump
HOMOGENEOUS = tuple(name for name in SURROGATES if name != "softplus")  # phi = f(z/width)/width

SPREAD = 1e-3  # variance of what a norm divides by its deviation; it adds 1e-5 to it

# What keeps later steps out of earlier ones: no statistics over T, no mean over it.
CAUSAL = {"chain_norm": False, "readouts": ("none", "linear", "accumulate")}

seeds = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class Case:
    """A network with its parameters and an input; ``rng`` for whatever else a test draws."""

    network: Any
    params: Any
    x: np.ndarray
    seed: int

    def rng(self, key=0):
        return np.random.default_rng([self.seed, 1 + key])

    def forward(self, x=None, params=None):
        return self.network.forward(
            self.params if params is None else params, self.x if x is None else x
        )

    @property
    def levels(self):
        """How many spiking layers there are."""
        return sum(isinstance(layer, ns.Serial | ns.Residual) for layer in self.network.layers)


def share(tree, level):
    """(product, neuron): their part of a tree of parameters or residuals of a Case's network."""
    body = tree[level].body if hasattr(tree[level], "body") else tree[level]
    return body[0], body[-1]


def with_share(tree, level, product, neuron):
    """The tree with another product and neuron at one level."""
    inner = tree[level].body if hasattr(tree[level], "body") else tree[level]
    inner = (product, *inner[1:-1], neuron)
    inner = tree[level]._replace(body=inner) if hasattr(tree[level], "body") else inner
    return (*tree[:level], inner, *tree[level + 1 :])


@st.composite
def cases(
    draw,
    depth=(1, 3),
    steps=(1, 4),
    samples=(3, 4),
    chain_norm=True,
    membrane_norm=True,
    carries=("raw", "normalised"),
    lateral=True,
    residual=True,
    images=True,
    bias=True,
    states=True,
    surrogates=tuple(SURROGATES),
    resets=("hard", "soft"),
    detached=(False, True),
    readouts=("none", "linear", "accumulate", "mean"),
):
    """Networks of one to three spiking layers. ``False`` leaves a feature out, ``True`` draws it."""

    def maybe(allowed):
        return allowed and draw(st.booleans())

    image = maybe(images)
    T, N = draw(st.integers(*steps)), draw(st.integers(*samples))
    C, inputs = draw(st.integers(2, 3)), draw(st.integers(1, 3))
    surrogate = SURROGATES[draw(st.sampled_from(surrogates))]
    shape = (C, 1, 1) if image else (C,)

    def product(fan_in, with_bias):
        if image:
            return ns.Conv2d(fan_in, C, 3, padding=1, bias=with_bias)
        return ns.Linear(fan_in, C, with_bias)

    levels = []
    for level in range(draw(st.integers(*depth))):
        norm = draw(st.sampled_from(("none", "chain", "membrane")))
        each = maybe(True)
        side = ns.Conv2d(C, C, 3, padding=1, groups=C, bias=False) if image else ns.Linear(C, C)
        neuron = ns.LIF(
            surrogate=surrogate,
            reset=draw(st.sampled_from(resets)),
            tie=draw(st.sampled_from(("silent", "fires"))),
            detach_reset=draw(st.sampled_from(detached)),
            norm=ns.BatchNorm(shape) if membrane_norm and norm == "membrane" else None,
            carry=draw(st.sampled_from(carries)),
            lateral=side if maybe(lateral) else None,
            decay_shape=shape if each else (),
            threshold_shape=shape if each else (),
            width_shape=shape if each else (),
        )
        chain = [ns.BatchNorm(shape, scale=0.75)] if chain_norm and norm == "chain" else []
        body = ns.Serial(product(inputs if level == 0 else C, bias), *chain, neuron)
        if level and maybe(residual):
            body = ns.Residual(body, product(C, False) if maybe(True) else ns.Identity())
        levels.append(body)
    readout = draw(st.sampled_from(readouts))
    tail = [ns.Flatten()] if image and readout != "none" else []
    tail += [ns.Linear(C * (4 if image else 1), 2)] if readout != "none" else []
    tail += {"accumulate": [ns.Accumulate()], "mean": [ns.MeanOverTime()]}.get(readout, [])
    network = ns.named(ns.Serial(*levels, *tail))
    seed = draw(seeds)
    rng = np.random.default_rng([seed, 0])
    x = 1.5 * rng.standard_normal((T, N, inputs, *((2, 2) if image else ())))
    params = stirred(rng, network.init(rng, np.float64))
    params = calibrated(network, params, x)[0]
    if maybe(states):
        params = started(rng, network, params, x)
    _, saved = network.forward(params, x)
    norms = ns.batch_statistics(network, saved).values()
    # next to no spread: rounding, divided by it, would be all there is
    assume(all(use.variance.min() > SPREAD for uses in norms for use in uses))
    return Case(network, params, x, seed)


def stirred(rng, params):
    """Nothing at a default: weights Gaussian, gains of both signs, every neuron its own."""
    ranges = {"decay": (0.1, 0.95), "width": (0.5, 2.0)}

    def stir(name, leaf):
        last = name.rpartition("/")[2]
        if last in ranges:
            return rng.uniform(*ranges[last], leaf.shape)
        if last == "gain":
            return rng.uniform(0.5, 1.5, leaf.shape) * rng.choice([-1.0, 1.0], leaf.shape)
        if last == "threshold":
            return 0.2 * rng.standard_normal(leaf.shape)
        scale = np.sqrt(2 / np.prod(leaf.shape[1:])) if last == "weight" else 0.5
        return scale * rng.standard_normal(leaf.shape)

    return map_named(stir, params)


def started(rng, network, params, x):
    """The parameters with a drawn initial state for every neuron, thresholds put right for it."""
    _, saved = network.forward(params, x)
    states = {
        name: State(
            0.5 * rng.standard_normal(s.membrane.shape), (rng.random(s.spikes.shape) < 0.5) * 1.0
        )
        for name, s in ns.final_states(network, saved).items()
    }
    return calibrated(network, ns.starting(network, params, states), x)[0]


def calibrated(layer, params, x):
    """(params, y) with thresholds in the widest gap between the middle potentials of step 0."""
    if isinstance(layer, ns.Serial):
        shares = []
        for part, p in zip(layer.layers, params, strict=True):
            p, x = calibrated(part, p, x)
            shares.append(p)
        return tuple(shares), x
    if isinstance(layer, ns.Residual):
        body, y = calibrated(layer.body, params.body, x)
        shortcut, short = calibrated(layer.shortcut, params.shortcut, x)
        return layer.Params(body, shortcut), y + short
    if isinstance(layer, ns.LIF):
        _, saved = layer.forward(params, x[:1])
        z = saved.membrane[0] - params.threshold
        shift = between(z)
        # at least one potential lies well within the surrogate's support
        width = np.maximum(params.width, 4 * np.abs(z - shift).min())
        params = params._replace(threshold=params.threshold + shift, width=width)
    return params, layer.forward(params, x)[0]


def between(potentials):
    """The middle of the widest gap between neighbours in the middle half of the values."""
    values = np.unique(potentials)
    assume(len(values) > 1)  # one potential for all: nothing to put a threshold between
    lowest, highest = (len(values) - 1) // 4, -(-(len(values) - 1) * 3 // 4)
    values = values[lowest : highest + 1]
    k = np.argmax(np.diff(values))
    return (values[k] + values[k + 1]) / 2


def watch_rates(network, saved):
    """Report how much each layer fires; a silent or a saturated one proves nothing."""
    for s in ns.spikes(network, saved).values():
        rate = s.real.mean()
        assert 0 < rate < 1, f"spike rate {rate}"
        event(f"spike rate {np.round(rate, 1):.1f}")


def variant(case, **fields):
    """The same case with fields of every neuron replaced."""
    network = ns.map_layers(
        lambda layer: replace(layer, **fields) if isinstance(layer, ns.LIF) else layer, case.network
    )
    return replace(case, network=network)
