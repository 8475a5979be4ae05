"""Scales: what a common factor of weights, thresholds and widths changes. Properties 12, 13, 14."""

import numpy as np
from hypothesis import given, target
from hypothesis import strategies as st

import numsnn as ns
from numsnn.tree import map_named

from .networks import HOMOGENEOUS, cases, share, watch_rates, with_share
from .tangents import ADJOINT, REORDERED, Cotangents, alive, cotangents, gap, gradient, same

PLAIN = {"chain_norm": False, "membrane_norm": False}
POTENTIALS = ("weight", "bias", "threshold", "membrane")  # what has the unit of a potential


def scaled(case, params, factors, also=()):
    """Every level's weights, biases, threshold and initial potential times its factor."""
    for level, factor in enumerate(factors):

        def scale(name, leaf, factor=factor):
            return factor * leaf if name.rpartition("/")[2] in (*POTENTIALS, *also) else leaf

        params = with_share(
            params, level, *(map_named(scale, part) for part in share(params, level))
        )
    return params


def spikes_only(w):
    """The cotangents of the output alone: a loss that does not look at potentials."""
    return Cotangents(w.output, {})


exponents = st.lists(st.integers(-8, 8), min_size=3, max_size=3)


@given(cases(**PLAIN), exponents)
def test_spikes_do_not_see_a_power_of_two(case, exponents):
    """12. (W, b, u0, threshold) of each layer times 2^k, without norms: the same spikes, to the
    bit; potentials times 2^k, to the bit."""
    factors = [2.0**k for k in exponents[: case.levels]]
    y, saved = case.forward()
    watch_rates(case.network, saved)
    y2, saved2 = case.forward(params=scaled(case, case.params, factors))
    same(y2, y)
    same(ns.spikes(case.network, saved2), ns.spikes(case.network, saved))
    before, after = ns.membranes(case.network, saved), ns.membranes(case.network, saved2)
    for (name, u), factor in zip(before.items(), factors, strict=False):
        same(after[name], factor * u)


def divided(case, d_params, factors):
    """The gradient that scaled parameters should have: of a potential's unit, so divided."""
    return scaled(case, d_params, [1 / f for f in factors], also=("width",))


@given(cases(**PLAIN, surrogates=HOMOGENEOUS), exponents)
def test_gradients_are_divided_by_a_power_of_two(case, exponents):
    """13. That scaling together with width -> c width: phi_c(v) = phi(v/c)/c, so dW -> dW/c, the
    input's gradient and the decay's stay. Powers of two: to the bit."""
    factors = [2.0**k for k in exponents[: case.levels]]
    y, saved = case.forward()
    w = spikes_only(cotangents(case.rng(), case.network, saved, y))
    d_params, d_x = gradient(case.network, saved, w)
    alive(d_params)
    _, saved2 = case.forward(params=scaled(case, case.params, factors, also=("width",)))
    d_params2, d_x2 = gradient(case.network, saved2, w)
    same((d_params2, d_x2), (divided(case, d_params, factors), d_x))


@given(cases(**PLAIN, surrogates=HOMOGENEOUS), st.lists(st.floats(0.1, 10), min_size=3, max_size=3))
def test_gradients_are_divided_by_any_factor(case, factors):
    """13, for any positive c: to rounding."""
    factors = factors[: case.levels]
    y, saved = case.forward()
    w = spikes_only(cotangents(case.rng(), case.network, saved, y))
    d_params, d_x = gradient(case.network, saved, w)
    _, saved2 = case.forward(params=scaled(case, case.params, factors, also=("width",)))
    d_params2, d_x2 = gradient(case.network, saved2, w)
    # undo the factors, so that all gradients are compared at one scale
    d_params2 = scaled(case, d_params2, factors, also=("width",))
    error = gap((d_params2, d_x2), (d_params, d_x))
    target(float(error))
    assert error <= REORDERED


@given(cases(**PLAIN, surrogates=HOMOGENEOUS))
def test_eulers_identity(case):
    """14. The sum of theta dL/dtheta over (W, lateral weights, b, u0, threshold, width) of a layer
    is 0: the spikes, and P, do not change when all of them grow alike."""
    y, saved = case.forward()
    watch_rates(case.network, saved)
    w = cotangents(case.rng(), case.network, saved, y)
    finals = {
        name: ns.MembraneCotangent(
            None, given.final._replace(membrane=np.zeros_like(given.final.membrane))
        )
        for name, given in w.membranes.items()
        if name.startswith("lif")
    }
    d_params, _ = gradient(case.network, saved, Cotangents(w.output, finals))
    for level in range(case.levels):
        terms = []
        for part, d_part in zip(share(case.params, level), share(d_params, level), strict=True):
            map_named(
                lambda name, p, d, terms=terms: (
                    terms.append(p * d)
                    if name.rpartition("/")[2] in (*POTENTIALS, "width")
                    else None
                ),
                part,
                d_part,
            )
        total = sum(term.sum() for term in terms)
        size = sum(np.abs(term).sum() for term in terms)
        assert size > 0
        error = abs(total) / size
        target(float(error), label=f"layer {level}")
        assert error <= ADJOINT
