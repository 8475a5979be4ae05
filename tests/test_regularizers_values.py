"""Regularizers worked by hand, against plain loops, and where a layer is dead or saturated."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

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
    channel_quantiles,
    conditional_entropy,
    consistency_loss,
    degeneration_by_quantile,
    entropy_of_spikes,
    gaussian_divergences,
    mean_over_layers,
    mismatch_both_ends,
    mismatch_by_quantile,
    mutual_information,
    quantisation_error,
    saturation_by_quantile,
)

ALL = [
    Degeneration(),
    Saturation(),
    Mismatch(),
    MPDLoss(),
    IMLoss(),
    IMLoss(per="channel"),
    PotentialDistribution(),
    SoftHistogramDistribution(),
    RatePenalty(),
    RatePenalty(per="channel"),
    MembraneL2(),
]


def pair(low, high):
    """One channel of two values: mean (low + high)/2, std (high - low)/2."""
    return np.array([low, high]).reshape(1, 2, 1)


# MPD-Loss by hand -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "low", "high", "loss", "d_low", "d_high"),
    [
        # mean 0.6, std 0.2: max(0.6 - 0.25, 0.4 - 0.25) = 0.35, squared; slopes 0.7 and -0.875
        (Mismatch(), 0.4, 0.8, 0.1225, 0.35 + 0.4375, 0.35 - 0.4375),
        # mean 0.4, std 0.1: max(0.275, 0.475)
        (Mismatch(), 0.3, 0.5, 0.225625, -0.475 + 0.59375, -0.475 - 0.59375),
        # mean 0.5, std 0.5 reaches past both ends: 0.5 - 0.625 < 0
        (Mismatch(), 0.0, 1.0, 0.0, 0.0, 0.0),
        # mean 0.9, std 0.1: 0.9 - 0.1 - 0.5 = 0.3
        (Degeneration(), 0.8, 1.0, 0.09, 0.3 + 0.3, 0.3 - 0.3),
        # mean 0.1, std 0.1: 0.5 - 0.1 - 0.1 = 0.3
        (Degeneration(), 0.0, 0.2, 0.09, -0.3 + 0.3, -0.3 - 0.3),
        (Degeneration(), 0.3, 0.8, 0.0, 0.0, 0.0),
        # mean 1.5, std 0.4: 1.5 - 0.1 - 1 = 0.4
        (Saturation(), 1.1, 1.9, 0.16, 0.4 + 0.1, 0.4 - 0.1),
        # mean -2, std 0.1: 0 + 2 - 0.025 = 1.975
        (Saturation(), -2.1, -1.9, 3.900625, -1.975 + 0.49375, -1.975 - 0.49375),
        # healthy: the printed brackets give 0.390625 here
        (Saturation(), 0.0, 1.0, 0.0, 0.0, 0.0),
    ],
)
def test_mpd_terms_by_hand(term, low, high, loss, d_low, d_high):
    value, d_membrane = term(pair(low, high))
    assert value == pytest.approx(loss, abs=1e-15)
    np.testing.assert_allclose(d_membrane.ravel(), [d_low, d_high], atol=1e-14)


def test_mpd_loss_is_the_sum_of_its_terms_and_the_mean_of_its_channels():
    rng = np.random.default_rng(0)
    membrane = rng.normal([0.2, 1.4, -0.9, 0.5], [0.3, 0.2, 0.1, 0.8], (3, 5, 4))
    mpd = MPDLoss()
    loss, d_membrane = mpd(membrane)
    parts = [term(membrane) for term in mpd.terms]
    assert loss == pytest.approx(sum(part for part, _ in parts), rel=1e-15)
    np.testing.assert_allclose(d_membrane, sum(d for _, d in parts), rtol=1e-12, atol=1e-16)
    alone = [mpd(membrane[:, :, c : c + 1]) for c in range(4)]
    assert loss == pytest.approx(np.mean([part for part, _ in alone]), rel=1e-14)
    joined = np.concatenate([d for _, d in alone], axis=2) / 4
    np.testing.assert_allclose(d_membrane, joined, rtol=1e-12, atol=1e-16)


def test_mpd_loss_against_plain_loops():
    rng = np.random.default_rng(1)
    membrane = rng.normal(
        [[[0.2]], [[1.4]], [[-0.9]]], [[[0.3]], [[0.2]], [[0.1]]], (2, 3, 3, 2, 2)
    )
    total = 0.0
    for c in range(3):
        u = [membrane[t, n, c, i, j] for t, n, i, j in np.ndindex(2, 3, 2, 2)]
        mean = math.fsum(u) / len(u)
        std = math.sqrt(math.fsum((x - mean) ** 2 for x in u) / len(u))
        total += max(mean - std - 0.5, 0) ** 2 + max(0.5 - mean - std, 0) ** 2
        total += max(mean - std / 4 - 1, 0) ** 2 + max(-mean - std / 4, 0) ** 2
        total += max(mean - 1.25 * std, 1 - mean - 1.25 * std, 0) ** 2
    loss, _ = MPDLoss()(membrane)
    assert loss == pytest.approx(total / 3, rel=1e-14)


def test_mismatch_leaves_its_tie_at_the_centre():
    loss, d_membrane = Mismatch()(np.full((2, 2, 1), 0.5))
    assert loss == 0.25
    assert (d_membrane == 0.25).all()  # 2 * 0.5 / 4: the first argument is followed


def test_the_interval_may_follow_another_threshold():
    rng = np.random.default_rng(2)
    membrane = rng.normal(0.4, 0.2, (3, 4, 2))
    loss, d_membrane = MPDLoss()(membrane)
    moved, d_moved = MPDLoss(threshold=1.5, low=1.0, high=2.0)(membrane + 1)
    assert moved == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(d_moved, d_membrane, rtol=1e-9, atol=1e-14)


# Extreme and quantile forms ---------------------------------------------------------------------


def test_extreme_forms_by_hand():
    channels = np.array([[0.6, 0.9], [1.2, 1.5], [-0.4, -0.2], [-0.2, 1.3], [0.2, 1.3]]).T
    membrane = channels.reshape(1, 2, 5)
    np.testing.assert_allclose(degeneration_by_quantile(membrane), [0.01, 0.49, 0.49, 0, 0])
    np.testing.assert_allclose(saturation_by_quantile(membrane), [0, 0.04, 0.04, 0, 0])
    np.testing.assert_allclose(mismatch_by_quantile(membrane), [0.36, 1.44, 1.44, 0, 0.04])
    np.testing.assert_allclose(mismatch_both_ends(membrane), [0.01, 0, 0, 0, 0], atol=1e-17)
    moved = {"low": 0.5, "high": 1.6}
    np.testing.assert_allclose(
        mismatch_by_quantile(membrane, **moved), [0.49, 0.49, 3.24, 0.09, 0.09]
    )
    np.testing.assert_allclose(
        mismatch_both_ends(membrane, **moved), [0.01, 0.01, 0, 0, 0], atol=1e-17
    )


def test_quantile_forms_against_sorted_values():
    rng = np.random.default_rng(3)
    membrane = rng.normal(0.7, 0.1, (5, 21, 2))
    ordered = np.sort(membrane.reshape(105, 2), axis=0)
    lower, upper = ordered[13], ordered[91]  # positions 104/8 and 104*7/8
    got = channel_quantiles(membrane, 0.125)
    np.testing.assert_allclose(got, [lower, upper], rtol=1e-15)
    expected = np.maximum(lower - 0.5, 0) ** 2 + np.maximum(0.5 - upper, 0) ** 2
    np.testing.assert_allclose(degeneration_by_quantile(membrane, 0.125), expected)
    expected = np.maximum(np.maximum(lower, 1 - upper), 0) ** 2
    np.testing.assert_allclose(mismatch_by_quantile(membrane, 0.125), expected)
    expected = np.maximum(lower - 0.6, 0) ** 2 + np.maximum(0.55 - upper, 0) ** 2
    got = saturation_by_quantile(membrane, 0.125, low=0.55, high=0.6)
    np.testing.assert_allclose(got, expected)


@pytest.mark.parametrize("k", [0.25, 1.0, 1.25])
def test_quantiles_of_a_gaussian_meet_mean_and_std(k):
    """Eq. 9 turns into eq. 10 on Gaussian potentials, epsilon = Phi(-k)."""
    rng = np.random.default_rng(4)
    membrane = rng.normal(1.3, 0.4, (4, 50_000, 1))
    lower, upper = channel_quantiles(membrane, stats.norm.cdf(-k))
    assert lower[0] == pytest.approx(1.3 - k * 0.4, abs=5e-3)
    assert upper[0] == pytest.approx(1.3 + k * 0.4, abs=5e-3)


def test_quantisation_error_by_hand():
    membrane = np.array([[[0.2, 0.7], [1.5, -0.5]]])
    spikes = (membrane >= 0.5).astype(float)
    assert quantisation_error(membrane, spikes) == pytest.approx((0.04 + 0.09 + 0.25 + 0.25) / 4)
    got = quantisation_error(membrane, spikes, per_channel=True)
    np.testing.assert_allclose(got, [0.145, 0.17])
    assert quantisation_error(membrane, spikes.astype(bool)) == pytest.approx(0.1575)


# IM-Loss and information ------------------------------------------------------------------------


def test_im_loss_by_hand():
    membrane = np.array([[[0.1, 0.9], [0.3, 1.5]]])  # channel means 0.2 and 1.2, mean 0.7
    loss, d_membrane = IMLoss()(membrane)
    assert loss == pytest.approx(0.04)
    np.testing.assert_allclose(d_membrane, np.full((1, 2, 2), 0.1))
    loss, d_membrane = IMLoss(per="channel")(membrane)
    assert loss == pytest.approx((0.09 + 0.49) / 2)
    np.testing.assert_allclose(d_membrane, np.broadcast_to([-0.15, 0.35], (1, 2, 2)))
    loss, _ = IMLoss.of_authors(T=4)(membrane)
    assert loss == pytest.approx((0.7 - 0.125) ** 2)
    loss, _ = IMLoss(threshold=1.0)(membrane)
    assert loss == pytest.approx(0.09)
    loss, _ = IMLoss(threshold=1.0, target=0.7)(membrane)
    assert loss == pytest.approx(0)


def test_entropy_by_hand():
    spikes = np.array([[[1, 0, 1], [1, 0, 0]], [[1, 0, 0], [1, 0, 0]]])  # rates 1, 0, 1/4
    h = 2 - 0.75 * math.log2(3)
    np.testing.assert_allclose(entropy_of_spikes(spikes, per="channel"), [0, 0, h])
    rate = 5 / 12
    expected = -rate * math.log2(rate) - (1 - rate) * math.log2(1 - rate)
    assert entropy_of_spikes(spikes) == pytest.approx(expected)


def test_mutual_information_by_hand():
    """u = 0, 1, 2, 3, fires at u >= 2: all of H(O) with an edge at 2, 0.311 bit with one at 1."""
    membrane = np.arange(4.0).reshape(1, 4, 1)
    spikes = membrane >= 2
    assert mutual_information(membrane, spikes, [2.0]) == pytest.approx(1)
    assert mutual_information(membrane, spikes, [1.0, 2.0, 3.0]) == pytest.approx(1)
    mixed = 0.75 * (math.log2(3) - 2 / 3)  # of the three above 1, two fire
    assert conditional_entropy(membrane, spikes, [1.0]) == pytest.approx(mixed)
    assert mutual_information(membrane, spikes, [1.0]) == pytest.approx(1 - mixed)
    assert mutual_information(membrane, spikes, [9.0]) == 0


# PDA --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (0.3, 1.0), (-0.5, 0.6), (1.0, 2.0)])
def test_gaussian_divergences_against_integrals(mean, std):
    p, n = stats.norm(mean, std), stats.norm()
    forward = integrate.quad(lambda x: p.pdf(x) * (p.logpdf(x) - n.logpdf(x)), -20, 20)[0]
    backward = integrate.quad(lambda x: n.pdf(x) * (n.logpdf(x) - p.logpdf(x)), -20, 20)[0]
    got = gaussian_divergences(mean, std**2)
    np.testing.assert_allclose(got, [forward, backward], atol=1e-9)


def test_potential_distribution_by_hand():
    """Step 0 has mean 0, variance 1: nothing. Step 1 mean 1, variance 4: (4 + 1 + 1/2 - 2)/8."""
    membrane = np.array([[[-1.0, 1.0]], [[-1.0, 3.0]]])
    loss, d_membrane = PotentialDistribution(epsilon=1e-13)(membrane)
    assert loss == pytest.approx(3.5 / 8, rel=1e-12)
    d_mean, d_variance = (2 + 2 / 4) / 8, (1 - 2 / 16) / 8
    np.testing.assert_allclose(d_membrane[0], 0, atol=1e-12)
    expected = [d_mean / 2 - 2 * d_variance, d_mean / 2 + 2 * d_variance]
    np.testing.assert_allclose(d_membrane[1, 0], expected, rtol=1e-12)


def test_potential_distribution_is_half_the_two_divergences():
    rng = np.random.default_rng(5)
    membrane = rng.normal(0.4, 0.7, (3, 6, 5))
    loss, _ = PotentialDistribution(epsilon=0.05)(membrane)
    both = [sum(gaussian_divergences(u.mean(), u.var() + 0.05)) for u in membrane]
    assert loss == pytest.approx(np.mean(both) / 2, rel=1e-13)


def test_potential_distribution_is_least_at_its_stated_optimum():
    u = np.random.default_rng(6).standard_normal((1, 40, 5))
    u = (u - u.mean()) / u.std()
    loss, d_membrane = PotentialDistribution(epsilon=0.01)(u * math.sqrt(0.99))
    assert loss == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(d_membrane, 0, atol=1e-16)


def test_soft_histogram_against_plain_loops():
    rng = np.random.default_rng(7)
    regularizer = SoftHistogramDistribution(bins=5, reach=2.0, epsilon=1e-3)
    membrane = rng.normal(0.3, 1.5, (2, 3, 4))
    centres, h = [-2.0, -1.0, 0.0, 1.0, 2.0], 1.0
    q = regularizer.target()
    total = 0.0
    for t in range(2):
        p = [0.0] * 5
        for u in membrane[t].ravel():
            w = [math.exp(-((c - u) ** 2) / (2 * h * h)) for c in centres]
            for b in range(5):
                p[b] += w[b] / sum(w) / 12
        p = [(1 - 1e-3) * p[b] + 1e-3 * q[b] for b in range(5)]
        total += sum((p[b] - q[b]) * math.log(p[b] / q[b]) for b in range(5)) / 4
    loss, _ = regularizer(membrane)
    assert loss == pytest.approx(total, rel=1e-12)


def test_soft_histogram_of_standard_normal_potentials_is_small_and_of_others_is_not():
    rng = np.random.default_rng(8)
    regularizer = SoftHistogramDistribution()
    np.testing.assert_allclose(regularizer.target().sum(), 1, rtol=1e-12)
    normal, _ = regularizer(rng.standard_normal((1, 200, 200)))
    assert normal < 1e-3
    far, _ = regularizer(rng.normal(0.5, 1, (1, 200, 200)))
    assert far == pytest.approx(
        0.125, rel=0.1
    )  # the Gaussian form: m^2/2 of a shift m, halved twice
    bimodal, _ = regularizer(rng.choice([-1.0, 1.0], (1, 200, 200)))
    gaussian, _ = PotentialDistribution()(rng.choice([-1.0, 1.0], (1, 200, 200)))
    assert bimodal > 0.5
    assert gaussian < 1e-3, "two moments cannot tell two spikes from a Gaussian"


def test_soft_histogram_joins_chunks(monkeypatch):
    rng = np.random.default_rng(9)
    membrane = rng.standard_normal((2, 5, 7))
    loss, d_membrane = SoftHistogramDistribution()(membrane)
    monkeypatch.setattr("numsnn.regularizers.pda_histogram.CHUNK", 4)
    pieces, d_pieces = SoftHistogramDistribution()(membrane)
    assert pieces == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(d_pieces, d_membrane, rtol=1e-11)


def test_consistency_by_hand():
    """p = (3/4, 1/4), q = (1/4, 3/4): (1/2) ln 3 each element, halved and averaged."""
    a, b = np.array([[math.log(3), 0.0]]), np.array([[0.0, math.log(3)]])
    loss, d_a, d_b = consistency_loss(a, b)
    assert loss == pytest.approx(math.log(3) / 4)
    slope = (3 / 4 * (math.log(3) / 2) + 1 / 2) / 4
    np.testing.assert_allclose(d_a, [[slope, -slope]])
    np.testing.assert_allclose(d_b, [[-slope, slope]])
    same, d_a, _ = consistency_loss(a, a)
    assert same == 0
    assert (d_a == 0).all()
    huge, d_huge, _ = consistency_loss(np.array([[1e4, 0.0]]), np.array([[0.0, 1e4]]))
    assert huge == pytest.approx(5e3)
    assert np.isfinite(d_huge).all()


# Rate and size ----------------------------------------------------------------------------------


def test_rate_penalty_by_hand():
    """At u = threshold -+ width ln 3 the smooth spike is 1/4 or 3/4."""
    u = 0.5 + 0.25 * math.log(3) * np.array([-1.0, 1.0]).reshape(1, 1, 2)
    loss, d_membrane = RatePenalty(target=0.1)(u)
    assert loss == pytest.approx(0.16)
    np.testing.assert_allclose(d_membrane, 2 * 0.4 / 2 * (3 / 16) / 0.25)
    loss, _ = RatePenalty(target=0.1, per="channel")(u)
    assert loss == pytest.approx((0.15**2 + 0.65**2) / 2)


def test_membrane_l2_by_hand():
    loss, d_membrane = MembraneL2()(np.array([[[1.0, -3.0]]]))
    assert loss == 5
    np.testing.assert_array_equal(d_membrane, [[[1.0, -3.0]]])


# Any regularizer --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("regularizer", ALL, ids=repr)
def test_dtype_in_dtype_out(regularizer, dtype):
    membrane = np.random.default_rng(10).normal(0.3, 0.4, (3, 4, 2, 3, 3))
    loss, d_membrane = regularizer(membrane.astype(dtype))
    assert loss.dtype == dtype
    assert d_membrane.dtype == dtype
    exact, d_exact = regularizer(membrane)
    eps = float(np.finfo(dtype).eps)
    assert loss.real == pytest.approx(float(exact), rel=50 * eps)
    np.testing.assert_allclose(d_membrane, d_exact, rtol=0, atol=200 * eps * np.abs(d_exact).max())


def test_single_precision_sums_do_not_drift():
    """A million elements: the mean and std are those of double precision on the same values."""
    membrane = np.random.default_rng(11).normal(100.3, 0.4, (4, 250_000, 1)).astype(np.float32)
    loss, _ = MPDLoss(threshold=100.0, low=99.5, high=100.5)(membrane)
    exact, _ = MPDLoss(threshold=100.0, low=99.5, high=100.5)(membrane.astype(np.float64))
    assert loss == pytest.approx(float(exact), rel=1e-5)


@pytest.mark.parametrize("regularizer", ALL, ids=repr)
def test_input_is_not_touched_and_layout_of_space_does_not_matter(regularizer):
    membrane = np.random.default_rng(12).normal(0.3, 0.4, (2, 4, 3, 2, 2))
    before = membrane.copy()
    loss, d_membrane = regularizer(membrane)
    np.testing.assert_array_equal(membrane, before)
    merged = membrane.transpose(0, 1, 3, 4, 2).reshape(2, 16, 3)  # pixels as samples
    flat, d_flat = regularizer(merged)
    assert flat == pytest.approx(float(loss), rel=1e-13)
    back = d_flat.reshape(2, 4, 2, 2, 3).transpose(0, 1, 4, 2, 3)
    np.testing.assert_allclose(back, d_membrane, rtol=1e-10, atol=1e-16)


def dead_network(depth, value, rng):
    """16 layers whose weights are too small to ever fire, or whose bias always fires."""
    spikes = rng.integers(0, 2, (4, 3, 8)).astype(float)
    membranes = {}
    for layer in range(depth):
        weight = 1e-3 * rng.standard_normal((8, 8))
        v, u = np.zeros((3, 8)), np.empty((4, 3, 8))
        for t in range(4):
            u[t] = 0.2 * v + spikes[t] @ weight + value
            v = u[t] * (u[t] < 0.5)
        spikes = (u >= 0.5).astype(float)
        membranes[f"layer{layer}"] = u
    return membranes


@pytest.mark.parametrize("value", [0.0, 2.0], ids=["dead", "saturated"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("regularizer", ALL, ids=repr)
def test_a_dead_or_saturated_network_of_16_layers(regularizer, value, dtype):
    """Layers past the first see no spread at all: loss and gradient stay finite, no warning."""
    membranes = dead_network(16, value, np.random.default_rng(13))
    assert np.ptp(membranes["layer9"][0]) <= (0.02 if value else 0)
    membranes = {name: u.astype(dtype) for name, u in membranes.items()}
    loss, d_membranes = mean_over_layers(regularizer, membranes, leave_out=["layer15"])
    assert np.isfinite(loss)
    assert len(d_membranes) == 15
    assert all(np.isfinite(d).all() for d in d_membranes.values())


@pytest.mark.parametrize(
    ("regularizer", "value", "push"),
    [
        (MPDLoss(), 0.0, -1),  # descent raises a silent channel
        (MPDLoss(), 2.0, 1),  # and lowers one that always fires
        (IMLoss(), 0.0, -1),
        (IMLoss(), 2.0, 1),
        (PotentialDistribution(), 2.0, 1),
        (SoftHistogramDistribution(), 2.0, 1),
        (RatePenalty(target=0.3), 0.0, -1),
        (RatePenalty(target=0.3), 1.0, 1),
    ],
    ids=repr,
)
def test_a_channel_without_spread_is_pushed_back(regularizer, value, push):
    _, d_membrane = regularizer(np.full((4, 3, 2), value))
    assert (np.sign(d_membrane) == push).all()


@pytest.mark.parametrize("spread", [1e-3, 1e-10, 1e-18, 1e-22, 1e-45, 1e-160, 1e-310])
@pytest.mark.parametrize("regularizer", ALL, ids=repr)
def test_a_vanishing_spread_stays_finite(regularizer, spread):
    membrane = spread * np.random.default_rng(14).standard_normal((3, 4, 2))
    for dtype in (np.float32, np.float64):
        with np.errstate(under="ignore"):
            u = membrane.astype(dtype)
        loss, d_membrane = regularizer(u)
        assert np.isfinite(loss)
        assert np.isfinite(d_membrane).all()
