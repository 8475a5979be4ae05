"""Every choice of first weights has the deviation it states, and is a function of its seed."""

from functools import partial

import numpy as np
import pytest

import numsnn as ns
from numsnn.initialisation import INITIALISATIONS, initialised
from numsnn.networks import build
from numsnn.recipes import Recipe
from numsnn.training import start
from numsnn.tree import flatten, named_leaves

# By hand for a 3x3 convolution from 40 to 80 channels and a Linear from 400 to 100.
DEVIATIONS = {
    "default": (np.sqrt(2 / 720), 1 / np.sqrt(3 * 400)),
    "kaiming-in": (np.sqrt(2 / 360), np.sqrt(2 / 400)),
    "kaiming-out": (np.sqrt(2 / 720), np.sqrt(2 / 100)),
    "xavier": (np.sqrt(2 / 1080), np.sqrt(2 / 500)),
    "mpbn-resnet": (np.sqrt(2 / 720), 1 / 400),
    "mpbn-vgg": (np.sqrt(2 / 720), 0.01),
    "im-loss": (np.sqrt(1e-6 / 720), np.sqrt(1e-4 / 400)),
}


def test_all_names_are_here():
    assert DEVIATIONS.keys() == INITIALISATIONS.keys()


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_deviations(name):
    network = ns.Serial(ns.Conv2d(40, 80, 3), ns.Linear(400, 100))
    conv, linear = initialised(network, name, 1, np.float64)
    for params, deviation in zip((conv, linear), DEVIATIONS[name], strict=True):
        # the error of a deviation is that of n numbers, sigma/sqrt(2 n): here below half a percent
        assert params.weight.std() == pytest.approx(deviation, rel=0.02)
        assert abs(params.weight.mean()) < 5 * deviation / np.sqrt(params.weight.size)
        assert not params.bias.any()


@pytest.mark.parametrize("name", INITIALISATIONS)
def test_seeded(name):
    network = build("small-resnet", (1, 8, 8), 3, 2, width=1 / 4, norm="tdbn+mpbn")
    first, again, other = (flatten(initialised(network, name, seed)) for seed in (5, 5, 6))
    like = flatten(network.init(np.random.default_rng(0)))
    assert list(first) == list(like)
    for path, leaf in first.items():
        assert leaf.dtype == np.float32
        np.testing.assert_array_equal(leaf, again[path])
        if path.endswith("weight"):
            assert not np.array_equal(leaf, other[path])
        else:
            np.testing.assert_array_equal(leaf, like[path])


def test_default_is_the_layers_own():
    network = build("small", width=1 / 4)
    ours = initialised(network, rng=np.random.default_rng(3))
    theirs = network.init(np.random.default_rng(3))
    for (_, a), (_, b) in zip(named_leaves(ours), named_leaves(theirs), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_recipe_starts_with_it():
    network = build("small", width=1 / 4)
    recipe = Recipe(network, init=partial(initialised, network, "im-loss"))
    weight = start(recipe).params[0].weight
    assert weight.std() == pytest.approx(np.sqrt(1e-6 / (9 * 8)), rel=0.3)


def test_without_a_norm_the_smallest_weights_leave_silence():
    network = build("small", width=1 / 4, norm="none")
    x = np.random.default_rng(0).uniform(0, 1, (1, 4, 1, 8, 8)).astype(np.float32)
    _, saved = network.forward(initialised(network, "im-loss"), x)
    assert not any(trace.any() for trace in ns.spikes(network, saved).values())


def test_unknown_name():
    with pytest.raises(ns.NumsnnError, match="name must be one of"):
        initialised(build("small"), "he")
