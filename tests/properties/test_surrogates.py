"""Surrogates at drawn points and widths. Properties 4 and 5."""

from itertools import pairwise

import numpy as np
from hypothesis import given, target
from hypothesis import strategies as st

from numsnn.surrogates import SURROGATES, Scaled

from .networks import seeds
from .tangents import STEP

surrogates = st.sampled_from(sorted(SURROGATES)).map(SURROGATES.get)
factors = st.sampled_from((None, 0.5, 3.0))
widths = st.floats(-3, 3).map(lambda e: 10.0**e)


def one(surrogate, factor):
    return surrogate if factor is None else Scaled(surrogate, factor)


def points(surrogate, rng, count=40):
    """x = z/width between and beyond the kinks, none closer to one than 1/1000."""
    kinks = sorted(float(kink) for kink in surrogate.kinks(1.0))
    edges = [-30.0, *kinks, 30.0]
    pieces = [rng.uniform(a + 1e-3, b - 1e-3, count) for a, b in pairwise(edges)]
    return np.concatenate([*pieces, 3 * rng.standard_normal(0 if kinks else count)])


@given(surrogates, factors, widths, seeds)
def test_the_slopes_are_the_partials_of_the_primitive(surrogate, factor, width, seed):
    """4. phi ~ dP/dz and the width rule ~ dP/dwidth, by complex step, at any width."""
    surrogate = one(surrogate, factor)
    x = points(surrogate, np.random.default_rng(seed))
    z = width * x
    ds_dz, ds_dwidth = surrogate.slopes(z, width)
    in_z = surrogate.value(z + 1j * STEP, width).imag / STEP
    in_width = surrogate.value(z, width + 1j * STEP).imag / STEP
    # Both partials are sums of terms of the size of the peak, times |x| for the width's.
    size = np.abs(ds_dz).max()
    error = max(
        (np.abs(in_z - ds_dz) / size).max(),
        (np.abs(in_width - ds_dwidth) / (size * (1 + np.abs(x)))).max(),
    )
    target(float(error))
    assert error <= 2**5 * np.finfo(float).eps
    assert size > 0


@given(surrogates, factors, widths, seeds)
def test_the_scaling_rule_of_the_width(surrogate, factor, width, seed):
    """4, in closed form: for the bounded ones P depends on z/width alone, so the width's partial
    is -z/width times the slope, and the slope at width w is that at width 1, divided by w."""
    if not np.isfinite(surrogate.gain):
        surrogate = SURROGATES["sigmoid"]
    surrogate = one(surrogate, factor)
    x = points(surrogate, np.random.default_rng(seed))
    ds_dz, ds_dwidth = surrogate.slopes(width * x, width)
    unit, _ = surrogate.slopes(x, 1.0)
    bound = 2**9 * np.finfo(float).eps * np.abs(unit).max() * (1 + np.abs(x))
    assert (np.abs(width * ds_dz - unit) <= bound).all()
    assert (np.abs(width * ds_dwidth + x * unit) <= bound * (1 + np.abs(x))).all()


@given(surrogates, factors, widths)
def test_the_gain_is_what_the_primitive_rises_by(surrogate, factor, width):
    """5. P(inf) - P(-inf) = the declared gain, where P is bounded; P rises all the way."""
    surrogate = one(surrogate, factor)
    far = width * 1e18
    low, middle, high = surrogate.value(np.array([-far, 0.0, far]), width)
    if np.isfinite(surrogate.gain):
        assert abs((high - low) - surrogate.gain) <= 8 * np.finfo(float).eps * surrogate.gain
        assert middle == 0.5
    else:
        assert abs(high / (far * (factor or 1.0)) - 1) <= 1e-15
        assert abs(low - (0 if factor is None else 0.5 - factor / 2)) <= 1e-15
    rises = np.diff(surrogate.value(width * np.linspace(-5, 5, 41), width))
    assert (rises >= -4 * np.finfo(float).eps * (1 + np.abs(middle))).all()


@given(surrogates, widths, seeds)
def test_the_slope_integrates_to_the_rise(surrogate, width, seed):
    """5, between any two points off the kinks: the integral of phi is the difference of P.

    Gauss-Legendre on each piece between kinks, where the slope is smooth.
    """
    rng = np.random.default_rng(seed)
    a, b = np.sort(rng.uniform(-3, 3, 2)) * width
    nodes, weights = np.polynomial.legendre.leggauss(60)
    inner = sorted(float(k) for k in surrogate.kinks(width) if a < float(k) < b)
    edges = [a, *inner, b]
    total = 0.0
    for left, right in pairwise(edges):
        z = (left + right) / 2 + (right - left) / 2 * nodes
        total += (right - left) / 2 * np.sum(weights * surrogate.slopes(z, width)[0])
    rise = surrogate.value(np.array([a, b]), width)
    error = abs(total - (rise[1] - rise[0]))
    target(float(error / (1 + width * (surrogate.gain == np.inf))))
    assert error <= 1e-12 * (1 + np.abs(rise).max())
