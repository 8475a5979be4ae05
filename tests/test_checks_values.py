"""Checks of values: formulas in loops, primitives, errors that must be raised."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from numsnn.checks import (
    FunctionCase,
    LayerCase,
    SurrogateLayer,
    ValueCase,
    bad_input,
    formula,
    primitive,
)
from numsnn.checks.report import FAILED, REFUSED
from numsnn.checks.values import BadInput
from numsnn.errors import NumsnnError
from numsnn.optimizers import SGD, Adam
from numsnn.registry import REGISTRY, optimizers
from numsnn.surrogates import Arctangent, Scaled, Sigmoid, Softplus, Surrogate

RNG = np.random.default_rng(0)


def surrogate_case(surrogate):
    return LayerCase(SurrogateLayer(surrogate), np.array([0.5, 2.0]), np.array([-1.0, 3.0]), "s")


@pytest.mark.parametrize(
    "surrogate", [Sigmoid(), Arctangent(), Softplus(), Scaled(Sigmoid(), 3.0)], ids=repr
)
def test_primitives_that_are_pinned(surrogate):
    assert primitive(surrogate_case(surrogate), RNG).passed


class Unpinned(Sigmoid):
    """P + 1/4: the slope is right, the width's would be free."""

    def value(self, z, width):
        return super().value(z, width) + 0.25


class Overflows(Surrogate):
    def value(self, z, width):
        return 1 / (1 + np.exp(-z / width))

    def slopes(self, z, width):
        p = self.value(z, width)
        return p * (1 - p) / width, -z * p * (1 - p) / width**2


class Widens(Sigmoid):
    def slopes(self, z, width):
        ds_dz, ds_dwidth = super().slopes(z, width)
        return ds_dz, ds_dwidth.astype(np.result_type(z, np.float64))


@dataclass(frozen=True)
class WrongGain(Sigmoid):
    gain = 2.0


@pytest.mark.parametrize(
    ("surrogate", "says"),
    [
        (Unpinned(), "P(0)"),
        (WrongGain(), "P(inf) - P(-inf)"),
        (Overflows(), "overflow"),
        (Widens(), "dP/dwidth of float32 z is float64"),
    ],
    ids=["constant", "gain", "overflow", "dtype"],
)
def test_primitives_that_are_not(surrogate, says):
    report = primitive(surrogate_case(surrogate), RNG)
    assert report.verdict == FAILED
    assert says in str(report)


def test_a_formula_and_a_mistake_in_it():
    right = ValueCase(lambda a: {"a": a * a}, lambda a: {"a": np.array([4.0, 9.0])}, ([2, 3],))
    case = replace(right, arguments=(np.array([2.0, 3.0]),))
    assert formula(case, RNG).passed
    wrong = replace(case, compute=lambda a: {"a": a * a + np.array([0, 1e-9])})
    report = formula(wrong, RNG)
    assert report.verdict == FAILED
    assert report.worst.place == "a[1]"
    shape = replace(case, compute=lambda a: {"b": a})
    assert "must have the parts" in formula(shape, RNG).reason


def test_without_a_reference_there_is_no_formula():
    case = FunctionCase(lambda u: ((u * u).sum(), 2 * u), (np.ones(2),))
    assert formula(case, RNG).verdict == REFUSED


MISTAKES = {
    "SGD": (SGD, "momentum", lambda m: m + 0.01),
    "Adam": (Adam, "eps", lambda eps: 1.01 * eps),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_an_update_with_a_wrong_constant_is_seen(name, monkeypatch):
    entry = REGISTRY[name]
    kind, field, change = MISTAKES[name]

    def wrong(*arguments):
        right = kind(*arguments)
        return replace(right, **{field: change(getattr(right, field))})

    assert formula(entry.draw(np.random.default_rng(0)), RNG).passed
    monkeypatch.setattr(optimizers, name, wrong)
    report = formula(entry.draw(np.random.default_rng(0)), RNG)
    assert report.verdict == FAILED


def test_an_update_that_forgets_the_decay_of_weights_is_seen(monkeypatch):
    class Forgets(SGD):
        def update(self, params, d_params, state, rate):
            return replace(SGD(self.momentum), frozen=self.frozen).update(
                params, d_params, state, rate
            )

    monkeypatch.setattr(optimizers, "SGD", Forgets)
    entry = REGISTRY["SGD"]
    reports = [formula(entry.draw(np.random.default_rng(i)), RNG) for i in range(5)]
    assert any(r.verdict == FAILED for r in reports)


def raises(error):
    def call():
        raise error

    return call


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (raises(NumsnnError("the shape is wrong")), ""),
        (raises(NumsnnError("something else")), "without 'shape'"),
        (raises(TypeError("shape")), "raised TypeError"),
        (lambda: 3, "nothing raised"),
    ],
    ids=["right", "message", "type", "silence"],
)
def test_bad_input(call, says):
    report = bad_input(BadInput("op", call, "shape", NumsnnError), RNG)
    assert report.passed == (says == "")
    assert says in report.reason
