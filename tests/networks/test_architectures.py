"""Every architecture runs forward and backward; its options do what they say; bad input is refused."""

import math

import numpy as np
import pytest

import numsnn as ns
from numsnn.folding import folded
from numsnn.layer import walk
from numsnn.networks import NETWORKS, NORMS, SETTINGS, Stage, build, small_network
from numsnn.networks.blocks import Block
from numsnn.papers import tdbn
from numsnn.tree import map_named, named_leaves

RESIDUAL = ("small-resnet", "resnet17", "resnet18", "resnet19", "resnet20", "resnet34", "resnet50")


def thin(name):
    """A width that leaves a few channels."""
    return 1 / 8 if name.startswith("small") else 1 / 32


def small_input(name):
    return (SETTINGS[name].input_shape[0], 32, 32)


def run(network, rng, shape, T=1, dtype=np.float64):
    """Output, gradients and what was saved, for random inputs and cotangents."""
    params = network.init(rng, dtype)
    x = rng.standard_normal((T, 2, *shape)).astype(dtype)
    y, saved = network.forward(params, x)
    d_x, d_params = network.backward(saved, rng.standard_normal(y.shape).astype(dtype))
    return params, x, y, saved, d_x, d_params


@pytest.mark.parametrize("name", NETWORKS)
def test_forward_and_backward(name, rng):
    """Gradients reach every weight, in float32. A low threshold keeps dense layers from silence."""
    shape = small_input(name)
    network = build(name, shape, 5, 2, width=1 / 16, threshold=0.05, surrogate="sigmoid",
                    events=False)  # fmt: skip
    params, x, y, _, d_x, d_params = run(network, rng, shape, dtype=np.float32)
    assert y.shape == (1, 2, 5)
    assert y.dtype == d_x.dtype == np.float32
    assert d_x.shape == x.shape
    for (path, leaf), (_, gradient) in zip(
        named_leaves(params), named_leaves(d_params), strict=True
    ):
        assert gradient.shape == leaf.shape
        assert np.isfinite(gradient).all()
        if path.endswith(("weight", "gain", "bias")):
            assert np.any(gradient), f"no gradient reaches {path}"


@pytest.mark.parametrize("name", NETWORKS)
def test_its_gradient_is_its_derivative(name, rng):
    """The tangent of the same forward on complex numbers against the backward, whole network."""
    side = 32 if name == "vgg16-gap" else 16
    shape = (SETTINGS[name].input_shape[0], side, side)
    network = build(name, shape, 3, 2, width=thin(name), norm="tdbn+mpbn", surrogate="sigmoid",
                    events=False)  # fmt: skip
    params = network.init(rng, np.float64)
    x, t_x = rng.standard_normal((2, 1, 3, *shape))
    y, saved = network.forward(params, x)
    d_y = rng.standard_normal(y.shape)
    d_x, _ = network.backward(saved, d_y)
    t_y = network.forward(params, x + 1e-30j * t_x)[0].imag / 1e-30
    forwards, backwards = np.sum(d_y * t_y), np.sum(d_x * t_x)
    assert forwards == pytest.approx(backwards, rel=1e-8, abs=1e-12)
    assert abs(forwards) > 1e-12


@pytest.mark.parametrize("norm", NORMS)
def test_norms(norm, rng):
    network = build("small-resnet", (1, 8, 8), 3, 2, width=0.25, norm=norm)
    lifs = [layer for (layer,) in walk(network) if isinstance(layer, ns.LIF)]
    convolutions = [layer for (layer,) in walk(network) if isinstance(layer, ns.Conv2d)]
    membranes = {lif.norm is not None for lif in lifs}
    behind = [
        layer
        for (layer,) in walk(network)
        if isinstance(layer, ns.BatchNorm) and layer not in [lif.norm for lif in lifs]
    ]
    assert membranes == {"mpbn" in norm}
    assert bool(behind) == ("tdbn" in norm or "bn" in norm.split("+"))
    assert {conv.bias for conv in convolutions} == {not behind}
    if "mpbn" in norm:
        expected = (4, 8, 8) if "element" in norm else (4, 1, 1)
        assert lifs[0].norm.shape == expected
    run(network, rng, (1, 8, 8))


@pytest.mark.parametrize("name", RESIDUAL)
def test_alpha_of_branches(name):
    """alpha V_th is V_th in a chain and V_th/sqrt 2 in front of a sum, on shortcuts too."""
    network = build(name, width=1 / 8, threshold=0.8)
    for block in (layer for (layer,) in walk(network) if isinstance(layer, ns.Residual)):
        scales = [layer.scale for (layer,) in walk(block.body) if isinstance(layer, ns.BatchNorm)]
        assert scales[-1] == pytest.approx(0.8 / math.sqrt(2))
        assert scales[:-1] == pytest.approx([0.8] * (len(scales) - 1))
        for (layer,) in walk(block.shortcut):
            if isinstance(layer, ns.BatchNorm):
                assert layer.scale == pytest.approx(0.8 / math.sqrt(2))


def test_identity_shortcuts_are_normed_as_drawn():
    def shortcuts(name, **changes):
        network = build(name, width=1 / 8, **changes)
        return [b.shortcut for (b,) in walk(network) if isinstance(b, ns.Residual)]

    def normed(shortcut):
        return any(isinstance(layer, ns.BatchNorm) for (layer,) in walk(shortcut))

    assert all(normed(shortcut) for shortcut in shortcuts("resnet19"))
    without = shortcuts("resnet19", block=Block(identity_norm=False))
    assert [normed(shortcut) for shortcut in without] == [False] * 3 + [True, False, False] + [
        True,
        False,
    ]


def test_image_is_encoded_once():
    """Repeat stands right behind the encoding layer and ahead of the first neuron; events need none."""
    for name in NETWORKS:
        layers = build(name, width=1 / 16, events=False).layers
        kinds = [type(layer).__name__ for layer in layers]
        assert kinds.index("Repeat") + 1 == kinds.index("LIF")
        assert kinds[0] == "Conv2d"
        recorded = build(name, width=1 / 16, events=True).layers
        assert not any(isinstance(layer, ns.Repeat) for layer in recorded)


def test_still_image_equals_the_same_image_at_every_step(rng):
    """Direct coding computed once, against T equal frames."""
    still = build("resnet19", (3, 16, 16), 4, 3, width=1 / 32)
    events = build("resnet19", (3, 16, 16), 4, 3, width=1 / 32, events=True)
    params, x, y, *_ = run(still, rng, (3, 16, 16))
    assert len(params[0]) == 2
    without = tuple(p for p, layer in zip(params, still.layers, strict=True)
                    if not isinstance(layer, ns.Repeat))  # fmt: skip
    z, _ = events.forward(without, np.repeat(x, 3, axis=0))
    np.testing.assert_allclose(y, z, rtol=1e-9, atol=1e-12)


def test_options_reach_every_neuron():
    network = build("resnet20", width=1 / 16, reset="soft", surrogate="arctangent", decay=0.5,
                    threshold=1.0, readout=ns.Accumulate())  # fmt: skip
    lifs = [layer for (layer,) in walk(network) if isinstance(layer, ns.LIF)]
    assert {(n.reset, n.decay, n.threshold, type(n.surrogate).__name__) for n in lifs} == {
        ("soft", 0.5, 1.0, "Arctangent")
    }
    assert isinstance(network.layers[-1], ns.Accumulate)


def test_architectures_serve_recipes():
    """The presets of the papers take any architecture, and tdBN's alpha arrives there."""
    recipe = tdbn.recipe((1, 16, 16), 4, 2, network=NETWORKS["small-resnet"])
    scales = {layer.scale for (layer,) in walk(recipe.network) if isinstance(layer, ns.BatchNorm)}
    assert scales == {0.5, 0.5 / math.sqrt(2)}


@pytest.mark.parametrize(
    ("name", "norm"),
    [(name, "tdbn+mpbn") for name in NETWORKS]
    + [("small", "tdbn"), ("resnet19", "bn+mpbn-element"), ("resnet20", "mpbn")],
)
def test_folded_inference_fires_alike(name, norm, rng):
    """Without norms, spike for spike: gains of both signs, and a margin in double precision."""
    shape = small_input(name)
    network = build(name, shape, 3, 2, width=thin(name), norm=norm, reset="soft", events=False)
    params = network.init(rng, np.float64)

    def draw(path, leaf):
        if path.endswith("gain"):
            return rng.uniform(0.5, 1.5, leaf.shape) * rng.choice([-1, 1], leaf.shape)
        if path.endswith(("shift", "bias")):
            return rng.normal(0.1, 0.3, leaf.shape)
        return leaf

    params = map_named(draw, params)
    x = rng.standard_normal((1, 2, *shape))
    _, saved = network.forward(params, x)
    statistics = {
        key: ns.Statistics(*(np.mean(part, axis=0) for part in zip(*uses, strict=True)))
        for key, uses in ns.batch_statistics(network, saved).items()
    }
    fixed = ns.evaluating(network, statistics)
    y, saved = fixed.forward(params, x)
    bare, inside = folded(network, params, statistics)
    z, again = bare.forward(inside, x)
    assert not any(isinstance(layer, ns.BatchNorm | ns.FixedNorm) for (layer,) in walk(bare))
    np.testing.assert_allclose(y, z, rtol=1e-8, atol=1e-10)
    ours, theirs = ns.spikes(fixed, saved), ns.spikes(bare, again)
    assert sum(int(s.sum()) for s in ours.values()) > 0
    for key, fired in ours.items():
        np.testing.assert_array_equal(fired, theirs[key])


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "least"), [("vgg16", 16), ("vgg16-gap", 32), ("cifarnet", 4), ("resnet19", 5)]
)
def test_too_small_an_input(name, least):
    channels = SETTINGS[name].input_shape[0]
    with pytest.raises(ns.NumsnnError, match=f"at least {least}x{least}.*'small'"):
        build(name, (channels, least - 1, least - 1))
    build(name, (channels, least, least))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "resnet91"}, "did you mean 'resnet19'"),
        ({"name": "unheard"}, "there are small, small-resnet"),
        ({"name": "resnet19", "width": 1e-3}, "leaves none of 128 channels"),
        ({"name": "small", "width": 0.01}, "leaves none of 32 channels"),
        ({"name": "resnet19", "width": -1.0}, "width must be positive"),
        ({"name": "resnet19", "width": math.nan}, "width must be a finite number, found nan"),
        ({"name": "resnet19", "input_shape": (32, 32)}, r"must be \(C, H, W\)"),
        ({"name": "resnet19", "classes": 0}, "classes must be an integer"),
        ({"name": "resnet19", "T": 0}, "T must be an integer"),
        ({"name": "resnet19", "norm": "batch"}, "norm must be one of"),
        ({"name": "resnet19", "surrogate": "steep"}, "unknown surrogate 'steep'"),
        ({"name": "resnet19", "reset": "none"}, "reset must be one of"),
        ({"name": "resnet19", "depth": 3}, r"resnet19 has no field \['depth'\]"),
        ({"name": "small", "depth": 3}, "small has no field"),
        ({"name": "resnet19", "width": "wide"}, "width must be a finite number, found 'wide'"),
        ({"name": "small", "decay": math.nan}, "decay must be a finite number"),
        ({"name": "small", "threshold": None}, "threshold must be a finite number"),
        ({"name": "resnet19", "input_shape": 32}, r"must be \(C, H, W\)"),
        ({"name": "small", "input_shape": 8}, r"must be \(C, H, W\)"),
        ({"name": "small", "surrogate": 3}, "surrogate must be a Surrogate or the name"),
        ({"name": "resnet19", "hidden": (0,)}, "hidden must be an integer of at least 1, found 0"),
        ({"name": "vgg16", "hidden": 3}, "hidden must be a tuple of units, found 3"),
        ({"name": "resnet19", "stem": ()}, "stem must hold a convolution or more"),
        ({"name": "resnet19", "stages": (Stage(0, 8),)}, "blocks must be an integer of at least 1"),
        ({"name": "resnet19", "block": 3}, "block must be a Block, found 3"),
        ({"name": "resnet20", "input_shape": (3, 28, 28)}, "has become 7x7 where a shortcut pools"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ns.NumsnnError, match=message):
        build(**arguments)


def test_small_network_refuses_a_bad_shape():
    with pytest.raises(ns.NumsnnError, match="input_shape"):
        small_network((8, 8), 10, 4)
