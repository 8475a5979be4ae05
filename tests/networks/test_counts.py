"""What the architectures count, against the papers' strings worked out by hand."""

import json
from itertools import pairwise

import numpy as np
import pytest

import numsnn as ns
from numsnn.cli import main
from numsnn.describe import describe, operations, output_shape
from numsnn.modes import relu_twin
from numsnn.networks import NETWORKS, SETTINGS, Block, Stem, build
from numsnn.tree import named_leaves

# An independent count: every weight as (outputs, inputs, kernel), written down from the papers'
# strings and not from the specifications in the package.


def basic(inputs, outputs, count):
    """The convolutions of ``count`` basic blocks, and of the projection ahead of the first."""
    rows = [(outputs, inputs, 3), (outputs, outputs, 3)]
    rows += [(outputs, outputs, 3)] * 2 * (count - 1)
    return rows


def with_norms(convolutions, identities=()):
    """Weights of convolutions without bias, and a gain and a shift a channel behind each."""
    weights = sum(o * i * k * k for o, i, k in convolutions)
    return weights + 2 * sum(o for o, _, _ in convolutions) + 2 * sum(identities)


def dense(*sizes):
    return sum(o * (i + 1) for i, o in pairwise(sizes))


def bottlenecks(inputs, inner, count):
    outputs, rows = 4 * inner, []
    for i in range(count):
        rows += [(inner, inputs if i == 0 else outputs, 1), (inner, inner, 3), (outputs, inner, 1)]
    return rows


def of_34(c):
    """7x7; 3, 4, 6, 3 blocks, all four stages begin with stride 2, so with a projection."""
    rows = [(c, 3, 7), *basic(c, c, 3), (c, c, 1), *basic(c, 2 * c, 4), (2 * c, c, 1)]
    rows += [*basic(2 * c, 4 * c, 6), (4 * c, 2 * c, 1), *basic(4 * c, 8 * c, 3), (8 * c, 4 * c, 1)]
    identities = [c] * 2 + [2 * c] * 3 + [4 * c] * 5 + [8 * c] * 2
    return with_norms(rows, identities) + dense(8 * c, 1000)


VGG = [(64, 3), (64, 64), (128, 64), (128, 128), (256, 128), (256, 256), (256, 256), (512, 256)]
VGG = [(o, i, 3) for o, i in VGG + [(512, 512)] * 5]

BY_HAND = {
    "small": with_norms([(32, 1, 3), (64, 32, 3), (64, 64, 3)]) + dense(64 * 2 * 2, 10),
    "small-resnet": with_norms(
        [(16, 1, 3), *basic(16, 16, 1), *basic(16, 32, 1), (32, 16, 1), *basic(32, 64, 1),
         (64, 32, 1)],
        [16],
    ) + dense(64, 10),
    "shallow": with_norms([(32, 1, 3), (64, 32, 3), (128, 64, 3)]) + dense(128 * 7 * 7, 10),
    "narrow": with_norms([(32, 3, 3), (64, 32, 3), (128, 64, 3), (128, 128, 3)])
    + dense(128 * 8 * 8, 10),
    "cifarnet": with_norms(
        [(128, 3, 3), (256, 128, 3), (512, 256, 3), (1024, 512, 3), (512, 1024, 3)]
    ) + dense(512 * 8 * 8, 1024, 512, 10),
    "vgg16": with_norms(VGG) + dense(512 * 2 * 2, 4096, 4096, 10),
    "vgg16-gap": with_norms(VGG) + dense(512, 10),
    "resnet17": with_norms(
        [(64, 2, 3), *basic(64, 64, 3), (64, 64, 1), *basic(64, 128, 4), (128, 64, 1)],
        [64] * 2 + [128] * 3,
    ) + dense(128 * 4 * 4, 256, 11),
    "resnet18": with_norms(
        [(64, 3, 7), *basic(64, 64, 2), (64, 64, 1), *basic(64, 128, 2), (128, 64, 1),
         *basic(128, 256, 2), (256, 128, 1), *basic(256, 512, 2), (512, 256, 1)],
        [64, 128, 256, 512],
    ) + dense(512, 1000),
    "resnet19": with_norms(
        [(128, 3, 3), *basic(128, 128, 3), *basic(128, 256, 3), (256, 128, 1),
         *basic(256, 512, 2), (512, 256, 1)],
        [128] * 3 + [256] * 2 + [512],
    ) + dense(512 * 4 * 4, 256, 10),
    "resnet20": with_norms(
        [(64, 3, 3), (64, 64, 3), (64, 64, 3), *basic(64, 64, 2), *basic(64, 128, 2),
         (128, 64, 1), *basic(128, 256, 2), (256, 128, 1), *basic(256, 512, 2), (512, 256, 1)]
    ) + dense(512, 10),
    "resnet34": of_34(64),
    "resnet34-large": of_34(128),
    "resnet50": with_norms(
        [(64, 3, 7), *bottlenecks(64, 64, 3), (256, 64, 1), *bottlenecks(256, 128, 4),
         (512, 256, 1), *bottlenecks(512, 256, 6), (1024, 512, 1), *bottlenecks(1024, 512, 3),
         (2048, 1024, 1)],
        [256] * 2 + [512] * 3 + [1024] * 5 + [2048] * 2,
    ) + dense(2048, 1000),
}  # fmt: skip

LAYERS = {
    "small": 4, "small-resnet": 8, "shallow": 4, "narrow": 5, "cifarnet": 8,
    "vgg16": 16, "vgg16-gap": 14, "resnet17": 17,
    "resnet18": 18, "resnet19": 19, "resnet20": 20, "resnet34": 34, "resnet34-large": 34,
    "resnet50": 50,
}  # fmt: skip


def described(name, **changes):
    setting = SETTINGS[name]
    return describe(build(name, **changes), setting.input_shape, setting.T)


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_and_weight_layers(name):
    found = described(name)
    assert found.parameters == BY_HAND[name]
    assert found.weight_layers == LAYERS[name]


def test_literals():
    """Published counts, where there are some: torchvision's ResNet-50 has 25,557,032."""
    assert BY_HAND["resnet19"] == 14_666_890
    # three differences: this stem's block projects 64 to 256 as there; identities carry norms here
    identities = 2 * (256 * 2 + 512 * 3 + 1024 * 5 + 2048 * 2)
    assert BY_HAND["resnet50"] - identities == 25_557_032
    # ResNet-34 there: 21,797,672, without the 1x1 convolution of the first stage
    identities = 2 * (64 * 2 + 128 * 3 + 256 * 5 + 512 * 2)
    assert BY_HAND["resnet34"] - identities - (64 * 64 + 2 * 64) == 21_797_672
    # VGG-16's convolutions hold 14,710,464 weights, known from its configuration D
    assert sum(9 * o * i for o, i, _ in VGG) == 14_710_464


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("norm", ["none", "tdbn+mpbn"])
def test_counted_without_drawing_is_what_is_drawn(name, norm, rng):
    """describe counts without making weights; at reduced width these are made and counted."""
    network = build(name, width=1 / 16, norm=norm)
    found = describe(network, SETTINGS[name].input_shape)
    leaves = list(named_leaves(network.init(rng)))
    constants = [leaf for path, leaf in leaves if path.endswith(("decay", "threshold"))]
    constants += [leaf for path, leaf in leaves if path.endswith("/width")]
    assert sum(row.constants for row in found.rows) == sum(leaf.size for leaf in constants)
    every = sum(leaf.size for _, leaf in leaves)
    assert found.parameters == every - sum(leaf.size for leaf in constants)
    weights = [path.rsplit("/", 1)[0] for path, _ in leaves if path.endswith("weight")]
    assert weights == [row.name for row in found.rows if row.operations]


def test_table_4_shapes():
    """The sizes behind each stage, for tdBN's four columns."""

    def sizes(name):
        rows = [row for row in described(name).rows if row.kind == "LIF" and "/" not in row.name]
        seen = dict.fromkeys(row.shape for row in rows)
        return list(seen)

    assert sizes("resnet17") == [(64, 32, 32), (64, 16, 16), (128, 8, 8), (256,)]
    assert sizes("resnet19") == [(128, 32, 32), (256, 16, 16), (512, 8, 8), (256,)]
    assert sizes("resnet34") == [
        (64, 112, 112), (64, 56, 56), (128, 28, 28), (256, 14, 14), (512, 7, 7),
    ]  # fmt: skip
    assert sizes("resnet34-large")[-1] == (1024, 7, 7)
    assert sizes("resnet50") == [
        (64, 112, 112), (256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7),
    ]  # fmt: skip


# -- tdBN Table 6 ----------------------------------------------------------------------------------


def test_table_6_resnet19():
    found = described("resnet19")
    assert found.T == 6
    # stem, the layer behind average pooling, the decoding layer; all else sees spikes
    assert found.multiplications == 6 * (3 * 9 * 128 * 32**2 + 8192 * 256 + 2560) == 33_831_936
    multiplied = [row.name for row in found.rows if row.multiplications]
    assert multiplied == ["0", "22", "24"]
    blocks = 6 * 128 * 9 * 128 * 32**2
    blocks += 128 * 9 * 256 * 16**2 + 5 * 256 * 9 * 256 * 16**2 + 128 * 256 * 16**2
    blocks += 256 * 9 * 512 * 8**2 + 3 * 512 * 9 * 512 * 8**2 + 256 * 512 * 8**2
    assert found.twin_operations == blocks + 33_831_936 // 6
    assert found.additions() == 6 * found.twin_operations
    rate = 0.13
    assert found.additions(rate) == pytest.approx(6 * rate * blocks + 33_831_936)
    # the printed 1.8e9 additions are those of a mean rate of 0.129
    assert found.additions(0.129) == pytest.approx(1.8e9, rel=0.005)


def test_table_6_other_forms_do_not_give_the_printed_number():
    """3.4e7 is neither that of a mean over all places nor that of a stem of 64."""
    everywhere = described("resnet19", pool=None).multiplications
    narrow = described("resnet19", stem=(Stem(64),)).multiplications
    assert (everywhere, narrow) == (22_035_456, 23_215_104)


def test_table_6_resnet34_large():
    shape = SETTINGS["resnet34-large"].input_shape
    at = {T: describe(build("resnet34-large", T=T), shape) for T in (5, 6)}
    stem, last = 3 * 49 * 128 * 112**2, 1024 * 1000
    assert {T: found.multiplications for T, found in at.items()} == {
        5: 5 * (stem + last),  # 1.19e9: printed is 1.2e9
        6: 6 * (stem + last),  # 1.42e9, at the T that the paper gives
    }
    assert at[6].twin_operations == pytest.approx(1.4e10, rel=0.04)


def test_additions_take_each_neurons_own_rate():
    network = build("small", (1, 8, 8), 10, 4)
    found = describe(network, (1, 8, 8))
    rates = {"lif1": 0.5, "lif2": 0.25, "lif3": 0.0}
    second, third = (row for row in operations(network, (1, 8, 8)) if row.name in ("4", "8"))
    multiplied = found.multiplications
    expected = 4 * (0.5 * second.operations + 0.25 * third.operations) + multiplied
    assert found.additions(rates) == expected
    with pytest.raises(ns.NumsnnError, match="no rate of 'lif2'"):
        found.additions({"lif1": 0.5})


def test_twin_runs_once_and_multiplies_everything():
    network = build("resnet20", width=1 / 16)
    twin = describe(relu_twin(network), (3, 32, 32))
    assert twin.T == 1
    assert twin.multiplications == twin.twin_operations
    assert all(row.source is None for row in twin.rows)


# -- the walk --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_shapes_are_those_of_a_forward_pass(name, rng):
    """Every neuron's row has the shape that the neuron then has."""
    setting = SETTINGS[name]
    shape = (setting.input_shape[0], 32, 32)
    network = build(name, shape, 10, 2, width=1 / 16, events=False)
    x = rng.standard_normal((1, 1, *shape)).astype(np.float32)
    y, saved = network.forward(network.init(rng), x)
    rows = [row for row in describe(network, shape).rows if row.neurons]
    found = [m.shape[2:] for m in ns.membranes(network, saved).values()]
    assert [row.shape for row in rows] == found
    assert output_shape(network, shape) == y.shape[2:]


def test_pooled_shortcuts_see_no_spikes():
    rows = {row.name: row for row in described("resnet20").rows}
    pooled = [name for name in rows if name.endswith("shortcut/1") and rows[name].operations]
    assert len(pooled) == 3
    assert all(rows[name].multiplied for name in pooled)


def test_steps_and_computed():
    rows = operations(build("small", T=7), (1, 8, 8))
    assert [(row.steps, row.computed) for row in rows] == [(7, 1), (7, 7), (7, 7), (7, 7)]
    events = operations(build("small", events=True), (1, 8, 8), T=7)
    assert [(row.steps, row.computed) for row in events] == [(7, 7)] * 4


def test_lateral_layers_count():
    lateral = ns.Conv2d(2, 2, 5, padding=2, groups=2, bias=False)
    network = ns.named(ns.Serial(ns.Conv2d(1, 2, 3, padding=1), ns.LIF(lateral=lateral)))
    rows = operations(network, (1, 4, 4), T=3)
    assert [(row.name, row.operations) for row in rows] == [("0", 288), ("1/lateral", 800)]
    assert rows[1].source == "lif1"


def test_what_does_not_fit():
    network = ns.Serial(ns.Conv2d(3, 4), ns.Flatten(), ns.Linear(10, 2))
    with pytest.raises(ns.NumsnnError, match=r"Conv2d '0' expects \(3, H, W\), \(1, 8, 8\)"):
        describe(network, (1, 8, 8))
    with pytest.raises(ns.NumsnnError, match="Linear '2' expects 10 features"):
        describe(network, (3, 8, 8))
    with pytest.raises(ns.NumsnnError, match="T must be an integer"):
        describe(network, (3, 8, 8), T=0)


def test_variants_of_code():
    """Fields of an architecture can be replaced; what public code has is such a replacement."""
    plain = described("resnet19", block=Block(identity_norm=False))
    assert BY_HAND["resnet19"] - plain.parameters == 2 * (3 * 128 + 2 * 256 + 512)
    one_dense = described("resnet19", hidden=(), pool=None)
    assert one_dense.weight_layers == 18


def test_command(capsys):
    assert main(["describe", "resnet19"]) == 0
    text = capsys.readouterr().out
    assert "14,666,890 parameters" in text
    assert "3.383e+07" in text
    assert main(["describe", "resnet19", "--width", "0.25", "--norm", "tdbn+mpbn", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    network = build("resnet19", width=0.25, norm="tdbn+mpbn")
    assert found["parameters"] == describe(network, (3, 32, 32)).parameters
    assert main(["describe", "vgg16", "--input", "3,8,8"]) == 2
    assert "at least 16x16" in capsys.readouterr().err
    assert main(["describe", "resnet91"]) == 2
    assert "did you mean 'resnet19'" in capsys.readouterr().err
    assert main(["describe", "vgg16", "--input", "8,8"]) == 2
