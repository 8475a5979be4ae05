"""An outside witness: automatic differentiation finds the same gradients, to 1e-10 in float64."""

from functools import partial

import numpy as np
import pytest

from numsnn import BatchNorm, Conv2d, Linear, named
from numsnn.losses import LOSSES
from numsnn.neurons import LIF, MembraneCotangent, State
from numsnn.observe import final_states, membranes
from numsnn.papers.parametrised import ParametrisedLIF
from numsnn.papers.potential import PotentialLIF
from numsnn.papers.psg_surrogates import PSGArctangent, PSGSoftplus
from numsnn.readouts import Accumulate, MeanOverTime
from numsnn.registry import REGISTRY, random_network
from numsnn.regularizers import (
    IMLoss,
    MembraneL2,
    MPDLoss,
    PotentialDistribution,
    RatePenalty,
    consistency_loss,
)
from numsnn.surrogates import SURROGATES, Tanh
from numsnn.tree import leaves, named_leaves

torch = pytest.importorskip("torch", reason="PyTorch is not installed: no autograd to compare with")
from . import autograd  # noqa: E402  it needs torch

BOUND = 1e-10


def compare(layer, params, x, rng):
    """Same outputs, potentials and states; same gradients for random cotangents of all of them."""
    layer = named(layer)
    y, saved = layer.forward(params, x)
    potentials, finals = membranes(layer, saved), final_states(layer, saved)
    d_y = rng.standard_normal(y.shape)
    d_membranes = {
        name: MembraneCotangent(
            rng.standard_normal(u.shape), State(*rng.standard_normal((2, *u.shape[1:])))
        )
        for name, u in potentials.items()
    }
    d_x, d_params = layer.backward(saved, d_y, d_membranes)

    t_params, t_x, seen = autograd.tensors(params), torch.tensor(x, requires_grad=True), {}
    t_y = autograd.forward(layer, t_params, t_x, seen)
    close("y", t_y, y)
    total = (t_y * torch.tensor(d_y)).sum()
    for name, (trace, final) in seen.items():
        close(f"{name}'s membrane", trace, potentials[name])
        total = total + (trace * torch.tensor(d_membranes[name].trace)).sum()
        for part, mine, d in zip(final, finals[name], d_membranes[name].final, strict=True):
            close(f"{name}'s final state", part, mine)
            total = total + (part * torch.tensor(d)).sum()
    total.backward()
    largest = max(float(np.abs(d).max(initial=0)) for d in (d_x, *leaves(d_params)))
    assert largest > 0
    close("d_x", t_x.grad, d_x, largest)
    for (name, d), t in zip(named_leaves(d_params), leaves(t_params), strict=True):
        found = torch.zeros_like(t) if t.grad is None else t.grad
        close(f"d_{name}", found, d, largest)


def close(what, theirs, mine, scale=1.0):
    gap = np.abs(theirs.detach().numpy() - mine).max(initial=0)
    assert gap <= BOUND * max(scale, 1.0), f"{what}: {gap:.1e} apart"


NEURONS = {
    f"{reset}{'-detached' if detached else ''}-{tie}": {
        "reset": reset,
        "detach_reset": detached,
        "tie": tie,
    }
    for reset in ("hard", "soft")
    for detached in (False, True)
    for tie in ("fires", "silent")
}


@pytest.mark.parametrize("fields", NEURONS.values(), ids=NEURONS)
@pytest.mark.parametrize("seed", range(6))
def test_networks_of_every_reset_and_tie_rule(fields, seed):
    rng = np.random.default_rng(seed)
    case = random_network(rng, **fields)
    compare(case.layer, case.params, case.x, rng)


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize("seed", range(4))
def test_networks_of_every_surrogate(surrogate, seed):
    rng = np.random.default_rng(100 + seed)
    case = random_network(rng, surrogate=SURROGATES[surrogate])
    compare(case.layer, case.params, case.x, rng)


@pytest.mark.parametrize("carry", ["raw", "normalised"])
@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("form", ["features", "channels", "elements"])
def test_a_norm_on_the_membrane(carry, reset, form):
    rng = np.random.default_rng(7)
    shape = {"features": (3,), "channels": (3, 1, 1), "elements": (3, 2, 2)}[form]
    layer = LIF(norm=BatchNorm(shape, eps=0.1), carry=carry, reset=reset, surrogate=Tanh())
    compare_neuron(layer, (5, 4, 3, *((2, 2) if form != "features" else ())), rng)


@pytest.mark.parametrize("lateral", [Linear(3, 3), Conv2d(3, 3, 5, padding=2, groups=3)], ids=repr)
def test_lateral_terms(lateral):
    shape = (4, 2, 3) if isinstance(lateral, Linear) else (4, 2, 3, 4, 4)
    compare_neuron(LIF(lateral=lateral, surrogate=Tanh()), shape, np.random.default_rng(8))


@pytest.mark.parametrize("seed", range(20))
def test_random_networks_of_all_kinds(seed):
    rng = np.random.default_rng(1000 + seed)
    case = random_network(rng)
    compare(case.layer, case.params, case.x, rng)


OPERATIONS = (
    "Linear",
    "Conv2d",
    "Depthwise",
    "AvgPool2d",
    "BatchNorm",
    "FixedNorm",
    "Repeat",
    "Dropout",
    "LIF/per-channel",
    "LIF/lateral",
    "LIF/norm-raw",
    "LIF/norm-normalised",
    "LIF/folded",
    "mode/evaluating",
    "mode/folded",
)


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_as_the_registry_draws_them(name):
    for seed in range(12):
        rng = np.random.default_rng(seed)
        case = REGISTRY[name].draw(rng)
        compare(case.layer, case.params, case.x, rng)


@pytest.mark.parametrize("threshold", ["tanh", "plain"])
@pytest.mark.parametrize("width", ["exp", "plain"])
@pytest.mark.parametrize("surrogate", [Tanh(), PSGArctangent("rescaled")], ids=repr)
def test_parameters_that_are_mapped(threshold, width, surrogate):
    neuron = LIF(0.4, 0.3, 0.8, surrogate, name="lif")
    layer = ParametrisedLIF(neuron, threshold, width)
    rng = np.random.default_rng(9)
    compare(layer, layer.init(rng, np.float64), rng.standard_normal((4, 3, 5)), rng)


@pytest.mark.parametrize("seed", range(5))
def test_a_neuron_that_puts_out_its_potential(seed):
    layer = PotentialLIF(0.4, 0.3, 0.8, PSGSoftplus("rescaled"), name="potential")
    rng = np.random.default_rng(seed)
    compare(layer, layer.init(rng, np.float64), rng.standard_normal((4, 3, 5)), rng)


@pytest.mark.parametrize("readout", [Accumulate(), MeanOverTime()], ids=repr)
def test_readouts(readout):
    rng = np.random.default_rng(10)
    compare(readout, readout.init(rng, np.float64), rng.standard_normal((4, 3, 5)), rng)


def compare_neuron(layer, shape, rng):
    layer = named(layer)
    params = layer.init(rng, np.float64)
    params = params._replace(
        decay=np.array(0.6),
        initial=State(rng.standard_normal(shape[1:]), (rng.random(shape[1:]) < 0.5) * 1.0),
    )
    compare(layer, params, 1.5 * rng.standard_normal(shape), rng)


# -- losses and regularizers -----------------------------------------------------------------------


def one_hot(labels, K):
    return torch.nn.functional.one_hot(labels, K).double()


THEIR_LOSSES = {
    "cross-entropy": lambda o, labels: torch.nn.functional.cross_entropy(o.mean(0), labels),
    "smoothed-cross-entropy": lambda o, labels: torch.nn.functional.cross_entropy(
        o.mean(0), labels, label_smoothing=0.1
    ),
    "mean-cross-entropy": lambda o, labels: torch.nn.functional.cross_entropy(
        o.flatten(0, 1), labels.repeat(len(o))
    ),
    "squared-error": lambda o, labels: torch.nn.functional.mse_loss(
        o.mean(0), one_hot(labels, o.shape[2])
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    rng = np.random.default_rng(11)
    outputs, labels = 3 * rng.standard_normal((4, 6, 5)), rng.integers(5, size=6)
    mine, gradient = LOSSES[name](outputs, labels)
    t = torch.tensor(outputs, requires_grad=True)
    theirs = THEIR_LOSSES[name](t, torch.tensor(labels))
    theirs.backward()
    close("loss", theirs, mine)
    close("gradient", t.grad, gradient)


def channels(u):
    """(mean, std) of each channel."""
    axes = [axis for axis in range(u.ndim) if axis != 2]
    return u.mean(axes), u.std(axes, correction=0)


def mpd(u):
    m, s = channels(u)
    hinge = torch.relu
    degeneration = hinge(m - s - 0.5) ** 2 + hinge(0.5 - m - s) ** 2
    saturation = hinge(m - s / 4 - 1) ** 2 + hinge(-m - s / 4) ** 2
    mismatch = hinge(torch.maximum(m - 1.25 * s, 1 - m - 1.25 * s)) ** 2
    return (degeneration + saturation + mismatch).mean()


def pda(u):
    """The two divergences by torch.distributions, at each step."""
    steps = u.flatten(1)
    scale = torch.sqrt(steps.var(1, correction=0) + 1e-2)
    P = torch.distributions.Normal(steps.mean(1), scale)
    N = torch.distributions.Normal(torch.tensor(0.0), torch.tensor(1.0))
    divergence = torch.distributions.kl_divergence
    return (divergence(P, N) + divergence(N, P)).mean() / 2


REGULARIZERS = {
    "MPD": (MPDLoss(), mpd),
    "PDA": (PotentialDistribution(), pda),
    "IM": (IMLoss(), lambda u: (u.mean() - 0.5) ** 2),
    "rate": (RatePenalty(), lambda u: (torch.sigmoid((u - 0.5) / 0.25).mean() - 0.1) ** 2),
    "L2": (MembraneL2(), lambda u: (u * u).mean()),
}


@pytest.mark.parametrize("name", REGULARIZERS)
def test_regularizers(name):
    regularizer, theirs = REGULARIZERS[name]
    rng = np.random.default_rng(12)
    mean, std = np.array([[1.9, 0.1], [-0.8, 0.1], [0.3, 0.1], [0.45, 0.9]]).T
    u = mean[:, None, None] + std[:, None, None] * rng.standard_normal((3, 5, 4, 2, 2))
    mine, gradient = regularizer(u)
    t = torch.tensor(u, requires_grad=True)
    loss = theirs(t)
    loss.backward()
    close("loss", loss, mine)
    close("gradient", t.grad, gradient)


def test_the_consistency_loss():
    rng = np.random.default_rng(13)
    a, b = 2 * rng.standard_normal((2, 6, 5))
    mine, d_a, d_b = consistency_loss(a, b)
    t_a, t_b = (torch.tensor(logits, requires_grad=True) for logits in (a, b))
    p, q = (torch.log_softmax(t, -1) for t in (t_a, t_b))
    divergence = partial(torch.nn.functional.kl_div, log_target=True, reduction="sum")
    loss = (divergence(q, p) + divergence(p, q)) / (2 * a.size)
    loss.backward()
    close("loss", loss, mine)
    close("gradient of a", t_a.grad, d_a)
    close("gradient of b", t_b.grad, d_b)


def test_the_witness_would_object():
    """A gradient that is wrong by a factor is noticed."""

    class Wrong(Linear):
        def backward(self, saved, d_y, d_membranes=None):
            d_x, d_params = super().backward(saved, d_y)
            return d_x, d_params._replace(weight=1.000001 * d_params.weight)

    rng = np.random.default_rng(14)
    layer = Wrong(3, 2)
    with pytest.raises(AssertionError, match="d_weight"):
        compare(layer, layer.init(rng, np.float64), rng.standard_normal((2, 3, 3)), rng)
