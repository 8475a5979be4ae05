"""Surrogates: hand-computed values, area, P(0), slopes by complex step, and no overflow anywhere."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

import numsnn as ns
from numsnn.surrogates import (
    SURROGATES,
    Arctangent,
    ClampedTanh,
    FastSigmoid,
    Gaussian,
    Rectangular,
    Scaled,
    Sigmoid,
    Softplus,
    Tanh,
    Triangular,
)

EVERY = {**SURROGATES, "scaled": Scaled(Arctangent(), 2.5), "sharper": ClampedTanh(sharpness=5.0)}
BOUNDED = {name: s for name, s in EVERY.items() if np.isfinite(s.gain)}
STEP = 1e-30
each = pytest.mark.parametrize("surrogate", EVERY.values(), ids=EVERY.keys())
each_bounded = pytest.mark.parametrize("surrogate", BOUNDED.values(), ids=BOUNDED.keys())

# P and dP/dz at z = 1/4 and z = -1/2, width 1, from the formulas with e, pi and a calculator.
VALUES = [
    (Rectangular(), 0.25, 0.75, 1.0),
    (Rectangular(), 0.75, 1.0, 0.0),
    (Rectangular(), 0.5, 1.0, 0.0),  # open: the end is outside
    (Rectangular(closed=True), 0.5, 1.0, 1.0),
    (Rectangular(closed=True), -0.5, 0.0, 1.0),
    (Triangular(), 0.25, 0.71875, 0.75),  # 1/2 + 1/4 - 1/32
    (Triangular(), -0.5, 0.125, 0.5),
    (Triangular(), 1.5, 1.0, 0.0),
    (Sigmoid(), 0.25, 0.56217650088579807, 0.24613408273759835),
    (Arctangent(), 0.25, 0.57797913037736932, 0.29958577523180300),
    (Arctangent(), -0.5, 0.35241638234956674, 0.25464790894703254),
    (Tanh(), 0.25, 0.62245933120185459, 0.47000742440318897),  # (1 + 0.2449187)/2
    (FastSigmoid(), 0.25, 0.6, 0.32),
    (FastSigmoid(), -0.5, 1 / 3, 2 / 9),
    (Gaussian(), 0.25, 0.59870632568292371, 0.38666811680284924),
    (Softplus(), 0.25, 0.82593941987884356, 0.56217650088579807),
    (ClampedTanh(), 0.0, 0.5, 1.6571870894737681),  # 3/(2 tanh 1.5)
    (ClampedTanh(), -0.5, 0.0, 0.29946470900646827),  # 1.657 (1 - tanh(1.5)^2)
    (ClampedTanh(), 0.75, 1.0, 0.0),
    (Scaled(Rectangular(), 3.0), 0.25, 1.25, 3.0),
]


@pytest.mark.parametrize(("surrogate", "z", "value", "slope"), VALUES, ids=str)
def test_values(surrogate, z, value, slope):
    z = np.array([z])
    assert surrogate.value(z, 1.0).item() == pytest.approx(value, rel=1e-10)
    assert surrogate.slopes(z, 1.0)[0].item() == pytest.approx(slope, rel=1e-10)


@each
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_a_cotangent_of_higher_precision_keeps_it(surrogate, dtype):
    rng = np.random.default_rng(0)
    z, width = rng.standard_normal((2, 5)).astype(np.float32), np.ones((), np.float32)
    d_s = rng.standard_normal((2, 5)) * dtype(1 + 1j if dtype is np.complex128 else 1)
    d_z, _ = surrogate.backward(z, width, d_s, None)
    assert d_z.dtype == dtype
    np.testing.assert_array_equal(d_z, surrogate.slopes(z, width)[0] * d_s)


@each_bounded
@pytest.mark.parametrize("width", [0.5, 1.0, 3.0])
def test_the_slope_has_the_declared_area(surrogate, width):
    """Quadrature of dP/dz, split at the kinks; the tails through z = tan(a)."""

    def slope(a):
        z = np.array([math.tan(a)])
        return surrogate.slopes(z, width)[0].item() * (1 + math.tan(a) ** 2)

    edges = [math.atan(float(kink)) for kink in surrogate.kinks(width)]
    edges = [-math.pi / 2 + 1e-9, *edges, 0.0, math.pi / 2 - 1e-9]
    edges = sorted(set(edges))
    # one step inside each end, so that a jump there is seen from its own side
    pieces = [
        quad(slope, a + 1e-12, b - 1e-12, epsabs=1e-10, limit=200) for a, b in pairwise(edges)
    ]
    area, error = (sum(x) for x in zip(*pieces, strict=True))
    assert abs(area - surrogate.gain) < 1e-8 + error


@each
def test_the_constant_is_pinned(surrogate):
    """P(0) = 1/2 for the bounded ones at every width; P(-inf) = 0 for softplus."""
    for width in (0.01, 1.0, 70.0):
        if np.isfinite(surrogate.gain):
            assert surrogate.value(np.zeros(1), width).item() == 0.5
        else:
            assert surrogate.value(np.array([-1e6]), width).item() == 0.0


def points(surrogate, width):
    """z inside and outside, none within width/100 of a kink."""
    x = np.array([-800.0, -20, -3, -1.3, -0.9, -0.6, -0.4, -0.1, 0.1, 0.3, 0.7, 1.2, 2, 20, 800])
    for kink in surrogate.kinks(1.0):
        assert np.abs(x - kink).min() > 0.01
    return x * width


@each
@pytest.mark.parametrize("width", [0.1, 1.0, 7.0])
def test_slopes_are_the_derivatives_of_the_value(surrogate, width):
    z = points(surrogate, width)
    ds_dz, ds_dwidth = surrogate.slopes(z, width)
    in_z = surrogate.value(z + 1j * STEP, width).imag / STEP
    in_width = surrogate.value(z, width + 1j * STEP).imag / STEP
    largest = np.abs(ds_dz).max()
    np.testing.assert_allclose(in_z, ds_dz, rtol=0, atol=1e-14 * largest)
    # z/width times a slope, or for softplus the difference of two terms of that size
    bound = 1e-14 * (1 + largest) * (1 + np.abs(z / width))
    assert (np.abs(in_width - ds_dwidth) <= bound).all()
    if surrogate.analytic:
        at_zero = surrogate.value(np.zeros(1) + 1j * STEP, width).imag / STEP
        assert at_zero.item() == pytest.approx(surrogate.slopes(np.zeros(1), width)[0].item())


@each
def test_the_value_is_real_where_differences_see_it(surrogate):
    """Central differences of the real function agree: complex step took no other branch."""
    z = points(surrogate, 0.5)
    h = 1e-6
    in_z = (surrogate.value(z + h, 0.5) - surrogate.value(z - h, 0.5)) / (2 * h)
    in_width = (surrogate.value(z, 0.5 + h) - surrogate.value(z, 0.5 - h)) / (2 * h)
    ds_dz, ds_dwidth = surrogate.slopes(z, 0.5)
    np.testing.assert_allclose(in_z, ds_dz, atol=2e-8 * (1 + np.abs(z).max()))
    np.testing.assert_allclose(in_width, ds_dwidth, atol=2e-8 * (1 + np.abs(z).max()))


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("size", [0.0, 1.0, 20.0, 800.0])
@pytest.mark.parametrize("shape", [(), (2,)])
def test_no_overflow_and_no_change_of_precision(surrogate, dtype, size, shape):
    width = np.full(shape, 0.25, dtype)
    z = np.array([[-0.25 * size, 0.25 * size]], dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        value = surrogate.value(z, width)
        ds_dz, ds_dwidth = surrogate.slopes(z, width)
    for array in (value, ds_dz, ds_dwidth):
        assert array.dtype == dtype
        assert array.shape == z.shape
        assert np.isfinite(array).all()
    if np.isfinite(surrogate.gain):
        # The declared gain is never exceeded, and the low end mirrors the high end.
        top = 0.5 + surrogate.gain / 2
        assert value.real.max() <= top * (1 + 4 * np.finfo(dtype).eps)
        np.testing.assert_allclose(value[0, 0] + value[0, 1], 1, atol=4 * top * np.finfo(dtype).eps)


@each
def test_a_width_for_each_channel(surrogate):
    width = np.array([0.5, 1.0, 4.0])
    z = np.linspace(-1.9, 2.1, 12).reshape(4, 3)
    value, (ds_dz, ds_dwidth) = surrogate.value(z, width), surrogate.slopes(z, width)
    for c in range(3):
        np.testing.assert_array_equal(value[:, c], surrogate.value(z[:, c], width[c]))
        alone = surrogate.slopes(z[:, c], width[c])
        np.testing.assert_array_equal(ds_dz[:, c], alone[0])
        np.testing.assert_array_equal(ds_dwidth[:, c], alone[1])


@each
def test_a_width_must_be_positive(surrogate):
    for width in (0.0, -1.0, np.nan, np.array([1.0, 0.0])):
        with pytest.raises(ns.NumsnnError, match="width must be positive"):
            surrogate.check_width(width)
    surrogate.check_width(np.array([1e-9, 1e9]))
