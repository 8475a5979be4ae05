"""Other simulators read the exported file: the same spikes where their conventions allow.

Each difference that ``numsnn.nir`` lists is shown here, so that a release that changes it is noticed.
"""

import contextlib
import io
import warnings

import numpy as np
import pytest

import numsnn as ns
from numsnn.nir import write_nir

from .nir_cases import SHAPE, bare, fired, network_of

nir = pytest.importorskip("nir", reason="the package nir (extra nir) is not installed")
torch = pytest.importorskip("torch", reason="torch (extra peers) is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")

MARGIN = 2e-6  # of potentials from thresholds, against single precision
T = 5


def snntorch(path):
    module = pytest.importorskip("snntorch.import_nir", reason="snntorch is not installed")
    with contextlib.redirect_stdout(io.StringIO()):  # it prints every scaled threshold
        return module.import_from_nir(nir.read(path))


def spikingjelly(path):
    module = pytest.importorskip(
        "spikingjelly.activation_based.nir_exchange", reason="spikingjelly is not installed"
    )
    return module.import_from_nir(nir.read(path), dt=1e-4)


def norse(path):
    module = pytest.importorskip("norse.torch", reason="norse is not installed")
    return module.from_nir(nir.read(path), dt=1e-4, ignore_warnings=True)


READERS = {"snntorch": snntorch, "spikingjelly": spikingjelly, "norse": norse}


def run(reader, path, x):
    """The outputs [T, N, ...] of another simulator for x [T, N, ...]."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = READERS[reader](path)
        state, found = None, []
        with torch.no_grad():
            for step in torch.from_numpy(np.ascontiguousarray(x)):
                y, state = model(step, state)
                found.append(y.detach().numpy().copy())
    return np.stack(found)


def dense(rng, **fields):
    """Three layers that fire, without pooling or flattening: what all readers know."""
    network = ns.Serial(
        ns.Linear(6, 20), ns.LIF(**fields), ns.Linear(20, 20), ns.LIF(**fields),
        ns.Linear(20, 8), ns.LIF(**fields),
    )  # fmt: skip
    params = tuple(
        p if p is None or not hasattr(p, "weight") else p._replace(weight=3 * p.weight)
        for p in ns.named(network).init(rng)
    )
    return ns.named(network), params, (2 * rng.standard_normal((T, 4, 6))).astype(np.float32)


def image(rng):
    """Convolutions, a residual block, pooling, and neurons at the end."""
    block = ns.Residual(
        ns.Serial(ns.Conv2d(4, 4, 3, padding=1), ns.LIF(), ns.Conv2d(4, 4, 3, padding=1)),
        ns.Identity(),
    )
    network = ns.named(
        ns.Serial(
            ns.Conv2d(2, 4, 3, padding=1), ns.LIF(), block, ns.LIF(), ns.AvgPool2d(2),
            ns.Conv2d(4, 6, 3, stride=2, padding=1), ns.LIF(),
        )
    )  # fmt: skip
    params = network.init(rng)
    return network, params, (2 * rng.standard_normal((T, 3, 2, 8, 8))).astype(np.float32)


def expected(network, params, x, margin=MARGIN):
    """Our spikes; a case too near to a threshold would prove nothing."""
    y, spikes, least = fired(network, params, x)
    assert least > margin
    assert all(0.02 < trace.mean() < 0.98 for trace in spikes.values())
    return y


@pytest.mark.parametrize("reader", READERS)
def test_dense_layers(tmp_path, reader):
    network, params, x = dense(np.random.default_rng(1))
    write_nir(tmp_path / "a.nir", network, params, (6,))
    np.testing.assert_array_equal(run(reader, tmp_path / "a.nir", x), expected(network, params, x))


@pytest.mark.parametrize("reader", ["snntorch", "spikingjelly"])
def test_images_with_residual_blocks(tmp_path, reader):
    network, params, x = image(np.random.default_rng(2))
    write_nir(tmp_path / "a.nir", network, params, (2, 8, 8))
    np.testing.assert_array_equal(run(reader, tmp_path / "a.nir", x), expected(network, params, x))


@pytest.mark.parametrize("reader", ["snntorch", "spikingjelly"])
def test_a_whole_network_with_tdbn_folded(tmp_path, reader):
    """A still image shown at every step; the mean over time is taken by hand. One sample a run,
    for snnTorch flattens the batch too."""
    network, params, statistics, x = network_of("small-resnet", np.float32, norm="tdbn")
    write_nir(tmp_path / "a.nir", network, params, SHAPE, statistics)
    folded, inside = bare(network, params, statistics)
    y, _, margin = fired(folded, inside, x)
    assert margin > MARGIN
    for i in range(x.shape[1]):
        found = run(reader, tmp_path / "a.nir", np.repeat(x[:, i : i + 1], 4, axis=0))
        np.testing.assert_allclose(found.reshape(4, -1).mean(axis=0), y[0, i], atol=2e-6)


# -- where conventions differ ----------------------------------------------------------------------


@pytest.mark.parametrize(("reader", "fires"), [("snntorch", 0), ("spikingjelly", 1), ("norse", 0)])
def test_on_the_threshold(tmp_path, reader, fires):
    network = ns.Serial(ns.Linear(1, 1, bias=False), ns.LIF(decay=0.5, threshold=0.5))
    params = network.init(np.random.default_rng(0))
    params = (params[0]._replace(weight=np.ones((1, 1), np.float32)), params[1])
    write_nir(tmp_path / "a.nir", network, params, (1,))
    on_it = np.full((1, 1, 1), 0.5, np.float32)
    assert run(reader, tmp_path / "a.nir", on_it).item() == fires
    assert network.forward(params, on_it)[0].item() == 0


@pytest.mark.parametrize(
    ("reader", "agrees"), [("snntorch", True), ("spikingjelly", True), ("norse", False)]
)
def test_matched_resistance(tmp_path, reader, agrees):
    """r = tau/dt, thresholds unchanged: Norse does not multiply by r."""
    network, params, x = dense(np.random.default_rng(1))
    write_nir(tmp_path / "a.nir", network, params, (6,), resistance="matched")
    found = run(reader, tmp_path / "a.nir", x)
    assert np.array_equal(found, expected(network, params, x)) == agrees


@pytest.mark.parametrize("reader", READERS)
def test_soft_resets_are_read_by_nobody_else(tmp_path, reader):
    """The file says it in metadata only; the others reset hard, as the format defines."""
    network, params, x = dense(np.random.default_rng(1), reset="soft")
    write_nir(tmp_path / "a.nir", network, params, (6,))
    found = run(reader, tmp_path / "a.nir", x)
    assert not np.array_equal(found, expected(network, params, x))
    hard, _, _ = dense(np.random.default_rng(1))
    np.testing.assert_array_equal(found, expected(hard, params, x))


@pytest.mark.parametrize("reader", READERS)
def test_thresholds_of_their_own(tmp_path, reader):
    """A neuron each, as MPBN leaves them: Norse reads them, the others say they do not."""
    rng = np.random.default_rng(1)
    network, params, x = dense(rng)
    thresholds = rng.uniform(0.3, 0.8, 20).astype(np.float32)
    layers = list(network.layers)
    layers[1] = ns.LIF(threshold_shape=(20,), name="lif1")
    params = (params[0], params[1]._replace(threshold=thresholds), *params[2:])
    network = ns.Serial(*layers)
    write_nir(tmp_path / "a.nir", network, params, (6,))
    if reader == "norse":
        found = run(reader, tmp_path / "a.nir", x)
        np.testing.assert_array_equal(found, expected(network, params, x))
    else:
        with pytest.raises((AssertionError, ValueError, NotImplementedError)):
            run(reader, tmp_path / "a.nir", x)


@pytest.mark.parametrize(
    ("reader", "agrees"), [("snntorch", False), ("spikingjelly", True), ("norse", True)]
)
def test_without_a_leak(tmp_path, reader, agrees):
    network, params, x = dense(np.random.default_rng(3), decay=1.0)
    write_nir(tmp_path / "a.nir", network, params, (6,))
    try:
        found = run(reader, tmp_path / "a.nir", x)
    except (AssertionError, ValueError):
        assert not agrees
        return
    assert np.array_equal(found, expected(network, params, x)) == agrees


def test_norse_has_no_average_pooling(tmp_path):
    """It leaves the node out. Which part of the graph then runs depends on the order of a set there:
    an error of some kind, or an output of another shape; never ours."""
    pytest.importorskip("norse.torch", reason="norse is not installed")
    network, params, x = image(np.random.default_rng(2))
    write_nir(tmp_path / "a.nir", network, params, (2, 8, 8))
    try:
        found = run("norse", tmp_path / "a.nir", x)
    except Exception:
        return
    assert found.shape != expected(network, params, x).shape
