"""The benchmark's peers run the workloads' networks: the same parameters, outputs, losses."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from numsnn.bench import ours, training
from numsnn.bench.contest import Progress
from numsnn.bench.entrants import Entrant, each_kind, entrants, fastest, trials
from numsnn.bench.inference import infer
from numsnn.bench.memory import peak_bytes
from numsnn.bench.training import about, measure
from numsnn.bench.workloads import CLASSES, WORKLOADS, workload
from numsnn.compose import Serial
from numsnn.errors import NumsnnError
from numsnn.folding import folded
from numsnn.layer import walk
from numsnn.losses import cross_entropy
from numsnn.modes import evaluating
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm
from numsnn.observe import batch_statistics
from numsnn.optimizers import FROZEN
from numsnn.pooling import Flatten
from numsnn.readouts import MeanOverTime
from numsnn.tree import named_leaves

torch = pytest.importorskip("torch", reason="torch (extra peers) is not installed")
for library in ("snntorch", "spikingjelly", "norse"):
    pytest.importorskip(library, reason=f"{library} (extra peers) is not installed")
from numsnn.bench import peers  # noqa: E402
from numsnn.bench.peers import (  # noqa: E402
    PEERS,
    Variant,
    require_peers,
    running,
)
from numsnn.bench.peers.torch_network import MeansFirst, torch_network  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

FEW = 2  # samples


def small(name):
    return workload(name).resized(batch=FEW, T=min(workload(name).T, 3), turn=1)


def field(name):
    return [
        pytest.param(name, entrant, id=f"{name}: {entrant.name}")
        for entrant in entrants(small(name), list(PEERS))
    ]


EVERY = [row for name in WORKLOADS for row in field(name)]


def test_all_libraries_are_found():
    require_peers()
    assert set(peers.versions()) == {"torch", *PEERS}


def test_variants():
    names = [entrant.name for entrant in entrants(small("a"), list(PEERS))]
    assert "snntorch, looped" in names
    assert "spikingjelly, multi-step kernel" in names
    assert not any("channels" in name for name in names)  # there are no images
    assert "snntorch, looped, means first" in names  # the mean over time ahead of the last layer
    field = entrants(small("b"), list(PEERS))
    names = [entrant.name for entrant in field]
    assert "norse, multi-step, channels last" in names
    assert "norse, multi-step, channels last, means first" in names
    for entrant in field:  # a norm over T and N cannot loop
        assert entrant.same == ("looped" not in entrant.name)
    assert all(entrant.same for entrant in entrants(small("a"), list(PEERS)))


def in_double(name, neurons):
    """The workload's network, parameters, batch, and the module, all in double precision.

    Then no potential lies within a rounding error of its threshold, and spikes are the same.
    """
    work = small(name)
    network = work.network()
    params = network.init(np.random.default_rng(0), np.float64)
    x, labels = work.data(np.random.default_rng(0))
    model = torch_network(network, params, work.T, neurons)
    return network, params, x.astype(np.float64), labels, model


def flat(x):
    return torch.from_numpy(x).flatten(0, 1)


@pytest.mark.parametrize("library", PEERS)
@pytest.mark.parametrize("neurons", ["multi-step", "looped"])
@pytest.mark.parametrize("name", WORKLOADS)
def test_the_same_network(name, neurons, library):
    """As many parameters; training, evaluating and folded it gives the outputs of ours."""
    neurons = peers.module(library).NEURONS[neurons]
    network, params, x, _, model = in_double(name, neurons)
    assert sum(p.numel() for p in model.parameters()) == about(small(name))["parameters"]
    outputs, saved = network.forward(params, x)
    if not (neurons.looped and any(isinstance(m, torch.nn.BatchNorm2d) for m in model.modules())):
        close(model(flat(x)), outputs)
    statistics = {key: uses[0] for key, uses in batch_statistics(network, saved).items()}
    for other, numbers in (
        (evaluating(network, statistics), params),
        folded(network, params, statistics),
    ):
        expected, _ = other.forward(numbers, x)
        close(torch_network(other, numbers, small(name).T, neurons).eval()(flat(x)), expected)


def close(found, expected):
    assert found.dtype == torch.float64
    assert found.shape == (FEW, CLASSES)
    np.testing.assert_allclose(found.detach().numpy(), expected[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_same_gradient(name):
    """SpikingJelly keeps the gradient through the reset, as we do: every number of it agrees.

    A norm's gain holds tdBN's factor there, so its gradient is ours without it.
    """
    neurons = peers.module("spikingjelly").NEURONS["multi-step"]
    network, params, x, labels, model = in_double(name, neurons)
    torch.nn.functional.cross_entropy(model(flat(x)), torch.from_numpy(labels)).backward()
    outputs, saved = network.forward(params, x)
    _, d_outputs = cross_entropy(outputs, labels)
    _, d_params = network.backward(saved, d_outputs)
    scales = [layer.scale for (layer,) in walk(network) if isinstance(layer, BatchNorm)]
    scales = iter(scales)
    names = [key for key, _ in named_leaves(d_params) if not set(key.split("/")) & set(FROZEN)]
    given, found = dict(named_leaves(d_params)), list(model.parameters())
    assert len(names) == len(found)
    for key, parameter in zip(names, found, strict=True):
        ours = given[key].reshape(parameter.shape)
        factor = next(scales) if key.endswith("gain") else 1.0
        bound = 1e-9 * np.abs(ours).max()
        np.testing.assert_allclose(factor * parameter.grad.numpy(), ours, rtol=0, atol=bound)


@pytest.mark.parametrize(("name", "entrant"), EVERY)
def test_every_variant_trains_and_infers(name, entrant):
    """In single precision, as it is timed."""
    work, given = small(name), ours.trained(small(name))
    train = running.training(work, entrant.variant)
    losses = [train() for _ in range(3)]
    assert np.isfinite(losses).all()
    assert len(set(losses)) == 3
    for fold in (False, True):
        outputs = running.inference(work, given, entrant.variant, fold)()
        assert outputs.shape == (FEW, CLASSES)
        assert outputs.dtype == np.float32


@pytest.mark.parametrize("kind", ["multi-step", "looped"])
@pytest.mark.parametrize("name", WORKLOADS)
def test_means_first_is_the_same_network(name, kind):
    """Outputs and gradients are those of the network as it is written."""
    neurons = peers.module("spikingjelly").NEURONS[kind]
    network, params, x, labels, model = in_double(name, neurons)
    other = torch_network(network, params, small(name).T, neurons, True)
    pooled = sum(isinstance(module, MeansFirst) for module in other.modules())
    assert pooled == (2 if name in "bd" else 0)  # elsewhere the pooling is behind a neuron
    assert len(other.head) > 0
    assert len(model.head) == 0
    found = []
    for each in (model, other):
        torch.nn.functional.cross_entropy(each(flat(x)), torch.from_numpy(labels)).backward()
        found.append([p.grad for p in each.parameters()])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("library", PEERS)
def test_the_batch_and_the_weights_are_ours(library):
    """The perceptron's first loss."""
    train = running.training(small("a"), Variant(library, "multi-step", False, False))
    assert train() == pytest.approx(ours.training(small("a"))(), abs=1e-5)


@pytest.mark.parametrize("last", [True, False])
def test_layouts_reach_the_convolutions(last):
    work = small("b")
    given = ours.trained(work)
    variant = Variant("snntorch", "multi-step", last)
    model = running._model(given.network, given.params, work.T, variant)
    x, _ = running._tensors(given.batch, variant)
    seen = []
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(
                lambda module, inputs, y: seen.append(
                    y.is_contiguous(memory_format=torch.channels_last)
                )
            )
    model(x)
    assert seen == 3 * [last]


def test_what_stands_ahead_of_the_first_neuron_sees_a_still_image_once():
    work = small("c")
    given = ours.trained(work)
    seen = []
    for neurons in ("multi-step", "looped"):
        variant = Variant("snntorch", neurons, True)
        model = running._model(given.network, given.params, work.T, variant)
        first = next(m for m in model.modules() if isinstance(m, torch.nn.Conv2d))
        first.register_forward_hook(lambda module, inputs, y: seen.append(len(y)))
        model(running._tensors(given.batch, variant)[0])
    assert seen == [FEW, FEW]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((Flatten(),), "must end in MeanOverTime, found Flatten"),
        ((LIF(reset="soft"), MeanOverTime()), "must have a hard reset"),
        ((LIF(width=2.0), MeanOverTime()), "rectangular surrogate of width 1"),
        ((LIF(norm=BatchNorm((2, 1, 1))), MeanOverTime()), "no norm"),
        ((BatchNorm((2, 3, 3)), MeanOverTime()), "one gain a channel"),
        ((MeanOverTime(), MeanOverTime()), "a MeanOverTime has no counterpart"),
    ],
)
def test_what_has_no_counterpart_is_refused(layers, message):
    network = Serial(*layers)
    params = network.init(np.random.default_rng(0))
    neurons = peers.module("snntorch").NEURONS["multi-step"]
    with pytest.raises(NumsnnError, match=message):
        torch_network(network, params, 2, neurons)


# -- the contest -----------------------------------------------------------------------------------


@pytest.fixture
def known_peaks(monkeypatch):
    """2 MiB for ours, 4 and more for others."""
    sizes = iter(range(4, 99))

    def peak(work, peer=None, processes=1):
        return (2 if peer is None else next(sizes)) << 20

    monkeypatch.setattr(training, "peak_bytes", peak)


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_row(name, known_peaks):
    work = small(name)
    measured = measure(work, list(PEERS), 2, Progress())
    row = measured.row
    seconds = row["step_seconds"]
    assert list(seconds) == ["numsnn", *PEERS, "products"]
    assert [variant.library for variant in measured.fastest] == list(PEERS)
    best = min(seconds[library] for library in PEERS)
    assert seconds[row["fastest_peer"]] == best
    assert row["ratio_to_fastest_peer"] == seconds["numsnn"] / best
    assert row["memory_ratio_to_leanest_peer"] == 0.5
    assert row["peak_bytes"][row["leanest_peer"]] == 4 << 20
    for library in PEERS:
        mine = [v for v in row["variants"] if v["library"] == library]
        timed = [v for v in mine if v["step_seconds"] is not None]
        assert 1 <= len(timed) <= 2
        assert all(v["counts"] for v in timed)
        assert seconds[library] == min(v["step_seconds"] for v in timed)
        assert all(v["trial_seconds"] > 0 for v in mine)
        assert any(v["peak_bytes"] for v in mine)
    if name == "b":
        assert any(not v["counts"] and v["peak_bytes"] for v in row["variants"])
    infers = infer(work, measured.fastest, 2, Progress())
    assert len(infers["step_seconds"]) == 2 * 4
    fast = {n: min(infers["step_seconds"][f"{n}{f}"] for f in ("", ", folded")) for n in PEERS}
    ours_best = min(infers["step_seconds"][f"numsnn{f}"] for f in ("", ", folded"))
    assert infers["ratio_to_fastest_peer"] == ours_best / min(fast.values())


def test_trials_keep_the_fastest_and_who_is_near(monkeypatch):
    found = entrants(small("b"), ["snntorch"])
    seconds = {e.name: 1.0 + i for i, e in enumerate(found)}
    monkeypatch.setattr("numsnn.bench.entrants.NEAR", 1.0)
    monkeypatch.setattr(
        "numsnn.bench.entrants.contest", lambda *_: {k: [v, 2 * v] for k, v in seconds.items()}
    )
    stay, tried = trials(found, small("b"), Progress())
    assert tried == seconds
    assert [contestant.name for contestant in stay] == ["snntorch, multi-step, channels last"]
    monkeypatch.setattr("numsnn.bench.entrants.NEAR", 9.0)
    stay, _ = trials(found, small("b"), Progress())
    assert [contestant.name for contestant in stay] == [e.name for e in found if e.same][:2]


def test_fastest_and_kinds():
    found = [
        Entrant(Variant("x", "m", True), True),
        Entrant(Variant("x", "m", False), True),
        Entrant(Variant("x", "l", True), False),
        Entrant(Variant("y", "m", True), True),
    ]
    seconds = dict(zip([e.name for e in found], (2.0, 1.0, 0.5, 3.0), strict=True))
    assert fastest(found, seconds) == {"x": found[1], "y": found[3]}
    assert fastest(found, {found[0].name: 1.0}) == {"x": found[0]}
    assert each_kind(found, seconds.__getitem__) == [found[2], found[1], found[3]]


def test_memory_of_a_peer_in_a_process_of_its_own():
    work = dataclasses.replace(small("b"), batch=64)
    assert peak_bytes(work, tuple(Variant("snntorch", "multi-step", True))) > 1 << 20


def test_nothing_is_imported_before_it_is_asked_for():
    code = (
        "import sys, numsnn.bench.peers, numsnn.bench.training, numsnn.bench.inference, numsnn.cli;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'snntorch', 'spikingjelly', 'norse')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
