"""What breaks the contract is said exactly: structure, purity, dtype, repeatability."""

import numpy as np
import pytest

from numsnn.checks import FunctionCase, LayerCase, adjoint, complex_step, contract
from numsnn.checks.report import FAILED

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 3, 4))
PARAMS = (np.array(2.0), np.array(0.5))  # a factor and a shift


class Affine:
    def forward(self, params, x):
        return params[0] * x + params[1], (params, x)

    def backward(self, saved, d_y, d_membranes=None):
        params, x = saved
        return params[0] * d_y, ((x * d_y).sum(), d_y.sum())


class OneThing(Affine):
    def forward(self, params, x):
        return params[0] * x


class ThreeThings(Affine):
    def backward(self, saved, d_y, d_membranes=None):
        return (*super().backward(saved, d_y), None)


class MissingParameter(Affine):
    def backward(self, saved, d_y, d_membranes=None):
        d_x, (d_factor, _) = super().backward(saved, d_y)
        return d_x, (d_factor,)


class NoGradient(Affine):
    def backward(self, saved, d_y, d_membranes=None):
        d_x, (d_factor, _) = super().backward(saved, d_y)
        return d_x, (d_factor, None)


class WrongShape(Affine):
    def backward(self, saved, d_y, d_membranes=None):
        d_x, (d_factor, _) = super().backward(saved, d_y)
        return d_x, (d_factor, d_y.sum(axis=(0, 1)))


class ChangesInput(Affine):
    def forward(self, params, x):
        saved = (params, x.copy())
        x *= params[0]
        x += params[1]
        return x, saved


class ChangesCotangent(Affine):
    def backward(self, saved, d_y, d_membranes=None):
        gradient = super().backward(saved, d_y)
        d_y[0] = 0
        return gradient


class ChangesSaved(Affine):
    def backward(self, saved, d_y, d_membranes=None):
        gradient = super().backward(saved, d_y)
        saved[1][0] += 1
        return gradient


class Widens(Affine):
    def forward(self, params, x):
        y, saved = super().forward(params, x)
        return np.multiply(y, np.float64(1), dtype=np.result_type(y, np.float64)), saved


class WidensGradient(Affine):
    def backward(self, saved, d_y, d_membranes=None):
        d_x, (d_factor, d_shift) = super().backward(saved, d_y)
        return d_x, (d_factor, np.asarray(d_shift, np.result_type(d_y, np.float64)))


class Random(Affine):
    rng = np.random.default_rng(0)

    def forward(self, params, x):
        y, saved = super().forward(params, x)
        return y + self.rng.standard_normal(), saved


class Counts(Affine):
    calls = 0

    def backward(self, saved, d_y, d_membranes=None):
        Counts.calls += 1
        d_x, d_params = super().backward(saved, d_y)
        return d_x * (1 + Counts.calls), d_params


class ReusesBuffer(Affine):
    buffer = np.zeros(0)

    def backward(self, saved, d_y, d_membranes=None):
        d_x, d_params = super().backward(saved, d_y)
        if ReusesBuffer.buffer.dtype != d_x.dtype or ReusesBuffer.buffer.shape != d_x.shape:
            ReusesBuffer.buffer = np.zeros_like(d_x)
        ReusesBuffer.buffer += d_x
        return ReusesBuffer.buffer, d_params


class HidesPenalty(Affine):
    def backward(self, saved, d_y, d_membranes=None):
        d_x, d_params = super().backward(saved, d_y)
        return d_x + saved[1], d_params


class AloneOtherwise(Affine):
    def backward_params(self, saved, d_y, d_membranes=None):
        _, (d_factor, d_shift) = self.backward(saved, d_y)
        return 2 * d_factor, d_shift


class ForwardOverOtherwise(Affine):
    def forward_over(self, params, x):
        y, saved = self.forward(params, x)
        return 2 * y, saved


class SavesOtherwise(Affine):
    """What it saves is x, which it has written over."""

    def forward_over(self, params, x):
        x *= params[0]
        x += params[1]
        return x, (params, x)


class ChangesMore(Affine):
    def backward_over(self, saved, d_y, d_membranes=None):
        gradient = self.backward(saved, d_y)
        saved[1][0] += 1
        return gradient


class KeepsOutput(Affine):
    unkept = ("y",)

    def forward(self, params, x):
        y, saved = super().forward(params, x)
        return y, (*saved, y[::2])

    def backward(self, saved, d_y, d_membranes=None):
        return super().backward(saved[:2], d_y)


class HandsOnCotangent(Affine):
    unkept = ("d_x",)

    def forward(self, params, x):
        y, saved = super().forward((np.ones_like(params[0]), params[1]), x)
        return y, saved

    def backward(self, saved, d_y, d_membranes=None):
        return d_y, super().backward(saved, d_y)[1]


SAYS = {
    OneThing: "forward must return a tuple of 2, returned ndarray",
    ThreeThings: "backward must return 2 things, returned 3",
    MissingParameter: "backward: d_params must have the parts ['0', '1'], found ['0']",
    NoGradient: "backward: d_params at 1 must be an array of shape (), found NoneType",
    WrongShape: "backward: d_params at 1 must have shape (), found (4,)",
    ChangesInput: "forward changes its input x",
    ChangesCotangent: "backward changes its input d_y",
    ChangesSaved: "backward changes its input saved",
    Widens: "forward: y must be float32, found float64",
    WidensGradient: "backward: d_params 1 must be float32, found float64",
    Random: "forward is not deterministic",
    Counts: "backward is not deterministic",
    ReusesBuffer: "backward",
    HidesPenalty: "backward of d_y = 0: d_x is not 0",
    AloneOtherwise: "backward_params: 0 is not what backward gives",
    ForwardOverOtherwise: "forward_over is not what forward gives, at 0",
    SavesOtherwise: "forward_over is not what forward gives, at 1/1",
    ChangesMore: "backward_over changes more than it may 1",
    KeepsOutput: "forward: y is unkept and in an array that is held",
    HandsOnCotangent: "backward: d_x is unkept and in an array that is held",
}


def test_a_layer_that_keeps_the_contract():
    assert contract(LayerCase(Affine(), PARAMS, X), RNG).passed


@pytest.mark.parametrize("layer", SAYS, ids=lambda layer: layer.__name__)
def test_each_breach_is_named(layer):
    report = contract(LayerCase(layer(), PARAMS, X.copy()), np.random.default_rng(0))
    assert report.verdict == FAILED
    assert SAYS[layer] in report.reason, report.reason


@pytest.mark.parametrize("layer", [OneThing, ThreeThings, MissingParameter, WrongShape])
def test_the_ladder_says_it_too(layer):
    report = adjoint(LayerCase(layer(), PARAMS, X), np.random.default_rng(0))
    assert report.verdict == FAILED
    assert SAYS[layer] in report.reason


def no_value(u):
    return u * u, 2 * u


def no_gradient(u):
    return (u * u).sum()


def too_wide(u):
    return np.float64((u.real * u.real).sum()), 2 * u


def changes(u):
    value = (u * u).sum()
    u += 1
    return value, 2 * (u - 1)


FUNCTIONS = {
    no_value: "the value must be one number",
    no_gradient: "must return a tuple of 2",
    too_wide: "the value must be float32, found float64",
    changes: "changes its input argument 0",
}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_each_breach_of_a_function_is_named(function):
    report = contract(FunctionCase(function, (X.copy(),)), np.random.default_rng(0))
    assert report.verdict == FAILED
    assert FUNCTIONS[function] in report.reason, report.reason


def test_the_ladder_refuses_a_function_without_a_gradient():
    report = complex_step(FunctionCase(no_gradient, (X,)), np.random.default_rng(0))
    assert report.verdict == FAILED
    assert "must return a tuple of 2" in report.reason
