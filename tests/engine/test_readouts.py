"""Accumulate: a cumulative sum that starts where it is told, worked out by hand."""

import numpy as np

import numsnn as ns
from numsnn.neurons import MembraneCotangent, State


def test_accumulate_by_hand():
    # I = (1, 10), (2, 20), (3, 30) from v[-1] = (100, 1000)
    # v = (101, 1010), (103, 1030), (106, 1060)
    # dL/dI[t] = sum of dL/dv[s] over s >= t, for dL/dv = (1, 2), (3, 4), (5, 6)
    layer = ns.Accumulate()
    initial = State(np.array([[100.0, 1000]]), np.zeros((1, 2)))
    v, saved = layer.forward(layer.Params(initial), np.array([[[1.0, 10]], [[2, 20]], [[3, 30]]]))
    assert v.tolist() == [[[101, 1010]], [[103, 1030]], [[106, 1060]]]
    assert saved.final.membrane.tolist() == [[106, 1060]]
    assert saved.final.spikes.tolist() == [[0, 0]]
    d_current, d_params = layer.backward(saved, np.array([[[1.0, 2]], [[3, 4]], [[5, 6]]]))
    assert d_current.tolist() == [[[9, 12]], [[8, 10]], [[5, 6]]]
    assert d_params.initial.membrane.tolist() == [[9, 12]]
    assert d_params.initial.spikes.tolist() == [[0, 0]]


def test_accumulate_takes_cotangents_of_its_membrane_and_of_its_end():
    # Output 1, 1; trace 2, 4; final 8: dL/dI[1] = 1 + 4 + 8, dL/dI[0] = dL/dI[1] + 1 + 2.
    layer = ns.Accumulate(name="r")
    _, saved = layer.forward(layer.Params(), np.ones((2, 1, 1)))
    extra = MembraneCotangent(
        np.array([2.0, 4]).reshape(2, 1, 1), State(np.full((1, 1), 8.0), np.full((1, 1), 77.0))
    )
    d_current, d_params = layer.backward(saved, np.ones((2, 1, 1)), {"r": extra})
    assert d_current.ravel().tolist() == [16, 13]
    assert d_params.initial is None


def test_accumulated_current_weighs_early_steps_more():
    """The mean of v over t gives current[t] the weight (T - t)/T."""
    layer = ns.Serial(ns.Accumulate(), ns.MeanOverTime())
    params = layer.init(np.random.default_rng(0))
    _, saved = layer.forward(params, np.ones((4, 1, 1)))
    d_current, _ = layer.backward(saved, np.ones((1, 1, 1)))
    assert d_current.ravel().tolist() == [1, 0.75, 0.5, 0.25]
