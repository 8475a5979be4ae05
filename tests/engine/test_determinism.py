"""The same numbers every time: bit for bit, for any number of threads, for any cut of the work."""

import numpy as np
import pytest

import numsnn as ns
from numsnn import parallel
from numsnn.neurons import MembraneCotangent, State
from numsnn.tree import cast, map_tree

from .support import assert_near, assert_same, frozen, like
from .zoo import ALL, case, folded_neuron, with_initial_state


@pytest.fixture(autouse=True)
def threads_restored():
    yield
    parallel.set_threads(0)


def run(layer, params, x, seed=0):
    """Everything a layer gives: output, membranes, states, gradients."""
    layer = ns.named(layer)
    rng = np.random.default_rng(seed)
    y, saved = layer.forward(params, x)
    w = rng.standard_normal(y.shape).astype(y.dtype)
    membranes = ns.membranes(layer, saved)
    extra = {
        name: MembraneCotangent(
            rng.standard_normal(m.shape).astype(m.dtype),
            State(*(rng.standard_normal(m.shape[1:]).astype(m.dtype) for _ in range(2))),
        )
        for name, m in membranes.items()
    }
    d_x, d_params = layer.backward(saved, w, extra)
    return y, membranes, ns.final_states(layer, saved), d_x, d_params


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_twice_the_same_bits(name, dtype):
    found = case(name).of(dtype)
    assert_same(run(*found), run(*found))


@pytest.mark.parametrize("name", ALL)
def test_nothing_that_goes_in_is_written_to(name):
    """Inputs, parameters, residuals and cotangents are read-only here; NumPy would object."""
    layer, params, x = frozen(case(name))
    layer = ns.named(layer)
    rng = np.random.default_rng(0)
    y, saved = layer.forward(params, x)
    frozen((y, saved))
    extra = {
        key: frozen(MembraneCotangent(like(rng, m), like(rng, State(m[0], m[0]))))
        for key, m in ns.membranes(layer, saved).items()
    }
    layer.backward(saved, frozen(like(rng, y)), extra)


@pytest.mark.parametrize("name", ALL)
def test_any_layout_of_memory(name):
    """Transposed, reversed and strided views hold the same numbers and give the same numbers."""
    layer, params, x = case(name)
    expected = run(layer, params, x)
    fortran = map_tree(lambda leaf: np.array(leaf, order="F"), params)
    wide = np.repeat(x, 2, axis=1)[:, ::2]
    backwards = np.ascontiguousarray(x[..., ::-1])[..., ::-1]
    for view in (np.asfortranarray(x), wide, backwards):
        np.testing.assert_array_equal(view, x)
        assert_near(run(layer, fortran, view), expected)


LARGE = {
    # layer, shape of x: enough for several tiles, lanes and chunks
    "lif": (ns.LIF(), (4, 400, 1000)),
    "lif of one tile": (ns.LIF(), (4, 130, 1000)),
    "lif, soft, channels": (
        ns.LIF(reset="soft", threshold_shape=(20, 1, 1), decay_shape=(20, 1, 1)),
        (3, 50, 20, 20, 20),
    ),
    "lif of large images": (ns.LIF(), (2, 3, 8, 150, 150)),
    "lif with norm": (ns.LIF(norm=ns.BatchNorm((20, 1, 1))), (3, 9, 20, 20, 20)),
    "lif with lateral": (
        ns.LIF(lateral=ns.Conv2d(8, 8, 5, padding=2, groups=8, bias=False)),
        (2, 9, 8, 16, 16),
    ),
    "linear": (ns.Linear(300, 200), (4, 233, 300)),
    "conv": (ns.Conv2d(8, 16, 3, padding=1), (3, 133, 8, 14, 14)),
    "conv that grows": (ns.Conv2d(2, 16, 3, padding=1), (3, 51, 2, 34, 34)),
    "conv in groups": (ns.Conv2d(8, 16, 3, stride=2, groups=4), (3, 233, 8, 14, 14)),
    "batch norm": (ns.BatchNorm((8, 1, 1)), (3, 37, 8, 32, 32)),
    "batch norm of features": (ns.BatchNorm((3000,)), (4, 77, 3000)),
    "pool": (ns.AvgPool2d(2), (3, 37, 8, 31, 31)),
    "accumulate": (ns.Accumulate(), (4, 33, 3000)),
    "relu": (ns.ReLU(), (4, 33, 3000)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LARGE)
def test_one_thread_or_two_the_same_bits(name, dtype):
    layer, shape = LARGE[name]
    rng = np.random.default_rng(0)
    params = cast(layer.init(rng, np.float64), dtype)
    x = rng.standard_normal(shape).astype(dtype)
    results = []
    for count in (1, 2, 3):
        parallel.set_threads(count)
        assert parallel.threads() == count
        results.append(run(layer, params, x))
    assert_same(results[1], results[0])
    assert_same(results[2], results[0])


def test_a_training_network_on_one_thread_or_two():
    network = ns.named(
        ns.Serial(
            ns.Conv2d(1, 8, 3, padding=1),
            ns.BatchNorm((8, 1, 1), scale=0.5),
            ns.Repeat(4),
            ns.LIF(),
            ns.Residual(
                ns.Serial(ns.Conv2d(8, 8, 3, padding=1), ns.BatchNorm((8, 1, 1)), ns.LIF())
            ),
            ns.AvgPool2d(2),
            ns.Dropout(0.1, seed=1),
            ns.Flatten(),
            ns.Linear(8 * 16, 10),
            ns.MeanOverTime(),
        )
    )
    rng = np.random.default_rng(0)
    params = network.init(rng)
    x = rng.standard_normal((1, 64, 1, 8, 8)).astype(np.float32)
    parallel.set_threads(1)
    expected = run(network, params, x)
    parallel.set_threads(2)
    assert_same(run(network, params, x), expected)


@pytest.mark.parametrize("tile", [1, 7, 64])
@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("shapes", [(), (6,)])
def test_any_cut_of_the_neurons_work(monkeypatch, tile, reset, shapes):
    """Numbers in eighths, slopes 1/4: every sum is exact, so its order cannot show."""
    layer = ns.LIF(
        decay=0.5,
        threshold=17 / 64,
        width=4.0,
        reset=reset,
        detach_reset=True,
        decay_shape=shapes,
        threshold_shape=shapes,
        width_shape=shapes,
        name="n",
    )
    rng = np.random.default_rng(0)

    def numbers(*shape):
        return rng.integers(-8, 9, shape) / 8

    params = layer.init(rng, np.float64)._replace(
        initial=State(numbers(5, 6), numbers(5, 6)),
    )
    x = numbers(3, 5, 6)
    extra = {"n": MembraneCotangent(numbers(3, 5, 6), State(numbers(5, 6), numbers(5, 6)))}
    w = numbers(3, 5, 6)

    def everything():
        y, saved = layer.forward(params, x)
        return y, saved.membrane, saved.final, layer.backward(saved, w, extra)

    monkeypatch.setattr("numsnn.neurons.TILE", 1 << 14)
    expected = everything()
    assert expected[0].any() and not expected[0].all()
    monkeypatch.setattr("numsnn.neurons.TILE", tile)
    assert_same(everything(), expected)


@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_any_cut_of_an_image(monkeypatch, reset):
    """One sample larger than a tile is cut along its channels."""
    layer = ns.LIF(decay=0.5, threshold=17 / 64, width=4.0, reset=reset, detach_reset=True)
    rng = np.random.default_rng(0)
    params = layer.init(rng, np.float64)
    for shape in ((3, 2, 6, 2, 2), (3, 2, 7, 2, 2), (3, 2, 24)):
        x, w = (rng.integers(-8, 9, shape) / 8 for _ in range(2))
        monkeypatch.setattr("numsnn.neurons.TILE", 1 << 14)
        y, saved = layer.forward(params, x)
        expected = y, saved, layer.backward(saved, w)
        for tile in (1, 5, 9, 16):
            monkeypatch.setattr("numsnn.neurons.TILE", tile)
            y, saved = layer.forward(params, x)
            assert_same((y, saved, layer.backward(saved, w)), expected)


@pytest.mark.parametrize("shape", [(1, 3, 2, 5), (1, 3, 4, 2, 2), (3, 2, 6, 2, 2), (1, 1, 3, 2, 2)])
@pytest.mark.parametrize("tile", [2, 1 << 14])
def test_any_order_of_the_current_in_memory(monkeypatch, shape, tile):
    """States and their gradients too, which are filled tile by tile."""
    monkeypatch.setattr("numsnn.neurons.TILE", tile)
    layer = ns.LIF(decay=0.5, threshold=17 / 64, width=4.0, detach_reset=True, name="n")
    rng = np.random.default_rng(0)
    x, w, v, s, d_v, d_s = rng.integers(-8, 9, (6, *shape)) / 8

    def run(current):
        params = layer.init(rng, np.float64)._replace(initial=State(v[0], s[0]))
        y, saved = layer.forward(params, current)
        extra = {"n": MembraneCotangent(None, State(d_v[0], d_s[0]))}
        return y, saved.membrane, saved.final, layer.backward(saved, w, extra)

    expected = run(x)
    assert expected[2].membrane.any()
    orders = [np.asfortranarray(x)]
    if x.ndim == 5:
        orders.append(np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 2, -1)), -1, 2))
    for other in orders:
        assert_same(run(other), expected)


@pytest.mark.parametrize("name", ["accumulate", "hard, silent, no norm", "soft, fires, no norm"])
def test_states_do_not_alias_the_inputs(name):
    """A state that is kept does not change when the input it came from is reused."""
    found = with_initial_state(case(name))
    layer, params, x = found
    _, saved = layer.forward(params, x)
    before = map_tree(np.copy, saved.final)
    x[...] = 99
    params.initial.membrane[...] = 99
    assert_same(saved.final, before)


def test_folded_neurons_too():
    found = folded_neuron()
    assert_same(run(*found), run(*found))
