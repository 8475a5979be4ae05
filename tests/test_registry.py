"""The registry: every public operation has an entry, every entry's checks pass on fresh cases."""

import gc

import numpy as np
import pytest

from numsnn import layer as layers
from numsnn import surrogates
from numsnn.checks import CHECKS, LayerCase
from numsnn.checks.report import PASSED
from numsnn.compose import Repeat, Residual
from numsnn.layer import walk
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm
from numsnn.observe import spikes
from numsnn.registry import REGISTRY, generator, number_of_cases, random_network, run, run_case
from numsnn.registry.coverage import NO_GRADIENT, public_operations, uncovered
from numsnn.tree import leaves

NETWORKS = 150


def test_every_public_operation_has_an_entry():
    assert uncovered(REGISTRY.values()) == []


@pytest.mark.parametrize(
    "base", [layers.Layer, surrogates.Surrogate], ids=lambda base: base.__name__
)
def test_a_new_operation_without_an_entry_is_noticed(base):
    new = type("Brandnew", (base,), {"__module__": "numsnn.somewhere"})
    assert uncovered(REGISTRY.values()) == ["numsnn.somewhere.Brandnew"]
    del new
    gc.collect()
    assert uncovered(REGISTRY.values()) == []


def test_an_entry_that_is_taken_away_is_noticed():
    for name in ("Conv2d", "Adam", "loss/cross-entropy", "surrogate/tanh", "schedules"):
        rest = [entry for entry in REGISTRY.values() if entry.name != name]
        assert uncovered(rest), name
    assert len(list(public_operations())) > 50


def test_every_reason_for_no_gradient_is_in_use():
    import numsnn.regularizers as public

    assert set(NO_GRADIENT) <= set(public.__all__)


@pytest.mark.parametrize("name", REGISTRY)
def test_every_check_of_every_entry_on_fresh_cases(name):
    entry = REGISTRY[name]
    assert set(entry.checks) <= set(CHECKS)
    for check in entry.all_checks:
        report = run(entry, check, cases=1, seed=7)
        assert report.verdict == PASSED, report


def test_bad_input_is_declared_for_most_layers_and_losses():
    without = [n for n, e in REGISTRY.items() if not e.bad and n[0].isupper() and "/" not in n]
    assert set(without) <= {"Identity", "TwoMasks"}


@pytest.mark.parametrize("name", REGISTRY)
def test_a_case_is_drawn_from_its_generator_alone(name):
    entry = REGISTRY[name]
    first, again = (entry.draw(generator(entry, "adjoint", 3)) for _ in range(2))
    other = entry.draw(generator(entry, "adjoint", 4))

    def numbers(case):
        if isinstance(case, LayerCase):
            return [case.x, *leaves(case.params)]
        return [a for a in leaves(case.arguments) if isinstance(a, np.ndarray)]

    def same(a, b):
        return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))

    assert same(numbers(first), numbers(again))
    if name != "schedules":
        assert not same(numbers(first), numbers(other))


# -- random networks -------------------------------------------------------------------------------


def test_the_adjoint_identity_over_random_networks():
    entry = REGISTRY["network"]
    assert number_of_cases(entry, "adjoint") >= 1000  # in numsnn verify; here some of them
    report = run(entry, "adjoint", cases=NETWORKS, seed=1)
    assert report.verdict == PASSED, report
    assert report.error <= 1e-12
    assert report.refused == 0


def test_the_surrogate_gradient_is_the_anchored_forward_s():
    for check in ("anchored", "anchored-affine", "complex-step"):
        report = run(REGISTRY["network"], check, cases=NETWORKS // 3, seed=1)
        assert report.verdict == PASSED, report
        assert report.refused == 0


def test_every_feature_is_drawn():
    """Each field of a neuron, each kind of block, each readout stands in some of 200 networks."""
    found, depths, steps = set(), set(), set()
    for seed in range(200):
        case = random_network(np.random.default_rng(seed))
        neurons = [layer for (layer,) in walk(case.layer) if isinstance(layer, LIF)]
        depths.add(len(neurons))
        direct = [layer for (layer,) in walk(case.layer) if isinstance(layer, Repeat)]
        steps.add(direct[0].steps if direct else len(case.x))
        found |= {type(layer).__name__ for (layer,) in walk(case.layer)}
        for neuron in neurons:
            found |= {neuron.reset, neuron.tie, f"detached {neuron.detach_reset}"}
            found |= {type(neuron.surrogate).__name__}
            if neuron.norm is not None:
                found |= {f"norm carried {neuron.carry}"}
            if neuron.lateral is not None:
                found |= {"lateral"}
            for field in ("decay_shape", "threshold_shape", "width_shape"):
                if getattr(neuron, field):
                    found |= {field}
    wanted = {"hard", "soft", "fires", "silent", "detached True", "detached False", "lateral"}
    wanted |= {"norm carried raw", "norm carried normalised", "decay_shape", "threshold_shape"}
    wanted |= {"width_shape", "Residual", "Repeat", "Conv2d", "Linear", "BatchNorm", "Dropout"}
    wanted |= {"AvgPool2d", "Flatten", "Accumulate", "MeanOverTime", "Identity"}
    wanted |= {type(s).__name__ for s in surrogates.SURROGATES.values()}
    assert found >= wanted, wanted - found
    assert depths == {1, 2, 3}
    assert steps == {1, 2, 3, 4, 5, 6}


def test_networks_are_neither_silent_nor_saturated():
    """At most one in ten has such a layer: gradients through it would prove less."""
    odd, rates = 0, []
    for seed in range(150):
        case = random_network(np.random.default_rng(seed))
        _, saved = case.layer.forward(case.params, case.x)
        rate = [s.mean() for s in spikes(case.layer, saved).values()]
        rates += rate
        odd += min(rate) == 0 or max(rate) == 1
    assert odd <= 15
    assert 0.2 < np.mean(rates) < 0.6


def test_a_network_of_a_given_kind():
    case = random_network(np.random.default_rng(0), layers=3, reset="soft", norm=None)
    neurons = [layer for (layer,) in walk(case.layer) if isinstance(layer, LIF)]
    assert len(neurons) == 3
    assert all(n.reset == "soft" and n.norm is None for n in neurons)


def test_few_cases_are_refused():
    """Draws stay off the kinks by construction; what is refused all the same is counted."""
    reports = [
        run_case(entry, check, case)
        for entry in REGISTRY.values()
        for check in ("complex-step", "adjoint")
        if check in entry.checks
        for case in range(4)
    ]
    assert sum(r.refused for r in reports) <= len(reports) // 200


def test_residual_blocks_hold_neurons_too():
    inside = 0
    for seed in range(100):
        case = random_network(np.random.default_rng(seed))
        for (block,) in walk(case.layer):
            if isinstance(block, Residual):
                inside += any(isinstance(x, LIF | BatchNorm) for (x,) in walk(block))
    assert inside > 10
