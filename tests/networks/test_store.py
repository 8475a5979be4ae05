"""A saved network comes back as it was; a file that is something else is named as such."""

import json

import numpy as np
import pytest

import numsnn as ns
from numsnn.folding import folded
from numsnn.networks import NETWORKS, build
from numsnn.papers import METHODS, recipe
from numsnn.store import FORMAT, VERSION, load, save
from numsnn.tree import flatten

SHAPE = (1, 16, 16)


def trained(rng, name="small-resnet", dtype=np.float32, shape=SHAPE, **options):
    """A network with parameters and the statistics of one batch."""
    network = build(name, shape, 3, 2, width=1 / 8, events=False, **options)
    params = network.init(rng, dtype)
    x = rng.standard_normal((1, 4, *shape)).astype(dtype)
    _, saved = network.forward(params, x)
    statistics = {
        key: ns.Statistics(*(np.mean(part, axis=0) for part in zip(*uses, strict=True)))
        for key, uses in ns.batch_statistics(network, saved).items()
    }
    return network, params, statistics, x


def assert_same(a, b):
    a, b = flatten(a), flatten(b)
    assert list(a) == list(b)
    for name in a:
        assert a[name].dtype == b[name].dtype
        np.testing.assert_array_equal(a[name], b[name])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("norm", ["tdbn+mpbn-element", "none"])
def test_round_trip(tmp_path, rng, norm, dtype):
    network, params, statistics, x = trained(rng, norm=norm, dtype=dtype)
    save(tmp_path / "a.npz", network, params, statistics, {"epoch": 3})
    found = load(tmp_path / "a.npz", like=network)
    assert found.network == network
    assert found.about == {"epoch": 3}
    assert_same(found.params, params)
    assert list(found.statistics) == list(statistics)
    assert_same(found.statistics, statistics)
    y, _ = ns.evaluating(network, statistics).forward(params, x)
    z, _ = ns.evaluating(found.network, found.statistics).forward(found.params, x)
    np.testing.assert_array_equal(y, z)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_architecture(tmp_path, rng, name):
    network = build(name, width=1 / 16, norm="tdbn+mpbn")
    params = network.init(rng)
    save(tmp_path / "a.npz", network, params)
    found = load(tmp_path / "a.npz")
    assert found.network == network
    assert_same(found.params, params)


@pytest.mark.parametrize("method", METHODS)
def test_every_method(tmp_path, rng, method):
    """Also the neurons, surrogates and dropout that belong to one paper."""
    made = recipe(method, (1, 8, 8), 3, 2)
    params = made.start(rng)
    save(tmp_path / "a.npz", made.network, params)
    found = load(tmp_path / "a.npz", like=made.network)
    assert found.network == made.network
    assert_same(found.params, params)


@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_folded_and_evaluated_networks(tmp_path, rng, reset):
    """Thresholds of every neuron, directions, amounts; statistics inside the layers."""
    network, params, statistics, x = trained(rng, norm="tdbn+mpbn-element", reset=reset)
    bare, inside = folded(network, params, statistics)
    fixed = ns.evaluating(network, statistics)
    for kept, share in ((bare, inside), (fixed, params)):
        save(tmp_path / "a.npz", kept, share)
        found = load(tmp_path / "a.npz")
        assert_same(found.params, share)
        np.testing.assert_array_equal(
            found.network.forward(found.params, x)[0], kept.forward(share, x)[0]
        )


def test_initial_states_are_kept(tmp_path, rng):
    network, params, _, x = trained(rng, norm="none")
    _, saved = network.forward(params, x)
    params = ns.starting(network, params, ns.final_states(network, saved))
    save(tmp_path / "a.npz", network, params)
    assert_same(load(tmp_path / "a.npz").params, params)


def test_a_failed_save_leaves_the_old_file(tmp_path, rng, monkeypatch):
    network, params, *_ = trained(rng)
    save(tmp_path / "a.npz", network, params)
    before = (tmp_path / "a.npz").read_bytes()

    def broken(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", broken)
    with pytest.raises(OSError, match="disk full"):
        save(tmp_path / "a.npz", network, params)
    assert (tmp_path / "a.npz").read_bytes() == before


def test_no_pickle(tmp_path, rng):
    network, params, *_ = trained(rng)
    save(tmp_path / "a.npz", network, params)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        description = json.loads(archive["description"].tobytes())
    assert (description["format"], description["version"]) == (FORMAT, VERSION)


# -- what is refused -------------------------------------------------------------------------------


def rewritten(path, change):
    """The file with its description or arrays changed."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    description = json.loads(arrays["description"].tobytes())
    change(description, arrays)
    arrays["description"] = np.frombuffer(json.dumps(description).encode(), np.uint8)
    np.savez(path, **arrays)


def version(description, arrays):
    description["version"] = VERSION + 1


def foreign(description, arrays):
    description["format"] = "numsnn checkpoint"


def unknown_kind(description, arrays):
    description["network"]["fields"]["layers"]["tuple"][0]["class"] = "os.system"


def unknown_field(description, arrays):
    description["network"]["fields"]["layers"]["tuple"][0]["fields"]["dilation"] = 2


def lost(description, arrays):
    del arrays["params/0/weight"]


def surplus(description, arrays):
    arrays["params/99"] = np.zeros(2)


def misshapen(description, arrays):
    arrays["params/0/weight"] = arrays["params/0/weight"][:1]


def infinite(description, arrays):
    arrays["params/0/weight"] = np.full_like(arrays["params/0/weight"], np.nan)


def without(description, arrays):
    del description["params"]


def not_a_network(description, arrays):
    description["network"] = 3


def text(description, arrays):
    arrays["params/0/weight"] = arrays["params/0/weight"].astype("U8")


def objects(description, arrays):
    arrays["params/0/weight"] = np.array([None])


def of_another_norm(description, arrays):
    kept = description["statistics"]["dict"]
    kept["norm99"] = kept.pop("norm1")


def no_statistics(description, arrays):
    description["statistics"] = None


def narrower(description, arrays):
    for which in ("mean", "variance"):
        arrays[f"statistics/norm1/{which}"] = np.ones((1, 1, 3, 1, 1), np.float32)


def about_a_list(description, arrays):
    description["about"] = [1]


def true(description, arrays):
    description["version"] = True


def mangled(description, arrays):
    description["network"]["fields"]["layers"] = {"tuple": "no list"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (version, f"expected version {VERSION} of the format, found {VERSION + 1}"),
        (foreign, "expected a numsnn network, found numsnn checkpoint"),
        (unknown_kind, "unknown kind 'os.system'; known are"),
        (unknown_field, "a Conv2d, has other fields than here.*dilation"),
        (lost, "the array 'params/0/weight' is missing"),
        (surplus, "the array 'params/99' has no place"),
        (misshapen, r"'params/0/weight'|'0/weight' must be \(2, 1, 3, 3\), found \(1, 1, 3, 3\)"),
        (infinite, "must be finite"),
        (without, "its description has no params"),
        (not_a_network, "expected a network of layers, found 3"),
        (text, "'params/0/weight' must be numbers, found <U8"),
        (objects, "header without objects"),
        (of_another_norm, "statistics of 'norm99': the norms are norm1, norm2"),
        (no_statistics, "statistics must be by name, found None"),
        (narrower, r"of 'norm1', \(1, 1, 3, 1, 1\), does not fit the norm of \(2, 1, 1\)"),
        (about_a_list, "about must be an object"),
        (true, "found True"),
        (mangled, "is damaged"),
    ],
)
def test_other_files(tmp_path, rng, change, message):
    network, params, statistics, _ = trained(rng)
    path = tmp_path / "a.npz"
    save(path, network, params, statistics)
    rewritten(path, change)
    with pytest.raises(ns.CheckpointError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_a_description_nested_without_end(tmp_path):
    """A file by hand: JSON as deep as no network is."""
    text = json.dumps({"format": FORMAT, "version": VERSION, "about": {}, "network": 0})
    deep = text.replace('"network": 0', '"network": ' + 10**5 * '{"tuple": [' + 10**5 * "]}")
    np.savez(tmp_path / "a.npz", description=np.frombuffer(deep.encode(), np.uint8))
    with pytest.raises(ns.CheckpointError, match=r"a\.npz"):
        load(tmp_path / "a.npz")


def test_another_architecture_is_named(tmp_path, rng):
    network, params, *_ = trained(rng)
    path = tmp_path / "a.npz"
    save(path, network, params)
    wider = build("small-resnet", SHAPE, 3, 2, width=1 / 4)
    with pytest.raises(ns.CheckpointError, match="layers/0/outputs is 2, expected 4"):
        load(path, like=wider)
    soft = build("small-resnet", SHAPE, 3, 2, width=1 / 8, reset="soft")
    with pytest.raises(ns.CheckpointError, match="reset is 'hard', expected 'soft'"):
        load(path, like=soft)


def test_missing_truncated_and_foreign_files(tmp_path, rng):
    network, params, *_ = trained(rng)
    path = tmp_path / "a.npz"
    save(path, network, params)
    with pytest.raises(ns.CheckpointError, match="no such file"):
        load(tmp_path / "b.npz")
    content = path.read_bytes()
    for size in (0, 10, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(ns.CheckpointError):
            load(path)
    np.savez(path, x=np.zeros(3))
    with pytest.raises(ns.CheckpointError, match="found another archive"):
        load(path)


class Foreign(ns.Layer):
    def forward(self, params, x):
        return x, None

    def backward(self, saved, d_y, d_membranes=None):
        return d_y, None


def test_what_cannot_be_saved(tmp_path, rng):
    network, params, *_ = trained(rng)
    path = tmp_path / "a.npz"
    with pytest.raises(ns.NumsnnError, match="a Foreign"):
        save(path, ns.Serial(Foreign()), (None,))
    with pytest.raises(ns.NumsnnError, match="the params have none"):
        save(path, network, params[:3])
    with pytest.raises(ns.NumsnnError, match="about must be what JSON can hold"):
        save(path, network, params, about={"x": {1, 2}})
    with pytest.raises(
        ns.NumsnnError, match="the network has a parameter '13', the params have none"
    ):
        save(path, network, params[:-1])
    with pytest.raises(ns.NumsnnError, match="the network has no parameter '14'"):
        save(path, network, (*params, None))
    with pytest.raises(ns.NumsnnError, match="the network has no parameter '13'"):
        save(path, network, (*params[:-1], np.ones(2)))
    one = ns.Statistics(np.ones((1, 1, 2, 1, 1)), np.ones((1, 1, 2, 1, 1)))
    with pytest.raises(ns.NumsnnError, match="statistics of 'other': the norms are norm1"):
        save(path, network, params, {"other": one})
    with pytest.raises(ns.NumsnnError, match="'norm1' must be a mean and a variance, found 3"):
        save(path, network, params, {"norm1": 3})
    assert not path.exists()
