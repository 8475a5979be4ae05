"""Regularizers on drawn membranes, off their kinks by construction. Property 32."""

import numpy as np
from hypothesis import given, target
from hypothesis import strategies as st

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
)

from .networks import seeds
from .tangents import ADJOINT, STEP

KINKED = (Degeneration(), Saturation(), Mismatch(), MPDLoss())
SMOOTH = (
    IMLoss(),
    IMLoss(per="channel"),
    IMLoss.of_authors(T=3),
    PotentialDistribution(),
    SoftHistogramDistribution(),
    RatePenalty(),
    RatePenalty(target=0.3, threshold=1.0, width=0.1, per="channel"),
    MembraneL2(),
)


@st.composite
def membranes(draw, anywhere=False):
    """[T, N, C, H, W] with means and deviations a channel from the table, or any; and a Generator."""
    rng = np.random.default_rng(draw(seeds))
    T, N, C = draw(st.integers(1, 3)), draw(st.integers(2, 3)), draw(st.integers(1, 4))
    u = rng.standard_normal((T, N, C, 2, 2))
    axes = (0, 1, 3, 4)
    u = (u - u.mean(axes, keepdims=True)) / u.std(axes, keepdims=True)
    if anywhere:
        moments = np.stack([rng.uniform(-2, 3, C), rng.uniform(0.05, 3, C)], axis=1)
    else:
        moments = np.array([draw(st.sampled_from(CHANNELS)) for _ in range(C)])
    return u * moments[:, 1][:, None, None] + moments[:, 0][:, None, None], rng


# Means and deviations at least 0.02 from every kink of the three MPD terms at their defaults:
# silent, saturated, narrow within, wide over, and far out on either side.
CHANNELS = [
    (1.9, 0.1),
    (-0.8, 0.1),
    (0.3, 0.1),
    (0.56, 0.3),
    (0.45, 0.9),
    (0.7, 0.1),
    (5.0, 0.3),
    (-3.0, 2.0),
]


def check(regularizer, u, rng):
    loss, d_u = regularizer(u)
    t = rng.standard_normal(u.shape)
    lifted, _ = regularizer(u + 1j * STEP * t)
    size = np.abs(d_u * t).sum()
    assert lifted.real == loss or abs(lifted.real - loss) <= 1e-13 * abs(loss)
    if size == 0:
        assert lifted.imag == 0
        return 0.0
    error = abs((d_u * t).sum() - lifted.imag / STEP) / size
    target(float(error))
    return error


@given(st.sampled_from(KINKED), membranes())
def test_hinges_off_their_kinks(regularizer, drawn):
    """32. Gradient ~ complex step, for the terms with hinges, at means and deviations off them."""
    assert check(regularizer, *drawn) <= ADJOINT


@given(st.sampled_from(SMOOTH), membranes(anywhere=True))
def test_smooth_regularizers_anywhere(regularizer, drawn):
    """32, for the smooth ones, at any mean and deviation."""
    assert check(regularizer, *drawn) <= ADJOINT
    assert np.any(regularizer(drawn[0])[1])


@given(st.sampled_from((*KINKED, *SMOOTH)), membranes(), st.randoms(use_true_random=False))
def test_the_order_of_samples_and_steps_is_nothing_to_a_regularizer(regularizer, drawn, random):
    """32, on the way: these are functions of a distribution; d_membrane moves with the samples."""
    u, _ = drawn
    order = np.array(random.sample(range(u.shape[1]), u.shape[1]))
    loss, d_u = regularizer(u)
    loss2, d_u2 = regularizer(u[::-1, order])
    size = max(np.abs(d_u).max(), 1e-300)
    assert abs(loss - loss2) <= 1e-12 * (abs(loss) + 1e-300)
    assert np.abs(d_u2 - d_u[::-1, order]).max() <= 1e-11 * size
