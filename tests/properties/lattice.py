"""Networks on dyadic lattices: every sum and product is exact, so equality is equality of bits.

Weights and initial potentials are multiples of 2^-G, inputs 0 and 1, the decay 2^-k or 0, resets
hard. Potentials of step t are then multiples of 2^-(G + k (t + 1)), and a threshold that is an odd
multiple of 2^-(G + k T + 1) is never touched. The slope is a rectangle's of width 2: 1/2 or 0. A
backward pass multiplies potentials with cotangents, so its bits add up over steps and layers:
``bits`` counts them, and T is drawn among the lengths for which they fit.
"""

import numpy as np
from hypothesis import strategies as st

import numsnn as ns
from numsnn.neurons import State
from numsnn.surrogates import Rectangular
from numsnn.tree import map_named, map_tree

from .networks import Case, between, seeds

G = 2  # weights are multiples of 1/4
LONGEST = 6
ROOM = 14  # bits for magnitudes: sums of some dozens of numbers of a few bits each


def bits(T, depth, k, kept, lateral):
    """How far below 1 the last bit of any gradient can lie, for integer cotangents.

    Backwards, a step: d_s = d_spikes - h d_v (the product only if kept), d_h = d_s/2 + d_v,
    d_v = 2^-k d_h, and the lateral weight from h[t+1] to s[t]. A layer: the weight below it.
    """
    d_spikes = 0
    for _ in range(depth):
        d_v = d_h = 0
        for t in reversed(range(T)):
            h = G + k * (t + 1)
            d_s = max(d_spikes, h + d_v if kept else 0, G + d_h if lateral and t < T - 1 else 0)
            d_h = max(d_s + 1, d_v)
            d_v = d_h + k
        z = G + k * T + 1
        d_width = d_h + z + 2  # z/4 times a cotangent, the finest of the parameters' gradients
        d_spikes = d_h + G
    return d_width


@st.composite
def lattice_cases(
    draw,
    depth=(1, 3),
    least=1,
    lateral=True,
    residual=True,
    images=True,
    bias=True,
    states=True,
    norms=True,
    decays=(1, 2, 0, None),
    readout=True,
    positive=False,
    precision=np.float64,
):
    """Networks of one to three layers on which ``precision`` makes no rounding error at all.

    decays holds exponents k of decay = 2^-k, None for decay 0. ``False`` leaves a feature out.
    positive: every threshold is above 0; only without biases, norms and initial states.
    """

    def maybe(allowed):
        return allowed and draw(st.booleans())

    deep, k = draw(st.integers(*depth)), draw(st.sampled_from(decays))
    decay, k = (0.0, 0) if k is None else (2.0**-k, k)
    image, side, kept = maybe(images), maybe(lateral), draw(st.booleans())
    room = np.finfo(precision).nmant - ROOM
    if bits(least, deep, k, kept, side) > room:
        kept = False
    T = draw(
        st.sampled_from(
            [
                T
                for T in range(least, LONGEST + 1)
                if least == T or bits(T, deep, k, kept, side) <= room
            ]
        )
    )
    N, C, inputs = (draw(st.integers(2, 4)) for _ in range(3))
    shape = (C, 1, 1) if image else (C,)
    levels = []
    for level in range(deep):
        across = ns.Conv2d(C, C, 3, padding=1, groups=C, bias=False) if image else ns.Linear(C, C)
        fan_in = inputs if level == 0 else C
        each = shape if draw(st.booleans()) else ()
        neuron = ns.LIF(
            surrogate=Rectangular(),
            tie=draw(st.sampled_from(("silent", "fires"))),
            detach_reset=not kept,
            norm=_dyadic_norm(shape) if maybe(norms) else None,
            lateral=across if side else None,
            decay_shape=each,
            threshold_shape=each,
            width_shape=each,
        )
        kernel = ns.Conv2d(fan_in, C, (2, 3), padding=1, bias=bias)
        body = ns.Serial(kernel if image else ns.Linear(fan_in, C, bias), neuron)
        if level and not image and maybe(residual):
            body = ns.Residual(body)
        levels.append(body)
    tail = [ns.Flatten()] if image else []
    tail += [ns.Accumulate()] if maybe(readout) else []
    network = ns.named(ns.Serial(*levels, *tail))
    seed = draw(seeds)
    rng = np.random.default_rng([seed, 0])
    x = rng.integers(0, 2, (T, N, inputs, *((3, 2) if image else ()))) * 1.0
    x[0, :, 0] = 1  # nobody is shown nothing
    params = map_named(_stir(rng, decay), network.init(rng, np.float64))
    if maybe(states):
        _, saved = network.forward(params, x)
        given = {
            name: State(
                _apart(rng.integers(-4, 5, s.membrane.shape) / 2.0**G, axis=1),
                rng.integers(0, 2, s.spikes.shape) * 1.0,
            )
            for name, s in ns.final_states(network, saved).items()
        }
        params = ns.starting(network, params, given)
    params, _ = _on_lattice(
        network, params, x, 2.0 ** -(G + k * T + 1), 0.0 if positive else -np.inf
    )
    return Case(network, params, x, seed)


def _stir(rng, decay):
    def stir(name, leaf):
        last = name.rpartition("/")[2]
        constants = {"decay": decay, "width": 2.0, "threshold": 0.0}
        if last in constants:
            return np.full(leaf.shape, constants[last])
        if last == "gain":
            gains = rng.choice([-1.0, 1.0, 2.0], leaf.shape)
            gains[:2] = np.abs(gains[:2])
            return gains
        return _apart(rng.integers(-4, 5, leaf.shape) / 2.0**G, 2.0**-G * (last == "weight"))

    return stir


def _apart(values, least=0.0, axis=0):
    """Whatever comes in drives the first unit along ``axis`` up and the second down."""
    units = np.moveaxis(values, axis, 0)  # a view
    units[0] = np.abs(units[0]) + least
    units[1] = -np.abs(units[1]) - least
    return values


def _dyadic_norm(shape):
    """An affine norm on the membrane whose slope is its gain: variance + eps = 1, mean 1/4."""
    eps = 2.0**-10
    return ns.FixedNorm(
        shape, ns.Statistics(np.full(shape, 0.25), np.full(shape, 1 - eps)), eps=eps
    )


def _on_lattice(layer, params, x, finest, least):
    """(params, y) with thresholds ``finest`` above a potential of step 0 that others exceed.

    Potentials are even multiples of ``finest``; so is ``least``, the lowest one to stay above.
    """
    if isinstance(layer, ns.Serial):
        shares = []
        for part, p in zip(layer.layers, params, strict=True):
            p, x = _on_lattice(part, p, x, finest, least)
            shares.append(p)
        return tuple(shares), x
    if isinstance(layer, ns.Residual):
        body, y = _on_lattice(layer.body, params.body, x, finest, least)
        return layer.Params(body, params.shortcut), y + x
    if isinstance(layer, ns.LIF):
        _, saved = layer.forward(params, x[:1])
        u = saved.membrane[0]
        below = max(u[u < between(u)].max(), least)
        params = params._replace(threshold=np.full(params.threshold.shape, below + finest))
    return params, layer.forward(params, x)[0]


def whole_numbers(rng, tree):
    """Integers from -2 to 2 in place of every number: cotangents that keep the lattice."""
    return map_tree(lambda leaf: rng.integers(-2, 3, np.shape(leaf)) * 1.0, tree)
