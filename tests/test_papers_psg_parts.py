"""PSG & PDA's parts one by one: surrogates, neurons, dropout, lateral terms, noise."""

import math

import numpy as np
import pytest

import numsnn as ns
from numsnn.checks import (
    LayerCase,
    SurrogateLayer,
    adjoint,
    anchored,
    anchored_affine,
    complex_step,
    differences,
    taylor,
)
from numsnn.neurons import MembraneCotangent
from numsnn.observe import neurons
from numsnn.papers.lateral import Depthwise
from numsnn.papers.moderate import ModerateDropout, TwoMasks, two_mask_loss
from numsnn.papers.noise import ThermalNoise, noisy
from numsnn.papers.parametrised import ParametrisedLIF, plain
from numsnn.papers.potential import PotentialLIF
from numsnn.papers.psg_gamma import NotPositive, gammas, not_positive, report
from numsnn.papers.psg_surrogates import FORMS, PSGArctangent, PSGSoftplus
from numsnn.tree import flatten

GAMMAS = (2.0, 0.3, -1.5)


def rng(seed=0):
    return np.random.default_rng(seed)


# -- the surrogates --------------------------------------------------------------------------------


def test_printed_formulas_by_hand():
    """z = 1/2, gamma = 2, so x = 1: arctan 1 = pi/4, 1 + x^2 = 2, sigma(1) = .7310586."""
    z, gamma, s = np.array(0.5), np.array(2.0), 0.7310585786300049
    arc = {form: PSGArctangent(form) for form in FORMS}
    soft = {form: PSGSoftplus(form) for form in FORMS}
    close = {"rtol": 1e-14, "atol": 0}
    np.testing.assert_allclose(arc["exact"].value(z, gamma), math.pi / 4 + 0.5, **close)  # 8
    np.testing.assert_allclose(arc["exact"].slopes(z, gamma), (1.0, 0.25), **close)  # 9, 10
    np.testing.assert_allclose(arc["paper"].slopes(z, gamma), (0.5, 0.5), **close)  # 11, 12
    np.testing.assert_allclose(arc["rescaled"].value(z, gamma), math.pi / 8 + 0.5, **close)
    expected = (0.5, (0.5 - math.pi / 4) / 4)
    np.testing.assert_allclose(arc["rescaled"].slopes(z, gamma), expected, rtol=1e-12)
    log = math.log(1 + math.e)
    np.testing.assert_allclose(soft["exact"].value(z, gamma), log, **close)  # 13
    np.testing.assert_allclose(soft["exact"].slopes(z, gamma), (2 * s, s / 2), **close)  # 14, 15
    np.testing.assert_allclose(soft["paper"].slopes(z, gamma), (s, s), **close)  # 16, 17
    np.testing.assert_allclose(soft["rescaled"].value(z, gamma), log / 2, **close)
    np.testing.assert_allclose(soft["rescaled"].slopes(z, gamma), (s, (s - log) / 4), rtol=1e-12)


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("form", ["exact", "rescaled"])
@pytest.mark.parametrize("kind", [PSGArctangent, PSGSoftplus])
def test_exact_forms_are_partials_of_their_value(kind, form, gamma):
    case = LayerCase(SurrogateLayer(kind(form)), np.full(40, gamma), 2 * rng(1).standard_normal(40))
    for check in (complex_step, differences, taylor):
        result = check(case, rng(2))
        assert result.passed, str(result)


@pytest.mark.parametrize("kind", [PSGArctangent, PSGSoftplus])
def test_the_papers_pair_shares_its_slope_in_u_and_is_no_pair_of_partials(kind):
    z, gamma = 2 * rng(3).standard_normal(40), np.full(40, 1.7)
    paper, exact = kind("paper"), kind("rescaled")
    np.testing.assert_array_equal(paper.slopes(z, gamma)[0], exact.slopes(z, gamma)[0])
    np.testing.assert_array_equal(paper.value(z, gamma), exact.value(z, gamma))
    result = complex_step(LayerCase(SurrogateLayer(paper), gamma, z), rng(4))
    assert result.verdict == "failed" and result.worst.place.startswith("params")
    # the exact slope in gamma lowers |P - step|: it has one sign, the printed one the other
    assert (paper.slopes(z, gamma)[1] > 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", [PSGArctangent, PSGSoftplus])
def test_nothing_overflows_and_dtypes_stay(kind, form, dtype):
    z = np.array([-800, -20, -1, 0, 1, 20, 800]).astype(dtype)
    for gamma in (-1.0, 0.0, 1.0, 50.0):
        width = np.array(gamma, dtype)
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            found = (kind(form).value(z, width), *kind(form).slopes(z, width))
        for array in found:
            assert array.dtype == dtype and np.isfinite(array).all()


def test_softplus_slope_in_gamma_keeps_its_digits_far_out():
    slope = PSGSoftplus("rescaled").slopes(np.array(30.0), np.array(1.0))[1]
    np.testing.assert_allclose(slope, -31 * math.exp(-30), rtol=1e-12)


def test_forms_and_infinite_gammas_are_refused():
    with pytest.raises(ns.NumsnnError, match="form must be one of"):
        PSGArctangent("corrected")
    with pytest.raises(ns.NumsnnError, match="gamma must be finite"):
        PSGSoftplus().check_width(np.array([1.0, np.inf]))
    for gamma in (0.0, -3.0):
        PSGArctangent().check_width(np.array(gamma))


# -- neurons ---------------------------------------------------------------------------------------


def check_all(layer, seed=0, checks=(adjoint, complex_step, anchored, anchored_affine), d=6):
    network = ns.named(ns.Serial(ns.Linear(6, d), layer))
    params = network.init(rng(seed), np.float64)
    case = LayerCase(network, params, 1.5 * rng(seed + 1).standard_normal((5, 4, 6)))
    for check in checks:
        result = check(case, rng(seed + 2))
        assert result.passed, str(result)


@pytest.mark.parametrize("tie", ["silent", "fires"])
@pytest.mark.parametrize("form", ["exact", "rescaled"])
def test_potential_neuron_passes_every_check(form, tie):
    layer = PotentialLIF(decay=0.4, width=1.7, surrogate=PSGSoftplus(form), tie=tie)
    check_all(layer, checks=(adjoint, complex_step, differences, anchored, anchored_affine))


def test_potential_neuron_by_hand():
    """threshold 1/2, decay 1/2: .4 stays and leaks, .2 + .4 = .6 goes out and is reset, then .3."""
    layer = PotentialLIF(decay=0.5, threshold=0.5, surrogate=PSGSoftplus(), name="p")
    params = layer.init(rng(), np.float64)
    out, saved = layer.forward(params, np.array([0.4, 0.4, 0.3])[:, None, None])
    np.testing.assert_allclose(saved.membrane.ravel(), [0.4, 0.6, 0.3])
    np.testing.assert_allclose(out.ravel(), [0, 0.6, 0])
    # one cotangent at the last output: slope sigma(-.2) there, cut by the reset at step 1
    d_out = np.array([0, 0, 1.0])[:, None, None]
    d_current, d_params = layer.backward(saved, d_out)
    s = 1 / (1 + math.exp(0.2))
    np.testing.assert_allclose(d_current.ravel(), [0, 0, s])
    np.testing.assert_allclose(d_params.threshold, -s)
    np.testing.assert_allclose(d_params.width, s)  # eq. 17 as printed
    # and at the second: 0.5 of it reaches the first current through the leak
    d_current, _ = layer.backward(saved, np.array([0, 1.0, 0])[:, None, None])
    s = 1 / (1 + math.exp(-0.1))
    np.testing.assert_allclose(d_current.ravel(), [0.5 * s, s, 0])


def test_potential_neuron_at_the_threshold():
    current = np.array([0.5, 0.125])[:, None, None]
    for tie, out, last in (("fires", 0.5, 0.125), ("silent", 0.0, 0.375)):
        layer = PotentialLIF(decay=0.5, threshold=0.5, surrogate=PSGSoftplus(), tie=tie)
        found, saved = layer.forward(layer.init(rng(), np.float64), current)
        assert (found[0].item(), saved.membrane[1].item()) == (out, last)


def test_potential_neuron_streams():
    layer = PotentialLIF(decay=0.4, surrogate=PSGSoftplus("rescaled"), name="p")
    params = layer.init(rng(), np.float64)
    x, d = rng(1).standard_normal((2, 6, 3, 4))
    whole, saved = layer.forward(params, x)
    d_x, d_params = layer.backward(saved, d)
    a, saved_a = layer.forward(params, x[:2])
    params_b = params._replace(initial=saved_a.final)
    b, saved_b = layer.forward(params_b, x[2:])
    np.testing.assert_array_equal(np.concatenate([a, b]), whole)
    d_b, d_params_b = layer.backward(saved_b, d[2:])
    extra = {"p": MembraneCotangent(final=d_params_b.initial)}
    d_a, d_params_a = layer.backward(saved_a, d[:2], extra)
    np.testing.assert_allclose(np.concatenate([d_a, d_b]), d_x, atol=1e-14)
    for name in ("decay", "threshold", "width"):
        total = getattr(d_params_a, name) + getattr(d_params_b, name)
        np.testing.assert_allclose(total, getattr(d_params, name), atol=1e-13)


def test_potentials_are_no_spikes():
    network = ns.named(ns.Serial(ns.Linear(3, 4), ns.LIF(), ns.Linear(4, 2), PotentialLIF()))
    _, saved = network.forward(network.init(rng(), np.float64), np.ones((2, 3, 3)))
    assert list(ns.spikes(network, saved)) == ["lif1"]
    assert list(ns.membranes(network, saved)) == ["lif1", "potential1"]


@pytest.mark.parametrize("maps", [("tanh", "plain"), ("plain", "exp"), ("tanh", "exp")])
def test_parametrised_neuron_passes_every_check(maps):
    layer = ParametrisedLIF(ns.LIF(0.4, width=1.3, surrogate=PSGArctangent("rescaled")), *maps)
    check_all(layer)


def test_parametrised_neuron_is_a_lif_at_its_present_values():
    neuron = ns.LIF(0.25, math.tanh(0.5), 2.0, PSGArctangent(), name="lif")
    layer = ParametrisedLIF(neuron, "tanh", "exp")
    params = layer.init(rng(), np.float64)
    np.testing.assert_allclose(params.threshold_weight, 0.5)
    np.testing.assert_allclose(params.log_width, math.log(2))
    params = params._replace(threshold_weight=np.array(0.9), log_width=np.array(-0.3))
    inside, inside_params = plain(layer, params)
    assert inside is neuron
    np.testing.assert_allclose(inside_params.threshold, math.tanh(0.9))
    np.testing.assert_allclose(inside_params.width, math.exp(-0.3))
    x = rng(1).standard_normal((4, 3, 5))
    np.testing.assert_array_equal(layer.forward(params, x)[0], inside.forward(inside_params, x)[0])
    assert {name for name in flatten(params) if not ns.optimizers.SGD().learns(name)} == {
        "neuron/decay"
    }


def test_parametrised_neuron_refuses_what_its_maps_cannot_reach():
    with pytest.raises(ns.NumsnnError, match=r"thresholds in \(-1, 1\), found 1.5"):
        ParametrisedLIF(ns.LIF(threshold=1.5))
    with pytest.raises(ns.NumsnnError, match="positive widths, found -1"):
        ParametrisedLIF(ns.LIF(width=-1, surrogate=PSGArctangent()), "plain", "exp")


def test_gamma_is_read_and_its_loss_of_sign_recorded():
    network = ns.named(
        ns.Serial(
            ns.Linear(3, 4),
            ParametrisedLIF(ns.LIF(width=2.0, surrogate=PSGArctangent()), width="exp"),
            ns.Linear(4, 3),
            PotentialLIF(width=-0.5, surrogate=PSGSoftplus()),
            ns.LIF(),
        )
    )
    params = network.init(rng(), np.float64)
    assert gammas(network, params) == pytest.approx({"lif1": 2.0, "potential1": -0.5})
    assert report(network, params) == pytest.approx({"gamma lif1": 2.0, "gamma potential1": -0.5})
    history = ({"epoch": 1, "loss": -1.0, "gamma a": 0.5}, {"epoch": 2, "gamma a": -0.1})
    assert not_positive(history) == [NotPositive("a", 2, -0.1)]
    for form in FORMS:  # and it goes on
        for gamma in (0.0, -0.5):
            layer = PotentialLIF(width=gamma, surrogate=PSGSoftplus(form))
            y, saved = layer.forward(layer.init(rng(), np.float32), np.ones((2, 3, 4), np.float32))
            d_x, d_params = layer.backward(saved, np.ones_like(y))
            assert np.isfinite(d_x).all() and np.isfinite(d_params.width)


# -- moderate dropout ------------------------------------------------------------------------------


def test_moderate_dropout_by_hand():
    """Activities 0, 1, 2, 3 are p = 0, 1/3, 2/3, 1 with mean 1/2: keep = 1 - .4 (1 - p)."""
    x = np.array([[[0.0, 1, 2, 3]], [[0.0, 1, 2, 3]]])
    layer = ModerateDropout(0.2, seed=5)
    np.testing.assert_allclose(layer.keep(x), [[0.6, 1 - 0.4 * 2 / 3, 1 - 0.4 / 3, 1.0]])
    np.testing.assert_allclose(layer.keep(np.full((2, 3, 4), 0.7)), 0.8)  # all alike: plain
    many = rng(0).random((3, 200, 50))
    assert layer.keep(many).mean() == pytest.approx(0.8, abs=1e-12)
    y, saved = layer.forward(None, many)
    assert set(np.unique((y != 0).sum(axis=0))) <= {0, 3}  # one mask for all steps
    assert (y != 0).mean() == pytest.approx(0.8, abs=0.01)
    assert y.mean() == pytest.approx(many.mean(), rel=0.01)
    d_y = rng(1).standard_normal(y.shape)
    np.testing.assert_array_equal(layer.backward(saved, d_y)[0], d_y * saved.mask)
    again = ModerateDropout(0.2, seed=5).forward(None, many)[0]
    np.testing.assert_array_equal(again, y)
    assert not np.array_equal(ns.resampled(layer, rng(2)).forward(None, many)[0], y)


def test_two_masks_are_two_runs():
    dropout, last = ModerateDropout(0.4, seed=3), ns.Serial(ns.Linear(6, 3), ns.MeanOverTime())
    layer = TwoMasks(dropout, last)
    params = layer.init(rng(), np.float64)
    x, d_y = rng(1).random((4, 5, 6)), rng(2).standard_normal((2, 5, 3))
    y, saved = layer.forward(params, x)
    mask = dropout.forward(None, np.concatenate([x, x], 1))[1].mask
    assert not np.array_equal(mask[:5], mask[5:])
    runs = [last.forward(params.rest, x * m) for m in (mask[:5], mask[5:])]
    np.testing.assert_allclose(y, np.concatenate([run[0] for run in runs]), atol=1e-15)
    d_x, d_params = layer.backward(saved, d_y)
    parts = [last.backward(run[1], d[None]) for run, d in zip(runs, d_y, strict=True)]
    expected = sum(part[0] * m for part, m in zip(parts, (mask[:5], mask[5:]), strict=True))
    np.testing.assert_allclose(d_x, expected, atol=1e-14)
    weight = sum(part[1][0].weight for part in parts)
    np.testing.assert_allclose(d_params.rest[0].weight, weight, atol=1e-13)


def test_two_masks_pass_the_checks_and_vanish_in_evaluation():
    potential = PotentialLIF(decay=0.4, surrogate=PSGSoftplus("rescaled"))
    layer = TwoMasks(ModerateDropout(0.4, seed=3), ns.Serial(ns.Linear(6, 4), potential))
    check_all(layer)
    params = layer.init(rng(), np.float64)
    off = ns.evaluating(layer, {})
    x = rng(1).standard_normal((3, 2, 6))
    expected = layer.rest.forward(params.rest, x)[0]
    y, saved = off.forward(params, x)
    np.testing.assert_array_equal(y, expected)
    d_x, d_params = off.backward(saved, y)
    np.testing.assert_array_equal(d_x, layer.rest.backward(saved.rest, y)[0])
    assert d_params.dropout is None
    assert off.plain(params)[0] == layer.rest
    with pytest.raises(ns.NumsnnError, match="its dropout is on"):
        layer.plain(params)


def test_two_mask_loss_by_hand_and_by_complex_step():
    labels = np.array([0, 1, 2])
    outputs = rng(0).standard_normal((2, 3, 4))
    loss, d_outputs = two_mask_loss(outputs, labels)

    def softmax(v):
        return np.exp(v) / np.exp(v).sum()

    total = 0.0
    for n in range(3):
        p, q = softmax(outputs[0, n]), softmax(outputs[1, n])
        cross = -(np.log(p[labels[n]]) + np.log(q[labels[n]])) / 2 / 3
        apart = sum((p - q) * np.log(p / q)) / 2 / 12
        total += cross + apart / 2
    assert loss == pytest.approx(total, rel=1e-13)
    t = rng(1).standard_normal(outputs.shape)
    slope = two_mask_loss(outputs + 1e-30j * t, labels)[0].imag / 1e-30
    assert (d_outputs * t).sum() == pytest.approx(slope, rel=1e-12)
    one, d_one = two_mask_loss(outputs[:1], labels)
    expected, d_expected = ns.losses.cross_entropy(outputs[:1], labels)
    assert one == expected
    np.testing.assert_array_equal(d_one, d_expected)
    with pytest.raises(ns.NumsnnError, match="must be"):
        two_mask_loss(np.zeros((4, 3, 4)), labels)


# -- lateral terms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 3, 4, 7, 9), (1, 2, 3, 2, 3), (1, 2, 5, 1, 1)])
def test_depthwise_is_a_convolution_of_one_group_a_channel(shape):
    layer = Depthwise.of(shape[2])
    twin = ns.Conv2d(shape[2], shape[2], 5, padding=2, groups=shape[2], bias=False)
    params = layer.init(rng(), np.float64)
    x, d_y = rng(1).standard_normal((2, *shape))
    (y, saved), (expected, twin_saved) = layer.forward(params, x), twin.forward(params, x)
    np.testing.assert_allclose(y, expected, atol=1e-13)
    (d_x, d_params), (d_twin, d_twin_params) = (
        layer.backward(saved, d_y),
        twin.backward(twin_saved, d_y),
    )
    np.testing.assert_allclose(d_x, d_twin, atol=1e-13)
    np.testing.assert_allclose(d_params.weight, d_twin_params.weight, atol=1e-12)


def test_depthwise_refuses_other_convolutions():
    with pytest.raises(ns.NumsnnError, match="one group a channel"):
        Depthwise(4, 4, 5, padding=2, bias=False)
    with pytest.raises(ns.NumsnnError, match="one group a channel"):
        Depthwise(4, 4, 4, padding=2, groups=4, bias=False)
    with pytest.raises(ns.NumsnnError, match="4 channels on axis 2"):
        Depthwise.of(3).forward(Depthwise.of(3).init(rng(), np.float64), np.ones((1, 1, 4, 5, 5)))


def test_lateral_term_acts_one_step_later():
    """LISNN: a spike at step 0 raises its neighbours' potential at step 1, by the kernel's weight."""
    layer = ns.LIF(decay=0.0, lateral=Depthwise.of(1), name="lif")
    params = layer.init(rng(), np.float64)
    kernel = rng(1).uniform(-0.2, 0.2, (1, 1, 5, 5))
    params = params._replace(lateral=params.lateral._replace(weight=kernel))
    current = np.zeros((2, 1, 1, 5, 5))
    current[0, 0, 0, 2, 2] = 1.0
    _, saved = layer.forward(params, current)
    np.testing.assert_array_equal(saved.membrane[0], current[0])
    np.testing.assert_allclose(saved.membrane[1, 0, 0], kernel[0, 0, ::-1, ::-1])


# -- noise -----------------------------------------------------------------------------------------


def small_network():
    block = ns.Residual(ns.Serial(ns.Conv2d(3, 3, 3, padding=1), ns.LIF()))
    threshold = ParametrisedLIF(ns.LIF(surrogate=PSGArctangent()))
    return ns.named(
        ns.Serial(ns.Conv2d(2, 3, 3, padding=1), threshold, block, ns.Flatten(), ns.Linear(48, 3))
    )


def test_no_noise_changes_nothing():
    network = small_network()
    params = network.init(rng(), np.float64)
    x = rng(1).standard_normal((3, 4, 2, 4, 4))
    expected = network.forward(params, x)[0]
    quiet, quiet_params = noisy(network, params, rng(2), x)
    np.testing.assert_array_equal(quiet.forward(quiet_params, x)[0], expected)


def test_mismatch_draws_each_neurons_parameters_about_their_value():
    network = small_network()
    params = network.init(rng(), np.float64)
    x = rng(1).standard_normal((3, 4, 2, 4, 4))
    drawn = {"decay": [], "threshold": []}
    for seed in range(40):
        device, device_params = noisy(network, params, rng(seed), x, mismatch=0.2)
        device.forward(device_params, x)
        for _, share in neurons(device, device_params):
            assert share.decay.shape == share.threshold.shape == (3, 4, 4)
            drawn["decay"].append(share.decay)
            drawn["threshold"].append(share.threshold[...])
    decays = np.array(drawn["decay"]).ravel()
    assert decays.mean() == pytest.approx(0.25, rel=0.01)
    assert decays.std() == pytest.approx(0.2 * 0.25, rel=0.05)
    np.testing.assert_array_equal(device_params[0].weight, params[0].weight)
    _, device_params = noisy(network, params, rng(70), x, mismatch=0.2, on=("weight",))
    ratio = device_params[0].weight / params[0].weight - 1
    assert ratio.std() == pytest.approx(0.2, rel=0.3)
    np.testing.assert_array_equal(device_params[0].bias, params[0].bias)


def test_thermal_noise_enters_every_neurons_current_at_every_step():
    layer = ThermalNoise(0.3, seed=4)
    x = np.zeros((5, 20, 30))
    y, saved = layer.forward(None, x)
    assert y.std() == pytest.approx(0.3, rel=0.03) and not np.array_equal(y[0], y[1])
    np.testing.assert_array_equal(layer.forward(None, x)[0], y)
    np.testing.assert_array_equal(layer.backward(saved, y)[0], y)
    network = small_network()
    params = network.init(rng(), np.float64)
    x = rng(1).standard_normal((3, 4, 2, 4, 4))
    device, device_params = noisy(network, params, rng(2), x, thermal=0.3)
    _, saved = device.forward(device_params, x)
    _, quiet = network.forward(params, x)
    found, expected = ns.membranes(device, saved), ns.membranes(network, quiet)
    apart = found["lif1"][0] - expected["lif1"][0]
    assert apart.std() == pytest.approx(0.3, rel=0.15)


def test_noise_refuses_negative_levels_and_unknown_parameters():
    network = small_network()
    params = network.init(rng(), np.float64)
    x = np.ones((1, 2, 2, 4, 4))
    for level in ({"mismatch": -0.1}, {"thermal": -1.0}):
        with pytest.raises(ns.NumsnnError, match="expected a finite number >= 0"):
            noisy(network, params, rng(), x, **level)
    with pytest.raises(ns.NumsnnError, match="on must be one of"):
        noisy(network, params, rng(), x, mismatch=0.1, on=("gain",))
