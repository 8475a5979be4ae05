"""What regularizers refuse, and that they say why."""

import numpy as np
import pytest

from numsnn.errors import NumsnnError
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
    binary_entropy,
    channel_quantiles,
    consistency_loss,
    entropy_of_spikes,
    mean_over_layers,
    mutual_information,
    quantisation_error,
)

U = np.linspace(-1, 2, 24).reshape(2, 3, 4)

SETTINGS = [
    (lambda: Degeneration(k=-1), "Degeneration: k is -1, expected .* >= 0"),
    (lambda: Degeneration(k=float("nan")), "k is nan"),
    (lambda: Degeneration(threshold=0), "threshold is 0, expected .* > 0"),
    (lambda: Degeneration(threshold="half"), "threshold is 'half'"),
    (lambda: Saturation(k=-0.25), "Saturation: k is -0.25"),
    (lambda: Saturation(low=1.0, high=1.0), "low < high"),
    (lambda: Saturation(low=float("-inf")), "low is -inf"),
    (lambda: Mismatch(k=-2), "Mismatch: k is -2"),
    (lambda: Mismatch(low=2), "low < high"),
    (lambda: MPDLoss(k_degeneration=-1), "Degeneration: k is -1"),
    (lambda: MPDLoss(k_saturation=-1), "Saturation: k is -1"),
    (lambda: MPDLoss(k_mismatch=-1), "Mismatch: k is -1"),
    (lambda: MPDLoss(threshold=-0.5), "threshold is -0.5"),
    (lambda: IMLoss(threshold=0.0), "IMLoss: threshold is 0.0"),
    (lambda: IMLoss(target=float("inf")), "target is inf"),
    (lambda: IMLoss(per="neuron"), "per is 'neuron', expected one of layer, channel"),
    (lambda: IMLoss.of_authors(T=0), "T is 0"),
    (lambda: PotentialDistribution(epsilon=0.0), "epsilon is 0.0"),
    (lambda: SoftHistogramDistribution(bins=1), "bins is 1"),
    (lambda: SoftHistogramDistribution(reach=0.0), "reach is 0.0"),
    (lambda: SoftHistogramDistribution(epsilon=0.0), "epsilon is 0.0"),
    (lambda: SoftHistogramDistribution(epsilon=1.0), "epsilon is 1.0"),
    (lambda: RatePenalty(target=1.5), "target is 1.5"),
    (lambda: RatePenalty(threshold=-1), "threshold is -1"),
    (lambda: RatePenalty(width=0.0), "width is 0.0"),
    (lambda: RatePenalty(per="step"), "per is 'step'"),
]


@pytest.mark.parametrize(("build", "message"), SETTINGS, ids=[m for _, m in SETTINGS])
def test_settings_outside_the_constraints(build, message):
    with pytest.raises(NumsnnError, match=message):
        build()


REGULARIZERS = [
    Degeneration(),
    Saturation(),
    Mismatch(),
    MPDLoss(),
    IMLoss(),
    PotentialDistribution(),
    SoftHistogramDistribution(),
    RatePenalty(),
    MembraneL2(),
]


@pytest.mark.parametrize("regularizer", REGULARIZERS, ids=repr)
@pytest.mark.parametrize(
    ("membrane", "message"),
    [
        (np.ones((3, 4)), r"2 axes \(shape \(3, 4\)\), expected \[T, N, C\] or \[T, N, C, H, W\]"),
        (np.ones((2, 3, 4, 5)), "4 axes"),
        (np.ones((0, 3, 4)), r"empty on axis 0 \(T\)"),
        (np.ones((2, 0, 4)), r"empty on axis 1 \(N\)"),
        (np.ones((2, 3, 0)), r"empty on axis 2 \(C\)"),
        (np.ones((2, 3, 4, 5, 0)), r"empty on axis 4 \(W\)"),
        (np.ones((2, 3, 4), int), "dtype int64"),
        (np.where(U[1, 2, 3] == U, np.nan, U), r"membrane\[1, 2, 3\] is nan"),
        (np.where(U[0, 1, 0] == U, -np.inf, U), r"membrane\[0, 1, 0\] is -inf"),
    ],
    ids=["rank2", "rank4", "T", "N", "C", "W", "int", "nan", "inf"],
)
def test_membranes_that_are_none(regularizer, membrane, message):
    name = type(regularizer).__name__
    with pytest.raises(NumsnnError, match=f"{name}: .*{message}"):
        regularizer(membrane)


@pytest.mark.parametrize("regularizer", REGULARIZERS[:6] + REGULARIZERS[8:], ids=repr)
def test_a_loss_that_does_not_fit_is_no_number(regularizer):
    membrane = np.array([3e38, 2e38, 1e38, 2.5e38], np.float32).reshape(1, 4, 1)
    with pytest.raises(NumsnnError, match="overflows float32"):
        regularizer(membrane)


def test_extreme_but_bounded_losses_stay_numbers():
    membrane = np.array([3e38, -3e38], np.float32).reshape(1, 2, 1)
    for regularizer in (RatePenalty(), SoftHistogramDistribution()):
        loss, d_membrane = regularizer(membrane)
        assert np.isfinite(loss)
        assert np.isfinite(d_membrane).all()


REPORTS = [
    (lambda: channel_quantiles(U, 0.6), "epsilon is 0.6"),
    (lambda: channel_quantiles(U + 0j), "expected a real dtype"),
    (lambda: quantisation_error(U, U[:1] > 0), "differ in shape"),
    (lambda: quantisation_error(U, U), "expected 0 or 1"),
    (lambda: entropy_of_spikes(U), r"spikes\[0, 0, 0\] is -1"),
    (lambda: entropy_of_spikes(U > 0, per="step"), "per is 'step'"),
    (lambda: binary_entropy(1.2), "expected values in"),
    (lambda: mutual_information(U, U > 0, [1.0, 0.0]), "increasing"),
    (lambda: mutual_information(U, U > 0, []), "increasing"),
    (lambda: consistency_loss(np.ones((2, 3)), np.ones((2, 4))), r"\(2, 3\) and \(2, 4\)"),
    (lambda: consistency_loss(np.ones((0, 3)), np.ones((0, 3))), "expected twice one shape"),
    (lambda: consistency_loss(np.ones((2, 3), int), np.ones((2, 3), int)), "int64"),
    (lambda: consistency_loss(np.full((2, 3), np.nan), np.ones((2, 3))), "NaN"),
    (lambda: mean_over_layers(IMLoss(), {"a": U}, ["b"]), "no layer b"),
    (lambda: mean_over_layers(IMLoss(), {"a": U}, ["a"]), "no layer left"),
    (lambda: mean_over_layers(IMLoss(), {}), "no layer left"),
]


@pytest.mark.parametrize(("call", "message"), REPORTS, ids=[m for _, m in REPORTS])
def test_reports_refuse_the_rest(call, message):
    with pytest.raises(NumsnnError, match=message):
        call()
