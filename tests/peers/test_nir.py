"""Through NIR and back the same spikes; graphs from elsewhere are read or refused by name."""

import numpy as np
import pytest

import numsnn as ns
from numsnn.layer import walk
from numsnn.networks import NETWORKS, build
from numsnn.nir import from_nir, read_nir, to_nir, write_nir
from numsnn.tree import map_named

from .nir_cases import SHAPE, bare, fired, network_of

nir = pytest.importorskip("nir", reason="the package nir (extra nir) is not installed")

MARGIN = 1e-7  # of potentials from thresholds, against rounding of 1e-13 in double precision


@pytest.mark.parametrize("resistance", ["one", "matched"])
@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("norm", ["none", "tdbn", "tdbn+mpbn"])
def test_round_trip(tmp_path, norm, reset, resistance):
    """Whole residual network, through a file: spike for spike in every layer."""
    network, params, statistics, x = network_of(norm=norm, reset=reset)
    if norm == "tdbn+mpbn":  # no identity shortcut, whose channels cannot be negated
        params = positive(params)
    path = tmp_path / "a.nir"
    write_nir(path, network, params, SHAPE, statistics, resistance=resistance)
    again, inside = read_nir(path)
    y, spikes, margin = fired(*bare(network, params, statistics), x)
    assert margin > MARGIN
    z, others, _ = fired(again, inside, x)
    assert list(others) == list(spikes)
    assert sum(s.sum() for s in spikes.values()) > 50
    for name, trace in spikes.items():
        np.testing.assert_array_equal(others[name], trace)
    np.testing.assert_allclose(z, y, rtol=1e-10, atol=1e-12)


def positive(params):
    return map_named(lambda path, a: np.abs(a) if "norm/gain" in path else a, params)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_architecture(name):
    channels = 2 if name == "resnet17" else 3
    shape = (channels, 32, 32)
    network, params, statistics, x = network_of(name, np.float32, shape=shape)
    graph = to_nir(network, params, shape, statistics)
    again, inside = from_nir(graph)
    y, spikes, _ = fired(*bare(network, params, statistics), x)
    z, others, _ = fired(again, inside, x)
    assert z.dtype == np.float32
    for trace, other in zip(spikes.values(), others.values(), strict=True):
        assert np.mean(trace != other) <= 1e-4  # single precision: thresholds are rounded once more
    assert y.shape == z.shape


def test_events_and_accumulating_readout():
    """Recordings have no repetition; the sum of outputs over time becomes an integrator node."""
    rng = np.random.default_rng(0)
    network = build("small", (2, 8, 8), 3, 4, width=1 / 8, norm="none", events=True,
                    readout=ns.Accumulate())  # fmt: skip
    params = network.init(rng, np.float64)
    x = 3 * rng.standard_normal((4, 2, 2, 8, 8))
    again, inside = from_nir(to_nir(network, params, (2, 8, 8)))
    assert not any(isinstance(layer, ns.Repeat) for (layer,) in walk(again))
    np.testing.assert_allclose(again.forward(inside, x)[0], network.forward(params, x)[0])


def test_groups_are_written_out():
    rng = np.random.default_rng(0)
    network = ns.Serial(ns.Conv2d(4, 6, 3, groups=2), ns.LIF())
    params = network.init(rng, np.float64)
    x = 3 * rng.standard_normal((2, 2, 4, 5, 5))
    again, inside = from_nir(to_nir(network, params, (4, 5, 5)))
    np.testing.assert_array_equal(again.forward(inside, x)[0], network.forward(params, x)[0])


@pytest.mark.parametrize("decay", [0.0, 0.25, 1.0])
def test_decays(decay):
    """Without memory, leaking, and without a leak (an IF node)."""
    rng = np.random.default_rng(0)
    network = ns.Serial(ns.LIF(decay=decay, tie="fires"))
    params = network.init(rng)
    x = rng.standard_normal((6, 2, 4)).astype(np.float32)
    graph = to_nir(network, params, (4,), dt=0.01)
    assert {type(node).__name__ for node in graph.nodes.values()} == {
        "Input", "Output", "IF" if decay == 1 else "LIF",
    }  # fmt: skip
    again, inside = from_nir(graph)
    assert again.layers[0].tie == "fires"
    np.testing.assert_array_equal(again.forward(inside, x)[0], network.forward(params, x)[0])


def test_metadata(tmp_path):
    network, params, statistics, _ = network_of(reset="soft")
    write_nir(tmp_path / "a.nir", network, params, SHAPE, statistics, dt=1e-3)
    graph = nir.read(tmp_path / "a.nir")
    found = {key: graph.metadata[key] for key in ("dt", "reset", "readout", "steps")}
    assert found == {"dt": 1e-3, "reset": "soft", "readout": "mean", "steps": 4}


def graph_of(*nodes, edges=None, **settings):
    """A chain of nodes, or what ``edges`` say, by position."""
    named = {f"n{i}": node for i, node in enumerate(nodes)}
    keys = list(named)
    pairs = edges or [(i, i + 1) for i in range(len(nodes) - 1)]
    return nir.NIRGraph(named, [(keys[a], keys[b]) for a, b in pairs], type_check=False)


def ends(size=3):
    return nir.Input({"input": np.array([size])}), nir.Output({"output": np.array([size])})


def lif(size=3, **fields):
    given = {"tau": 2e-4, "r": 1.0, "v_leak": 0.0, "v_threshold": 0.4, "v_reset": 0.0} | fields
    return nir.LIF(**{key: np.full(size, value) for key, value in given.items()})


def test_a_foreign_neuron_follows_the_formats_equation():
    """dt/tau = 1/2: v += (r I - v)/2, fires above the threshold, returns to 0. Worked by hand."""
    first, last = ends()
    network, params = from_nir(graph_of(first, lif(), last), dt=1e-4)
    x = np.array([0.5, 0.5, 0.5, 0.8, 0.9]).reshape(5, 1, 1) * np.ones((1, 1, 3))
    # v: .25, .375, .4375 fires, .4 is not above, .65 fires
    y, _ = network.forward(params, x.astype(np.float32))
    np.testing.assert_array_equal(y[:, 0, 0], [0, 0, 1, 0, 1])


def test_sums_of_branches_nest():
    """Three branches, one of them the identity, another with branches inside."""
    first, last = ends()
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((3, 3)) for _ in range(4)]
    nodes = [first, *(nir.Linear(w) for w in weights), lif(), last]
    edges = [(0, 1), (0, 2), (0, 5), (2, 3), (2, 4), (1, 5), (3, 5), (4, 5), (5, 6)]
    network, params = from_nir(graph_of(*nodes, edges=edges), dt=1e-4)
    x = rng.standard_normal((4, 2, 3))
    a, b, c, d = weights
    current = x + x @ a.T + (x @ b.T) @ c.T + (x @ b.T) @ d.T
    expected, _ = ns.LIF(0.5, 0.8).forward(ns.LIF(0.5, 0.8).init(rng, np.float64), current)
    np.testing.assert_array_equal(network.forward(params, x)[0], expected)


def test_sum_pooling():
    nodes = (
        nir.Input({"input": np.array([2, 4, 4])}),
        nir.SumPool2d(*(np.array(p) for p in ((2, 2), (2, 2), (0, 0)))),
        nir.Output({"output": np.array([2, 2, 2])}),
    )
    network, params = from_nir(graph_of(*nodes))
    x = np.arange(32.0, dtype=np.float32).reshape(1, 1, 2, 4, 4)
    expected = x.reshape(1, 1, 2, 2, 2, 2, 2).sum(axis=(4, 6))
    np.testing.assert_array_equal(network.forward(params, x)[0], expected)


# -- what is refused -------------------------------------------------------------------------------


def cuba():
    full = {key: np.ones(3) for key in ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold")}
    return nir.CubaLIF(**full)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (lambda: cuba(), r"'n1', a CubaLIF behind a shape \(3,\), has no layer here; there are"),
        (lambda: nir.Delay(np.ones(3)), "'n1', a Delay.*there are layers for Input, Output"),
        (lambda: lif(v_reset=0.1), "v_reset other than 0"),
        (lambda: lif(v_leak=0.1), "v_leak other than 0"),
        (lambda: lif(r=0.0), "a resistance of 0 or less"),
        (lambda: lif(tau=0.0), r"'n1' of shape \(3,\) has a tau of 0 s, below the step dt"),
        (lambda: lif(tau=5e-5), "take a smaller dt"),
        (lambda: lif(v_threshold=np.nan), "the v_threshold of the LIF 'n1' must be finite"),
        (
            lambda: nir.Linear(np.full((3, 3), np.inf)),
            "the weight of the Linear 'n1' must be finite",
        ),
        (lambda: nir.Linear(np.ones((3, 4))), r"the Linear 'n1' does not fit the shape \(3,\)"),
        (lambda: nir.I(np.ones(3)), "only 1 has a layer here"),
    ],
)
def test_nodes_without_a_layer(node, message):
    first, last = ends()
    with pytest.raises(ns.NumsnnError, match=message):
        from_nir(graph_of(first, node(), last), dt=1e-4)


def test_graphs_without_a_network():
    first, last = ends()
    with pytest.raises(ns.NumsnnError, match="metadata have no dt"):
        from_nir(graph_of(first, lif(), last))
    with pytest.raises(ns.NumsnnError, match="dt must be a positive"):
        from_nir(graph_of(first, lif(), last), dt=-1.0)
    with pytest.raises(ns.NumsnnError, match=r"\['n1', 'n2', 'n3'\] stand on a cycle"):
        loop = nir.Linear(np.ones((3, 3)))
        edges = [(0, 1), (1, 2), (2, 1), (1, 3)]
        from_nir(graph_of(first, lif(), loop, last, edges=edges), dt=1e-4)
    with pytest.raises(ns.NumsnnError, match="one node of type Input, found 0"):
        from_nir(graph_of(lif(), last), dt=1e-4)
    with pytest.raises(ns.NumsnnError, match=r"never meet|nothing follows"):
        from_nir(graph_of(first, lif(), lif(), last, edges=[(0, 1), (0, 2), (1, 3)]), dt=1e-4)
    with pytest.raises(ns.NumsnnError, match="expected a NIRGraph"):
        from_nir(lif())
    astray = graph_of(first, lif(), last)
    astray.edges.append(("n1", "n9"))
    with pytest.raises(ns.NumsnnError, match="names the node 'n9'; there are n0, n1, n2"):
        from_nir(astray, dt=1e-4)


WHOLE = ((0, -1), (0, 2), (1, -1), (1, 3), (-3, -1))


@pytest.mark.parametrize("axes", [*WHOLE, (1, 2), (0, 1), (2, -1)])
def test_flatten_joins_all_axes_or_is_refused(axes):
    """Of (2, 4, 4), counted without the batch or with it."""
    graph = graph_of(
        nir.Input({"input": np.array([2, 4, 4])}),
        nir.Flatten({"input": np.array([2, 4, 4])}, *axes),
        nir.Output({"output": np.array([32])}),
    )
    if axes in WHOLE:
        network, params = from_nir(graph)
        assert network.forward(params, np.zeros((1, 1, 2, 4, 4), np.float32))[0].shape == (1, 1, 32)
    else:
        with pytest.raises(ns.NumsnnError, match="joins the axes"):
            from_nir(graph)


def test_a_step_as_long_as_the_time_constant_forgets_at_once():
    first, last = ends()
    _network, params = from_nir(graph_of(first, lif(tau=1e-4), last), dt=1e-4)
    assert not params[0].decay.any()


def test_files_that_are_none(tmp_path):
    with pytest.raises(ns.NumsnnError, match="there is no such file"):
        read_nir(tmp_path / "a.nir")
    (tmp_path / "a.nir").write_bytes(b"not HDF5")
    with pytest.raises(ns.NumsnnError, match="no NIR file"):
        read_nir(tmp_path / "a.nir")


def test_what_the_format_cannot_say():
    rng = np.random.default_rng(0)

    def refused(layer, message, shape=(4,), **settings):
        params = layer.init(rng)
        with pytest.raises(ns.NumsnnError, match=message):
            to_nir(layer, params, shape, **settings)

    refused(ns.Serial(ns.LIF(lateral=ns.Linear(4, 4))), r"LIF of input \(4,\) has lateral")
    refused(ns.Serial(ns.LIF(decay=1.5)), "decays from 1.5 to 1.5")
    refused(ns.Serial(ns.ReLU()), "the ReLU of input.*there are nodes for Conv2d, Linear")
    refused(ns.Serial(ns.MeanOverTime(), ns.LIF()), "must be last")
    refused(ns.Serial(ns.Residual(ns.Identity())), "both branches.*no edge of weight two")
    two = ns.Residual(ns.Linear(4, 4))
    refused(ns.Serial(two, two), "begins at a sum")
    refused(ns.Serial(ns.BatchNorm((4,), name="norm1")), "no statistics for the norm 'norm1'")
    refused(ns.Serial(ns.LIF()), "dt must be a positive", dt=0.0)
    refused(ns.Serial(ns.LIF()), "dt must be a positive number of seconds, found 'fast'", dt="fast")
    refused(ns.Serial(ns.LIF()), "input_shape must be", shape=4)
    network = ns.named(ns.Serial(ns.LIF()))
    params = network.init(rng)
    _, saved = network.forward(params, np.ones((2, 1, 4), np.float32))
    started = ns.starting(network, params, ns.final_states(network, saved))
    with pytest.raises(ns.NumsnnError, match="initial state"):
        to_nir(network, started, (4,))
