"""Every regularizer's gradient against the complex step of its own loss, off its kinks."""

import numpy as np
import pytest
from hypothesis import given, settings
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
    consistency_loss,
    mean_over_layers,
    mpd,
)

STEP = 1e-30
BOUND = 1e-12

# Channels by (mean, std), at least 0.02 away from every kink of the three terms at their defaults.
CHANNELS = [(1.9, 0.1), (-0.8, 0.1), (0.3, 0.1), (0.56, 0.3), (0.45, 0.9), (0.7, 0.1), (5.0, 0.3)]

KINKED = [
    Degeneration(),
    Saturation(),
    Mismatch(),
    MPDLoss(),
    MPDLoss(threshold=1.0, low=0.4, high=1.6, k_degeneration=0.3, k_saturation=0, k_mismatch=2.0),
]
SMOOTH = [
    IMLoss(),
    IMLoss(per="channel"),
    IMLoss.of_authors(T=4),
    PotentialDistribution(),
    PotentialDistribution(epsilon=1e-6),
    SoftHistogramDistribution(),
    SoftHistogramDistribution(bins=9, reach=2.5, epsilon=1e-3),
    RatePenalty(),
    RatePenalty(target=0.3, threshold=1.0, width=0.05, per="channel"),
    MembraneL2(),
]


def with_moments(rng, channels, shape=(3, 4, 2, 3)):
    """A membrane [T, N, C, H, W] whose channels have exactly the given means and stds."""
    T, N, H, W = shape
    u = rng.standard_normal((T, N, len(channels), H, W))
    axes = (0, 1, 3, 4)
    u = (u - u.mean(axes, keepdims=True)) / u.std(axes, keepdims=True)
    mean, std = (np.array(x)[:, None, None] for x in zip(*channels, strict=True))
    return u * std + mean


def assert_gradient(regularizer, membrane, rng, directions=4):
    """<d_membrane, t> equals the tangent of the loss along random t, relative to sum |d t|."""
    loss, d_membrane = regularizer(membrane)
    assert d_membrane.shape == membrane.shape
    assert d_membrane.dtype == membrane.dtype
    assert np.abs(d_membrane).max() > 0, "a gradient that is 0 everywhere proves nothing"
    for _ in range(directions):
        t = rng.standard_normal(membrane.shape)
        lifted, _ = regularizer(membrane + 1j * STEP * t)
        assert lifted.real == pytest.approx(float(loss), rel=1e-14)
        scale = np.sum(np.abs(d_membrane * t))
        error = abs(np.sum(d_membrane * t) - lifted.imag / STEP) / scale
        assert error < BOUND, f"{regularizer}: relative error {error:.1e}"


@pytest.mark.parametrize("regularizer", KINKED, ids=repr)
def test_mpd_terms_off_their_kinks(regularizer):
    rng = np.random.default_rng(1)
    assert_gradient(regularizer, with_moments(rng, CHANNELS), rng)


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
def test_mpd_each_channel_alone_is_off_its_kinks(channel):
    """Guards the fixture: no argument of a hinge or of the max is within 0.02 of its switch."""
    mean, std = channel
    for k, ends in [(1.0, (0.5, 0.5)), (0.25, (1.0, 0.0)), (1.25, (0.0, 1.0))]:
        assert abs(mean - k * std - ends[0]) > 0.02
        assert abs(ends[1] - mean - k * std) > 0.02
    assert abs(mean - 0.5) > 0.02


@pytest.mark.parametrize("regularizer", SMOOTH, ids=repr)
def test_smooth_regularizers(regularizer):
    rng = np.random.default_rng(2)
    assert_gradient(regularizer, with_moments(rng, CHANNELS), rng)
    assert_gradient(regularizer, rng.normal(0.3, 0.8, (4, 5, 3)), rng)


@settings(deadline=None, max_examples=25, derandomize=True, database=None)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(2, 4), st.integers(1, 3)),
    seed=st.integers(0, 2**32 - 1),
    index=st.integers(0, len(SMOOTH) - 1),
    scale=st.sampled_from([1e-3, 0.3, 3.0]),
)
def test_smooth_regularizers_on_drawn_shapes(shape, seed, index, scale):
    rng = np.random.default_rng(seed)
    assert_gradient(SMOOTH[index], 0.25 + scale * rng.standard_normal(shape), rng, directions=1)


@pytest.mark.parametrize("regularizer", KINKED[:4] + SMOOTH, ids=repr)
def test_every_element_by_complex_step(regularizer):
    """One number an element, so that a failure names its place."""
    rng = np.random.default_rng(3)
    membrane = with_moments(rng, CHANNELS, shape=(2, 2, 1, 2))
    _, d_membrane = regularizer(membrane)
    expected = np.empty_like(membrane)
    for index in np.ndindex(membrane.shape):
        lifted = membrane.astype(np.complex128)
        lifted[index] += 1j * STEP
        expected[index] = regularizer(lifted)[0].imag / STEP
    np.testing.assert_allclose(
        d_membrane, expected, rtol=1e-11, atol=1e-13 * np.abs(expected).max()
    )


def test_a_channel_without_spread_among_others():
    """A dead channel's std has no tangent: lifted loss and gradient agree there too."""
    rng = np.random.default_rng(4)
    membrane = with_moments(rng, CHANNELS)
    membrane[:, :, 2] = 0.1
    membrane[:, :, 5] = 1.7
    assert_gradient(MPDLoss(), membrane, rng)
    assert_gradient(PotentialDistribution(), membrane, rng)


def test_consistency_loss():
    rng = np.random.default_rng(5)
    a, b = rng.normal(0, 3, (2, 6, 10))
    _, d_a, d_b = consistency_loss(a, b)
    t_a, t_b = rng.standard_normal((2, 6, 10))
    lifted, _, _ = consistency_loss(a + 1j * STEP * t_a, b + 1j * STEP * t_b)
    expected = np.sum(d_a * t_a) + np.sum(d_b * t_b)
    scale = np.sum(np.abs(d_a * t_a)) + np.sum(np.abs(d_b * t_b))
    assert abs(lifted.imag / STEP - expected) / scale < BOUND


def test_mean_over_layers():
    rng = np.random.default_rng(6)
    membranes = {"a": rng.normal(0.2, 1, (2, 3, 4)), "b": rng.normal(0, 1, (2, 3, 2, 3, 3))}
    t = {name: rng.standard_normal(u.shape) for name, u in membranes.items()}
    _, d = mean_over_layers(PotentialDistribution(), membranes)
    lifted = {name: u + 1j * STEP * t[name] for name, u in membranes.items()}
    loss, _ = mean_over_layers(PotentialDistribution(), lifted)
    expected = sum(np.sum(d[name] * t[name]) for name in membranes)
    assert loss.imag / STEP == pytest.approx(expected, rel=1e-12)


REAL = {name: getattr(mpd, name) for name in ("moments", "moments_backward", "positive_part")}
PLANTED = {
    "std's factor 1/2 lost": ("standard_deviation_backward", lambda s, std, d: d / std),
    "std's path lost": ("standard_deviation_backward", lambda s, std, d: 0 * d),
    "std's sign": ("standard_deviation_backward", lambda s, std, d: -d / (2 * std)),
    "mean's path lost": (
        "moments_backward",
        lambda s, d_mean, d_v: REAL["moments_backward"](s, 0 * d_mean, d_v),
    ),
    "sum for mean": (
        "moments_backward",
        lambda s, d_mean, d_v: REAL["moments_backward"](s, d_mean * s.size, d_v),
    ),
    "variance unbiased": (
        "moments",
        lambda u, axes: (lambda s: s._replace(variance=s.variance * s.size / (s.size - 1)))(
            REAL["moments"](u, axes)
        ),
    ),
    "tangent lost in the hinge": ("positive_part", lambda x: REAL["positive_part"](x.real)),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_caught(bug, monkeypatch):
    rng = np.random.default_rng(7)
    membrane = with_moments(rng, CHANNELS)
    assert_gradient(MPDLoss(), membrane, rng)
    name, replacement = PLANTED[bug]
    monkeypatch.setattr(mpd, name, replacement)
    with pytest.raises(AssertionError):
        assert_gradient(MPDLoss(), membrane, rng)
