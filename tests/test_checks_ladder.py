"""Every rung of the ladder passes what is right, and fails each error planted by hand."""

import doctest
import math

import numpy as np
import pytest

import numsnn.checks
import numsnn.registry
from numsnn import LIF, Accumulate, BatchNorm, Linear, Residual, Serial, named
from numsnn.checks import (
    CHECKS,
    FunctionCase,
    LayerCase,
    Report,
    adjoint,
    anchored,
    combined,
    complex_step,
    differences,
    each_parameter,
    taylor,
)
from numsnn.checks.report import FAILED, PASSED, REFUSED, measured, refused
from numsnn.surrogates import Rectangular, Sigmoid
from numsnn.tree import map_named

LADDER = (
    "adjoint",
    "complex-step",
    "differences",
    "taylor",
    "each-parameter",
    "anchored",
    "anchored-affine",
    "anchored-differences",
)


def changed(name, change):
    """A mistake in the gradient of one parameter."""

    def mistake(d_x, d_params):
        def put(found, leaf):
            return change(leaf) if found.rpartition("/")[2] == name else leaf

        return d_x, map_named(put, d_params)

    return mistake


MISTAKES = {
    "decay twice": changed("decay", lambda d: 2 * d),
    "threshold's sign": changed("threshold", lambda d: -d),
    "width forgotten": changed("width", lambda d: 0 * d),
    "current of another step": lambda d_x, d_params: (np.roll(d_x, 1, axis=0), d_params),
    "current of another sample": lambda d_x, d_params: (np.roll(d_x, 1, axis=1), d_params),
    "current a tenth too large": lambda d_x, d_params: (1.1 * d_x, d_params),
    "initial potential forgotten": changed("membrane", lambda d: 0 * d),
}


def neuron(mistake=None, drop_membranes=False):
    class Wrong(LIF):
        def backward(self, saved, d_spikes, d_membranes=None):
            given = {} if drop_membranes else d_membranes
            d_x, d_params = super().backward(saved, d_spikes, given)
            return (d_x, d_params) if mistake is None else mistake(d_x, d_params)

    return Wrong(0.5, 0.4, 0.9, Sigmoid(), reset="soft", name="lif")


def case(layer, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((4, 2, 3))
    params = layer.init(rng, np.float64)
    state = numsnn.State(rng.standard_normal((2, 3)), np.zeros((2, 3)))
    return LayerCase(layer, params._replace(initial=state), x)


@pytest.mark.parametrize("check", LADDER)
def test_a_right_neuron_passes(check):
    for seed in range(3):
        report = CHECKS[check](case(neuron(), seed), np.random.default_rng(seed))
        assert report.verdict == PASSED, report
        assert report.worst is None


@pytest.mark.parametrize("check", LADDER)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_check_sees_each_mistake(check, mistake):
    report = CHECKS[check](case(neuron(MISTAKES[mistake])), np.random.default_rng(1))
    assert report.verdict == FAILED, report


@pytest.mark.parametrize("check", LADDER)
def test_each_check_sees_a_membrane_cotangent_that_is_dropped(check):
    report = CHECKS[check](case(neuron(drop_membranes=True)), np.random.default_rng(2))
    assert report.verdict == FAILED, report


@pytest.mark.parametrize("check", ["adjoint", "complex-step", "differences", "anchored"])
def test_a_relative_mistake_of_one_in_a_million_is_seen(check):
    layer = neuron(lambda d_x, d_params: (d_x * (1 + 1e-6), d_params))
    report = CHECKS[check](case(layer), np.random.default_rng(3))
    assert report.verdict == FAILED, report


def test_a_failure_is_placed_with_both_numbers():
    layer = neuron(changed("decay", lambda d: 3 * d))
    for check in (adjoint, differences, each_parameter):
        report = check(case(layer), np.random.default_rng(4))
        assert report.worst.place == "params/decay"
        assert report.worst.found == pytest.approx(3 * report.worst.expected)
        assert "found" in str(report)
        assert "expected" in str(report)


def test_the_place_inside_an_array():
    def one_wrong(d_x, d_params):
        d_x = d_x.copy()
        d_x[2, 1, 0] += 0.5
        return d_x, d_params

    report = adjoint(case(neuron(one_wrong)), np.random.default_rng(5))
    assert report.worst.place == "x[2, 1, 0]"
    assert report.worst.found - report.worst.expected == pytest.approx(0.5)


def test_an_anchored_forward_that_does_not_reproduce_the_run_is_no_anchor():
    def elsewhere(layer, saved, affine):
        return numsnn.relaxed(layer)

    wrong = case(neuron())
    wrong = LayerCase(wrong.layer, wrong.params, wrong.x, anchor=elsewhere)
    report = anchored(wrong, np.random.default_rng(0))
    assert report.verdict == FAILED
    assert "anchored forward" in report.reason


def test_a_whole_network_residual_and_normalised():
    network = named(
        Serial(
            Linear(3, 4),
            BatchNorm((4,)),
            LIF(surrogate=Sigmoid()),
            Residual(Serial(Linear(4, 4), LIF(surrogate=Sigmoid(), norm=BatchNorm((4,))))),
            Linear(4, 2),
            Accumulate(),
        )
    )
    rng = np.random.default_rng(0)
    params, x = network.init(rng, np.float64), rng.standard_normal((3, 4, 3))
    for check in LADDER:
        assert CHECKS[check](LayerCase(network, params, x), rng).passed, check


# -- your own things -------------------------------------------------------------------------------


class OwnNeuron:
    """A neuron that is not numsnn's: s = H(x - 1/2), in three modes, with arctan'd slopes."""

    def __init__(self, mode="spiking", at=None, slope=1.0):
        self.mode, self.at, self.slope = mode, at, slope

    def forward(self, params, x):
        z = x - params
        smooth = np.arctan(3 * z) / np.pi + 0.5
        if self.mode == "relaxed":
            s = smooth
        elif self.mode == "anchored":
            z0, s0 = self.at
            s = s0 + smooth - (np.arctan(3 * z0) / np.pi + 0.5)
        else:
            s = (z.real > 0) + 1j * smooth.imag if np.iscomplexobj(z) else (z > 0) * 1.0
        return s, (z, s)

    def backward(self, saved, d_y, d_membranes=None):
        z, _ = saved
        d_z = self.slope * 3 / np.pi / (1 + 9 * z * z) * d_y
        return d_z, -d_z.sum()


def own_case(slope=1.0):
    rng = np.random.default_rng(0)
    return LayerCase(
        OwnNeuron(slope=slope),
        np.array(0.5),
        rng.standard_normal((2, 3, 4)),
        relax=lambda layer, saved: OwnNeuron("relaxed", slope=slope),
        anchor=lambda layer, saved, affine: OwnNeuron("anchored", saved, slope),
    )


@pytest.mark.parametrize("check", [c for c in LADDER if c != "anchored-affine"])
def test_a_neuron_of_ones_own(check):
    assert CHECKS[check](own_case(), np.random.default_rng(0)).passed
    assert CHECKS[check](own_case(slope=0.9), np.random.default_rng(0)).verdict == FAILED


def test_differences_of_the_spiking_loss_are_not_its_surrogate_gradient():
    spiking = own_case()
    layer = LayerCase(spiking.layer, spiking.params, spiking.x)  # no relaxed form given
    assert differences(layer, np.random.default_rng(0)).verdict == FAILED
    assert each_parameter(layer, np.random.default_rng(0)).verdict == FAILED


def test_a_function_with_its_gradient():
    def square(u):
        return (u * u).sum(), 2 * u

    def wrong(u):
        return (u * u).sum(), 2.001 * u

    u = np.random.default_rng(0).standard_normal((3, 4))
    for check in (complex_step, differences, taylor, each_parameter):
        assert check(FunctionCase(square, (u,)), np.random.default_rng(1)).passed
        assert check(FunctionCase(wrong, (u,)), np.random.default_rng(1)).verdict == FAILED


# -- refusals --------------------------------------------------------------------------------------


def at(x, surrogate):
    layer = LIF(0.5, 0.5, 1.0, surrogate, name="lif")
    return LayerCase(layer, layer.init(np.random.default_rng(0), np.float64), x)


def test_a_potential_on_the_threshold_is_refused():
    x = np.random.default_rng(0).standard_normal((1, 2, 3))
    x[0, 1, 2] = 0.5
    report = adjoint(at(x, Sigmoid()), np.random.default_rng(0))
    assert report.verdict == REFUSED
    assert "lif's threshold[0, 1, 2]" in report.reason
    assert complex_step(at(x, Sigmoid()), np.random.default_rng(0)).passed  # no threshold in P


@pytest.mark.parametrize("check", LADDER)
def test_a_potential_on_a_kink_is_refused(check):
    x = np.random.default_rng(0).standard_normal((1, 2, 3))
    x[0, 0, 1] = 1.0  # z = width/2, the end of the rectangle
    report = CHECKS[check](at(x, Rectangular()), np.random.default_rng(0))
    affine = check == "anchored-affine"  # has no kink: it is a straight line
    assert report.verdict == (PASSED if affine else REFUSED), report
    assert affine or "kink 1[0, 0, 1]" in report.reason


def test_steps_shrink_before_a_kink_so_that_none_is_crossed():
    x = np.random.default_rng(0).standard_normal((1, 2, 3))
    x[0, 0, 1] = 1.0 + 1e-5
    assert differences(at(x, Rectangular()), np.random.default_rng(0)).passed
    x[0, 0, 1] = 1.0 + 2e-9
    assert differences(at(x, Rectangular()), np.random.default_rng(0)).verdict == REFUSED


class Corner:
    """|x|, without a word about its corner."""

    def forward(self, params, x):
        return np.where(x.real < 0, -x, x), x

    def backward(self, saved, d_y, d_membranes=None):
        return np.where(saved < 0, -d_y, d_y), None


@pytest.mark.parametrize("check", ["adjoint", "differences", "taylor"])
def test_an_undeclared_kink_is_noticed_where_the_point_lies_on_it(check):
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    assert CHECKS[check](LayerCase(Corner(), None, x), np.random.default_rng(0)).passed
    x[1, 1, 1] = 0
    report = CHECKS[check](LayerCase(Corner(), None, x), np.random.default_rng(0))
    assert report.verdict == REFUSED
    assert "kink" in report.reason


def test_far_from_the_rectangle_the_membrane_s_cotangent_still_runs():
    x = np.full((1, 2, 3), -9.0)  # far below the rectangle
    report = complex_step(at(x, Rectangular()), np.random.default_rng(0))
    assert report.passed


@pytest.mark.parametrize("check", ["complex-step", "differences", "taylor", "each-parameter"])
def test_a_function_that_is_zero_proves_nothing(check):
    zero = FunctionCase(lambda u: ((0 * u).sum(), 0 * u), (np.ones((2, 3)),))
    with np.errstate(all="raise"):
        report = CHECKS[check](zero, np.random.default_rng(0))
    assert report.verdict == REFUSED, report
    assert "zero everywhere" in report.reason


@pytest.mark.parametrize("check", LADDER)
def test_a_backward_that_returns_only_zeros_is_a_failure(check):
    layer = neuron(lambda d_x, d_params: (0 * d_x, map_named(lambda _, d: 0 * d, d_params)))
    report = CHECKS[check](case(layer), np.random.default_rng(0))
    assert report.verdict == FAILED, report


class OnlyReal:
    """sin x, by functions that refuse complex numbers."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def forward(self, params, x):
        return np.array([math.sin(v) for v in x.flat]).reshape(x.shape), x

    def backward(self, saved, d_y, d_membranes=None):
        return self.factor * np.cos(saved) * d_y, None


@pytest.mark.parametrize("check", ["differences", "taylor", "each-parameter"])
def test_differences_need_no_complex_numbers(check):
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    rng = np.random.default_rng(1)
    assert CHECKS[check](LayerCase(OnlyReal(), None, x), rng).passed
    report = CHECKS[check](LayerCase(OnlyReal(1.01), None, x), rng)
    assert report.verdict == FAILED
    if check != "taylor":
        assert report.worst.found == pytest.approx(1.01 * report.worst.expected, rel=1e-6)


def test_differences_that_know_too_little_are_refused():
    def noisy(u):
        return (u * u).sum() + 1e-7 * np.sin(1e9 * u.real).sum(), 2 * u

    u = np.random.default_rng(0).standard_normal((2, 2))
    assert differences(FunctionCase(noisy, (u,)), np.random.default_rng(0)).verdict == REFUSED


# -- reports ---------------------------------------------------------------------------------------


def test_reports_of_many_cases():
    rows = [
        measured("adjoint", "op", 1e-14, 1e-12),
        measured("adjoint", "op", 1e-13, 1e-12),
        refused("adjoint", "op", "a kink"),
    ]
    whole = combined(rows)
    assert (whole.error, whole.cases, whole.refused, whole.verdict) == (1e-13, 3, 1, PASSED)
    assert combined([*rows, measured("adjoint", "op", 1e-11, 1e-12)]).verdict == FAILED
    assert combined(rows[2:]).verdict == REFUSED


def test_a_nan_has_failed():
    report = measured("adjoint", "op", float("nan"), 1e-12)
    assert report.verdict == FAILED
    assert combined([report, measured("adjoint", "op", 1e-14, 1e-12)]).verdict == FAILED
    assert isinstance(report, Report)


@pytest.mark.parametrize("module", [numsnn.checks, numsnn.registry])
def test_the_examples_in_the_docstrings(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
