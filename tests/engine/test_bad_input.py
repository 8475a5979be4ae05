"""Bad input: one NumsnnError that names the operation, the axis or field, and what was found.

Warnings are errors in these tests: a NaN that is found by way of a warning does not count.
"""

import numpy as np
import pytest

import numsnn as ns
from numsnn import NumsnnError, parallel
from numsnn.losses import LOSSES, cross_entropy
from numsnn.neurons import State
from numsnn.tree import leaves, map_named, map_tree, named_leaves

from .zoo import ALL, NEURONS, case, folded_neuron, with_initial_state

# What an error calls the layer; containers and views hand x on to what is inside.
INNER = {"Residual": "Linear", "Serial": "Linear"}
LAYERS = [name for name in ALL if name != "identity"]
# What only lays x out in another way hands it on as it is, to a layer that looks.
LOOKING = [name for name in LAYERS if name not in ("flatten", "repeat")]
each_layer = pytest.mark.parametrize("name", LAYERS)


def op(layer):
    kind = type(layer).__name__
    return INNER.get(kind, kind)


@each_layer
def test_no_steps_no_samples_no_extent(name):
    found = case(name)
    for axis in range(found.x.ndim):
        empty = np.delete(found.x, slice(None), axis=axis)
        with pytest.raises(NumsnnError, match=rf"^{op(found.layer)}: ") as raised:
            found.layer.forward(found.params, empty)
        assert str(empty.shape) in str(raised.value)


def test_the_empty_axis_is_named():
    for axis, what in ((0, "T, the number of steps"), (1, "N, the number of samples")):
        x = np.zeros([0 if i == axis else 3 for i in range(3)])
        for layer in (ns.Linear(3, 2), ns.LIF(), ns.Accumulate(), ns.MeanOverTime(), ns.Flatten()):
            with pytest.raises(NumsnnError, match=rf"{what} on axis {axis}, must be at least 1"):
                layer.forward(layer.init(np.random.default_rng(0), np.float64), x)


@pytest.mark.parametrize("name", LOOKING)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_input_that_is_not_finite(name, bad):
    """At the first step and at the last, in company of a healthy rest."""
    found = case(name)
    who = "(LIF|BatchNorm|FixedNorm)" if isinstance(found.layer, ns.LIF) else op(found.layer)
    for t, n in ((0, 0), (-1, 1)):
        x = found.x.copy()
        x[t, n].flat[0] = bad
        with pytest.raises(NumsnnError, match=rf"^{who}: .*must be finite"):
            found.layer.forward(found.params, x)
        with pytest.raises(NumsnnError, match="must be finite"):
            found.layer.forward(found.params, x.astype(complex))


@pytest.mark.parametrize("options", [{"decay": 0.0}, {"reset": "soft"}, {"tie": "fires"}], ids=str)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_early_infinity_does_not_hide_behind_later_steps(options, bad):
    """No leak, no reset, no decay washes it out."""
    layer = ns.LIF(**options)
    params = layer.init(np.random.default_rng(0), np.float64)
    x = np.ones((5, 2, 3))
    x[0, 1, 2] = bad
    with pytest.raises(NumsnnError, match=r"current must be finite.*\(0, 1, 2\)"):
        layer.forward(params, x)


@each_layer
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_parameter_that_is_not_finite(name, bad):
    found = case(name)
    for k, (leaf_name, _) in enumerate(named_leaves(found.params)):
        at = iter(range(len(leaves(found.params))))

        def spoil(leaf, at=at, k=k):
            leaf = np.array(leaf)
            if next(at) == k:
                leaf.flat[-1] = bad
            return leaf

        params = map_tree(spoil, found.params)
        last = leaf_name.rpartition("/")[2]
        with pytest.raises(NumsnnError, match=rf"{last} must be (finite|positive), found"):
            found.layer.forward(params, found.x)


@pytest.mark.parametrize("name", ["hard, silent, no norm", "soft, fires, raw, lateral"])
@pytest.mark.parametrize("field", ["membrane", "spikes"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_initial_state_that_is_not_finite(name, field, bad):
    found = with_initial_state(case(name))
    values = np.array(getattr(found.params.initial, field))
    values.flat[3] = bad
    state = found.params.initial._replace(**{field: values})
    with pytest.raises(NumsnnError, match=f"initial {field} must be finite"):
        found.layer.forward(found.params._replace(initial=state), found.x)


@pytest.mark.parametrize("field", ["direction", "amount"])
def test_a_folded_neuron_that_is_not_finite(field):
    found = folded_neuron()
    params = found.params._replace(**{field: np.full(5, np.nan)})
    with pytest.raises(NumsnnError, match=f"{field} must be finite"):
        found.layer.forward(params, found.x)


@each_layer
def test_integers_booleans_lists_and_objects_are_refused(name):
    found = case(name)
    for bad in (
        found.x.astype(int),
        found.x > 0,
        found.x.tolist(),
        found.x.astype(object),
        None,
    ):
        with pytest.raises(NumsnnError, match=rf"^{op(found.layer)}: x must be an array of"):
            found.layer.forward(found.params, bad)


WRONG_SHAPES = [
    (ns.Linear(4, 2), (3, 5), r"Linear: x must be \[T, N, ...\].*found \(3, 5\)"),
    (
        ns.Linear(4, 2),
        (3, 2, 5),
        r"Linear: x has 5 features on its last axis, weight expects 4 \(x \(3, 2, 5\), weight "
        r"\(2, 4\)\)",
    ),
    (
        ns.Conv2d(2, 4, 3),
        (3, 2, 2, 5),
        r"Conv2d: x must be \[T, N, C, H, W\], of rank 5, found shape \(3, 2, 2, 5\)",
    ),
    (
        ns.Conv2d(2, 4, 3),
        (3, 2, 3, 5, 5),
        r"Conv2d: x has 3 channels on axis 2, weight expects 2 \(x \(3, 2, 3, 5, 5\), weight "
        r"\(4, 2, 3, 3\)\)",
    ),
    (
        ns.Conv2d(2, 4, 3),
        (3, 2, 2, 2, 5),
        r"Conv2d: the kernel \(3, 3\) does not fit the image on axes 3 and 4 of \(3, 2, 2, 2, 5\)",
    ),
    (ns.AvgPool2d(3), (1, 1, 1, 3, 2), r"AvgPool2d: a window of 3x3 does not fit .*axes 3 and 4"),
    (ns.AvgPool2d(3), (1, 1, 3, 3), r"AvgPool2d: x must be .*rank 5, found shape \(1, 1, 3, 3\)"),
    (ns.BatchNorm((4, 1, 1)), (2, 3, 5, 2, 2), r"BatchNorm: gain \(4, 1, 1\).*\(2, 3, 5, 2, 2\)"),
    (ns.BatchNorm((4,)), (4,), r"BatchNorm: gain \(4,\) does not fit"),
    (ns.BatchNorm((4,)), (1, 1, 4), r"BatchNorm: statistics need more than one number, found 1"),
    (ns.BatchNorm((4,), axes=(5,)), (2, 2, 4), r"BatchNorm: axes \(5,\) do not all exist"),
    (ns.LIF(), (3,), r"LIF: x must be \[T, N, ...\], of rank 2 or more, found \(3,\)"),
    (ns.LIF(threshold_shape=(4,)), (2, 3, 5), r"LIF: threshold \(4,\) does not fit.*\(2, 3, 5\)"),
    (ns.LIF(decay_shape=(4, 1, 1)), (2, 3, 4), r"LIF: decay \(4, 1, 1\) does not fit"),
    (ns.LIF(width_shape=(3, 5)), (2, 3, 5), r"LIF: width \(3, 5\) does not fit"),
    (ns.LIF(lateral=ns.Linear(4, 4)), (2, 3, 5), r"Linear: x has 5 features"),
    (ns.LIF(lateral=ns.Linear(5, 4)), (2, 3, 5), r"LIF: the lateral layer"),
    (ns.Residual(ns.Linear(4, 3)), (2, 3, 4), r"Residual: body gives \(2, 3, 3\), shortcut gives"),
    (ns.Residual(ns.Linear(4, 1)), (2, 3, 4), r"Residual: body gives \(2, 3, 1\), shortcut gives"),
    (ns.Repeat(4), (2, 3, 4), r"Repeat: x must have one step on axis 0, found 2"),
    (ns.Flatten(), (2, 3), r"Flatten: x must be"),
    (ns.MeanOverTime(), (2, 3), r"MeanOverTime: x must be"),
    (ns.Dropout(), (3,), r"Dropout: x must be"),
]


@pytest.mark.parametrize(("layer", "shape", "match"), WRONG_SHAPES, ids=lambda v: str(v)[:40])
def test_wrong_ranks_channels_and_sizes(layer, shape, match):
    params = layer.init(np.random.default_rng(0), np.float64)
    with pytest.raises(NumsnnError, match=match):
        layer.forward(params, np.ones(shape))


@each_layer
def test_a_cotangent_of_the_wrong_shape(name):
    """One step more, one sample less, another rank: never broadcast, always refused."""
    found = case(name)
    y, saved = found.layer.forward(found.params, found.x)
    for bad in (
        np.concatenate([y, y[:1]]),
        y[:, :1],
        y[0],
        y[..., :1] if y.shape[-1] > 1 else y[..., None],
        np.ones(()),
    ):
        with pytest.raises(NumsnnError, match=r"backward: d_y must have the output's shape"):
            found.layer.backward(saved, bad)


def test_membrane_cotangents_of_the_wrong_shape():
    network = ns.named(ns.Serial(ns.LIF(), ns.Accumulate()))
    params = network.init(np.random.default_rng(0), np.float64)
    y, saved = network.forward(params, np.ones((2, 3, 4)))
    for name in ("lif1", "readout1"):
        with pytest.raises(NumsnnError, match=rf"d_membranes\['{name}'\].*\(2, 3, 4\)"):
            network.backward(saved, y, {name: np.ones((3, 4))})
        final = ns.MembraneCotangent(None, State(np.ones((3, 4)), np.ones((1, 4))))
        with pytest.raises(NumsnnError, match=rf"d_membranes\['{name}'\], the final state"):
            network.backward(saved, y, {name: final})


def test_parameters_of_the_wrong_shape():
    rng = np.random.default_rng(0)
    for name in LAYERS:
        found = case(name)
        for leaf_name, leaf in named_leaves(found.params):
            if "decay" in leaf_name or "threshold" in leaf_name or "width" in leaf_name:
                wrong = rng.random((7, *leaf.shape)) + 0.5
            else:
                wrong = rng.random((leaf.shape[0] + 1, *leaf.shape[1:])) + 0.5
            target = leaf_name
            params = replaced(found.params, target, wrong)
            with pytest.raises(NumsnnError, match=target.rpartition("/")[2]):
                found.layer.forward(params, found.x)


def replaced(params, target, value):
    return map_named(lambda name, leaf: value if name == target else leaf, params)


def test_initial_states_of_the_wrong_shape():
    for layer in (ns.LIF(), ns.Accumulate()):
        params = layer.init(np.random.default_rng(0), np.float64)
        state = State(np.zeros((1, 3)), np.zeros((1, 3)))
        with pytest.raises(NumsnnError, match=r"initial membrane must be \(2, 3\), found \(1, 3\)"):
            layer.forward(params._replace(initial=state), np.ones((4, 2, 3)))


def test_a_convolution_says_where_in_x_a_number_is_not_finite(monkeypatch):
    monkeypatch.setattr("numsnn.im2col.LAID", 1)
    monkeypatch.setattr("numsnn.conv.WORTH", 1)
    layer = ns.Conv2d(2, 3, 3, padding=1)
    x = np.ones((3, 4, 2, 5, 5))
    x[2, 3, 1, 0, 4] = np.nan
    with pytest.raises(NumsnnError, match=r"x must be finite, found nan at \(2, 3, 1, 0, 4\)"):
        layer.forward(layer.init(np.random.default_rng(0), np.float64), x)


def test_a_missing_or_surplus_bias():
    for layer in (ns.Linear(2, 3), ns.Conv2d(2, 3, 1)):
        params = layer.init(np.random.default_rng(0), np.float64)
        x = np.ones((1, 1, 2) if isinstance(layer, ns.Linear) else (1, 1, 2, 3, 3))
        with pytest.raises(NumsnnError, match=r"bias must be \(3,\), found None"):
            layer.forward(params._replace(bias=None), x)
        without = type(layer)(*((2, 3) if isinstance(layer, ns.Linear) else (2, 3, 1)), bias=False)
        with pytest.raises(NumsnnError, match=r"bias must be None, found \(3,\)"):
            without.forward(params, x)


BAD_OPTIONS = [
    (lambda: ns.LIF(reset="medium"), "reset must be one of"),
    (lambda: ns.LIF(tie="maybe"), "tie must be one of"),
    (lambda: ns.LIF(carry="both"), "carry must be one of"),
    (lambda: ns.Linear(0, 3), "inputs must be an integer of at least 1"),
    (lambda: ns.Linear(3, 2.5), "outputs must be an integer of at least 1"),
    (lambda: ns.Linear(True, 3), "inputs must be an integer of at least 1"),
    (lambda: ns.Conv2d(1, 1, 0), "kernel must be an integer"),
    (lambda: ns.Conv2d(1, 1, (3, -1)), "kernel must be an integer"),
    (lambda: ns.Conv2d(1, 1, 2.5), "kernel must be an integer"),
    (lambda: ns.Conv2d(1, 1, (3, 3, 3)), "expected one number or two"),
    (lambda: ns.Conv2d(1, 1, 3, stride=0), "stride must be an integer"),
    (lambda: ns.Conv2d(1, 1, 3, padding=-1), "padding must be 0 or more"),
    (lambda: ns.Conv2d(1, 1, 3, padding=0.5), "padding must be 0 or more"),
    (lambda: ns.Conv2d(3, 4, 3, groups=2), "must both divide into 2 groups"),
    (lambda: ns.AvgPool2d(0), "size must be an integer"),
    (lambda: ns.AvgPool2d(2, -1), "stride must be an integer"),
    (lambda: ns.Repeat(0), "steps must be an integer"),
    (lambda: ns.Dropout(1.0), r"rate must be in \[0, 1\)"),
    (lambda: ns.Dropout(-0.1), r"rate must be in \[0, 1\)"),
    (lambda: ns.Dropout(np.nan), r"rate must be in \[0, 1\)"),
    (lambda: ns.BatchNorm((3,), eps=0.0), "eps positive"),
    (lambda: ns.BatchNorm((3,), eps=np.nan), "eps positive"),
    (lambda: ns.BatchNorm((3,), scale=np.inf), "scale must be finite"),
    (
        lambda: ns.FixedNorm((1,), ns.Statistics(np.zeros(1), -np.ones(1))),
        "variance must be 0 or more, found -1",
    ),
    (
        lambda: ns.FixedNorm((1,), ns.Statistics(np.array([np.nan]), np.ones(1))),
        "mean must be finite",
    ),
    (lambda: ns.Serial(ns.Linear(1, 1), "relu"), "Serial: every argument must be a layer"),
    (lambda: parallel.set_threads(-1), "threads must be 0 or more"),
]


@pytest.mark.parametrize(("make", "match"), BAD_OPTIONS, ids=[m for _, m in BAD_OPTIONS])
def test_unknown_and_impossible_options(make, match):
    with pytest.raises(NumsnnError, match=match):
        make()


def test_the_number_of_threads_from_the_environment(monkeypatch):
    parallel.set_threads(0)
    for bad in ("two", "0", "-1", "1.5"):
        monkeypatch.setenv("NUMSNN_THREADS", bad)
        with pytest.raises(NumsnnError, match=f"NUMSNN_THREADS must be .*{bad}"):
            parallel.threads()


def test_a_fixed_norm_whose_statistics_do_not_fit():
    layer = ns.FixedNorm((3,), ns.Statistics(np.zeros((1, 1, 3)), np.ones((1, 1, 3))))
    params = layer.init(np.random.default_rng(0), np.float64)
    assert layer.forward(params, np.ones((2, 2, 3)))[0].shape == (2, 2, 3)
    with pytest.raises(
        NumsnnError, match=r"FixedNorm: the mean \(1, 1, 3\) does not fit x \(2, 3\)"
    ):
        layer.forward(params, np.ones((2, 3)))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize(
    ("labels", "match"),
    [
        ([0, 1, 4], r"labels must lie in \[0, 4\), found 4 at 2"),
        ([0, -1, 2], r"labels must lie in \[0, 4\), found -1 at 1"),
        ([0.0, 1.0, 2.0], r"labels must be 3 integers, found float64 \(3,\)"),
        ([True, False, True], r"labels must be 3 integers, found bool"),
        (["0", "1", "2"], r"labels must be 3 integers"),
        ([0, 1], r"labels must be 3 integers, found int64 \(2,\)"),
        ([[0, 1, 2]], r"labels must be 3 integers, found int64 \(1, 3\)"),
        ([], r"labels must be 3 integers"),
        (None, r"labels must be 3 integers"),
    ],
    ids=str,
)
def test_labels(loss, labels, match):
    with pytest.raises(NumsnnError, match=rf"^{loss.__name__}: {match}"):
        loss(np.zeros((2, 3, 4)), labels)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_outputs_of_a_loss(loss):
    labels = np.zeros(3, int)
    for bad, match in [
        (np.zeros((3, 4)), r"x must be \[T, N, K\]"),
        (np.zeros((2, 3, 4), int), "must be an array of floating-point"),
        (np.full((2, 3, 4), np.nan), "must be finite"),
        (np.zeros((0, 3, 4)), "T, the number of steps"),
        (np.zeros((2, 0, 4)), "N, the number of samples"),
        (np.zeros((2, 3, 0)), "axis 2"),
    ]:
        with pytest.raises(NumsnnError, match=rf"^{loss.__name__}: .*{match}"):
            loss(bad, labels)


def test_networks_without_names_and_with_unknown_ones():
    network = ns.Serial(ns.Linear(2, 2), ns.LIF())
    params = network.init(np.random.default_rng(0), np.float64)
    _, saved = network.forward(params, np.ones((1, 1, 2)))
    for read in (ns.membranes, ns.final_states, ns.anchored, ns.relaxed):
        with pytest.raises(NumsnnError, match="no name"):
            read(network, saved)
    with pytest.raises(NumsnnError, match="two neurons have the name 'a'"):
        ns.relaxed(ns.Serial(ns.LIF(name="a"), ns.LIF(name="a")))
    named = ns.named(network)
    with pytest.raises(NumsnnError, match=r"no neuron is named \['lif9'\]; there are \['lif1'\]"):
        ns.starting(named, params, {"lif9": None})
    norm = ns.named(ns.Serial(ns.BatchNorm((2,))))
    with pytest.raises(NumsnnError, match="no statistics for the norm 'norm1'"):
        ns.evaluating(norm, {})


def test_params_of_another_network():
    network = ns.Serial(ns.Linear(2, 2), ns.Linear(2, 2))
    params = network.init(np.random.default_rng(0), np.float64)
    for bad in (params[:1], (*params, None), list(params), None):
        with pytest.raises(NumsnnError, match="Serial: params must be a tuple of 2"):
            network.forward(bad, np.ones((1, 1, 2)))


def test_large_but_finite_numbers_are_not_refused():
    """The quick look at a sum may overflow; what is finite passes, without a warning."""
    x = np.full((2, 3, 4), 1e38, np.float32)
    layer = ns.LIF()
    spikes, saved = layer.forward(layer.init(np.random.default_rng(0)), x)
    assert spikes.all()
    assert not saved.final.membrane.any()
    spikes, saved = layer.forward(layer.init(np.random.default_rng(0)), -x / 2)
    assert not spikes.any()
    assert np.isfinite(saved.final.membrane).all()
    y, _ = ns.MeanOverTime().forward(None, x / 4)
    np.testing.assert_allclose(y, 2.5e37, rtol=1e-6)


def test_an_overflow_is_an_error_and_not_a_number():
    """Squares of 10^30, sums of 10^38: they do not fit single precision."""
    large = np.array([1e30, -1e30] * 6, np.float32).reshape(2, 2, 3)
    norm = ns.BatchNorm((3,))
    params = norm.init(np.random.default_rng(0))
    with pytest.raises(NumsnnError, match="BatchNorm: the variance of x must be finite"):
        norm.forward(params, large)
    for layer in (ns.LIF(threshold=3e38), ns.LIF(reset="soft")):
        with pytest.raises(NumsnnError, match="LIF: the potential after the last reset"):
            layer.forward(
                layer.init(np.random.default_rng(0))._replace(decay=np.float32(4)),
                np.full((3, 2, 3), -2e38, np.float32),
            )


def test_the_message_of_a_loss_names_the_place():
    with pytest.raises(NumsnnError) as raised:
        cross_entropy(np.zeros((1, 2, 3)), np.array([1, 7]))
    assert str(raised.value) == "cross_entropy: labels must lie in [0, 3), found 7 at 1"
    assert isinstance(raised.value, ValueError)


def test_every_neuron_variant_is_covered():
    assert len(NEURONS) == 48
