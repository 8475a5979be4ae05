"""Each method's recipe is what its paper says, and says so when it cannot be."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import numsnn as ns
from numsnn.folding import folded
from numsnn.layer import walk
from numsnn.losses import cross_entropy, mean_cross_entropy
from numsnn.networks import NETWORKS
from numsnn.observe import batch_statistics, neurons
from numsnn.papers import METHODS, im_loss, method_named, mpbn, psg_pda, recdis, recipe, tdbn
from numsnn.papers.moderate import TwoMasks, two_mask_loss
from numsnn.papers.parametrised import ParametrisedLIF, plain
from numsnn.papers.places import firing, hidden, outside_blocks, with_classifier
from numsnn.papers.potential import PotentialLIF
from numsnn.papers.psg_gamma import gammas, not_positive
from numsnn.papers.psg_surrogates import PSGArctangent, PSGSoftplus
from numsnn.regularizers import (
    Degeneration,
    IMLoss,
    MembraneL2,
    Mismatch,
    MPDLoss,
    PotentialDistribution,
    RatePenalty,
    Saturation,
)
from numsnn.surrogates import Rectangular, Tanh
from numsnn.training import gradient, start, step
from numsnn.tree import leaves, named_leaves

SMALL = ((1, 4, 4), 3, 2)
X = np.random.default_rng(0).random((1, 6, 1, 4, 4))
LABELS = np.arange(6) % 3


def lifs(network):
    return [layer for (layer,) in walk(network) if isinstance(layer, ns.LIF)]


# -- the table of methods --------------------------------------------------------------------------


@pytest.mark.parametrize("method", list(METHODS))
def test_every_method_takes_a_step_in_both_precisions(method):
    built = recipe(method, *SMALL)
    for dtype in (np.float32, np.float64):
        state = start(built, seed=1, dtype=dtype)
        network, params = built.network, state.params
        if built.before_epoch is not None:
            network, params = built.before_epoch(network, params, 0, 5)
        state = state._replace(params=params)
        moved, terms, outputs = step(built, network, state, X.astype(dtype), LABELS, 0.01)
        assert np.isfinite(list(terms.values())).all() and outputs.dtype == dtype
        assert all(leaf.dtype == dtype for leaf in leaves(moved.params))
        evaluated = ns.evaluating(network, moved.statistics)
        y, saved = evaluated.forward(moved.params, X.astype(dtype))
        assert np.isfinite(built.objective.loss(y, LABELS)[0])
        lean, lean_params = folded(network, moved.params, moved.statistics)
        assert not any(isinstance(la, ns.BatchNorm | ns.FixedNorm) for (la,) in walk(lean))
        if dtype == np.float64:
            found = lean.forward(lean_params, X)
            np.testing.assert_allclose(found[0], y, atol=1e-10)
            expected = ns.spikes(evaluated, saved)
            for name, spikes in ns.spikes(lean, found[1]).items():
                np.testing.assert_array_equal(spikes, expected[name])


@pytest.mark.parametrize("method", list(METHODS))
def test_every_method_serves_a_residual_architecture_and_folds(method):
    network = partial(NETWORKS["resnet19"], width=1 / 32)
    built = recipe(method, (3, 16, 16), 4, 2, network=network)
    state = start(built, seed=1, dtype=np.float64)
    x = np.random.default_rng(3).random((1, 4, 3, 16, 16))
    moved, terms, _ = step(built, built.network, state, x, LABELS[:4], 0.01)
    assert np.isfinite(list(terms.values())).all()
    lean, lean_params = folded(built.network, moved.params, moved.statistics)
    y, saved = ns.evaluating(built.network, moved.statistics).forward(moved.params, x)
    found, lean_saved = lean.forward(lean_params, x)
    np.testing.assert_allclose(found, y, atol=1e-9)
    expected = ns.spikes(built.network, saved)
    for name, spikes in ns.spikes(lean, lean_saved).items():
        np.testing.assert_array_equal(spikes, expected[name], err_msg=name)
    if "tdbn" in method:
        shortcut = [la for (la,) in walk(built.network) if isinstance(la, ns.Residual)]
        scales = {la.scale for b in shortcut for (la,) in walk(b.shortcut) if hasattr(la, "scale")}
        assert scales == {0.5 / math.sqrt(2)}


def test_names_of_combinations_may_come_in_any_order():
    assert method_named("esg+tdbn+im") == "tdbn+im+esg"
    assert method_named("im+esg") == "im-esg"
    assert method_named("pda+psg") == "psg-pda"
    assert method_named("recdis+tdbn") == "tdbn+mpd"
    assert method_named("mpd") == "recdis"
    assert list(map(method_named, METHODS)) == list(METHODS)


def test_unknown_methods_and_combinations_are_named():
    with pytest.raises(ns.NumsnnError, match="unknown method 'tdnb'; there are none, tdbn, mpbn"):
        recipe("tdnb", *SMALL)
    with pytest.raises(ns.NumsnnError, match=r"unknown method 'im\+psgg'"):
        recipe("im+psgg", *SMALL)
    with pytest.raises(ns.NumsnnError, match=r"do not combine mpd and psg; what .* tdbn\+mpd"):
        recipe("psg+mpd", *SMALL)


# -- each paper's preset ---------------------------------------------------------------------------


def test_tdbn_is_the_papers():
    built = recipe("tdbn", *SMALL)
    for lif in lifs(built.network):
        assert (lif.decay, lif.threshold, lif.width) == (0.25, 0.5, 1.0)
        assert (lif.reset, lif.tie, lif.detach_reset) == ("hard", "silent", False)
        assert lif.surrogate == Rectangular(closed=False)
    norms = [layer for (layer,) in walk(built.network) if isinstance(layer, ns.BatchNorm)]
    assert len(norms) == 3 and {norm.scale for norm in norms} == {0.5}
    assert built.objective.loss is cross_entropy and not built.objective.penalties
    assert (built.optimizer.momentum, built.schedule(0.0), built.schedule(1.0)) == (0.9, 0.1, 0.0)
    with_width = recipe("tdbn", *SMALL, threshold=1.0, width=0.8)
    assert {(lif.threshold, lif.width) for lif in lifs(with_width.network)} == {(1.0, 0.8)}
    scales = [la.scale for (la,) in walk(with_width.network) if isinstance(la, ns.BatchNorm)]
    assert scales == [1.0] * 3


def test_tdbn_norm_gives_currents_the_size_of_the_threshold():
    x = 3 + 2 * np.random.default_rng(0).standard_normal((4, 5, 3, 6, 6))
    for branches in (1, 2, 4):
        layer = tdbn.norm((3, 6, 6), branches, threshold=0.7)
        y, _ = layer.forward(layer.init(np.random.default_rng(0), np.float64), x)
        deviation = 0.7 / math.sqrt(branches)
        np.testing.assert_allclose(y.std(axis=(0, 1, 3, 4)), deviation, rtol=1e-5)
        np.testing.assert_allclose(y.mean(axis=(0, 1, 3, 4)), 0, atol=1e-12)
    with pytest.raises(ns.NumsnnError, match="branches must be an integer of at least 1"):
        tdbn.alpha(0)


@pytest.mark.parametrize("same", [True, False])
def test_basic_block_has_a_norm_on_both_branches_and_folds(same):
    inputs, shape, stride = (4, (4, 6, 6), 1) if same else (4, (8, 3, 3), 2)
    block = ns.named(ns.Serial(tdbn.neuron(), *tdbn.basic_block(inputs, shape, stride).layers))
    rng = np.random.default_rng(0)
    params = block.init(rng, np.float64)
    x = rng.standard_normal((3, 5, 4, 6, 6))
    y, saved = block.forward(params, x)
    assert y.shape == (3, 5, *shape) and 0.05 < y.mean() < 0.6
    residual = block.layers[1]
    assert residual.body.layers[-1].scale == residual.shortcut.layers[-1].scale
    assert residual.body.layers[-1].scale == pytest.approx(0.5 / math.sqrt(2))
    assert residual.body.layers[1].scale == 0.5
    assert isinstance(residual.shortcut.layers[0], ns.Identity) == same
    # the sum of two branches is about as large as the threshold, as its alpha intends
    total, _ = residual.forward(params[1], block.layers[0].forward(params[0], x)[0])
    assert total.std() == pytest.approx(0.5, rel=0.2)
    statistics = {n: uses[0] for n, uses in batch_statistics(block, saved).items()}
    lean, lean_params = folded(block, params, statistics)
    np.testing.assert_array_equal(lean.forward(lean_params, x)[0], y)
    kinds = {type(layer) for (layer,) in walk(lean)}
    assert not kinds & {ns.BatchNorm, ns.FixedNorm}


def test_mpbn_is_the_papers():
    built = recipe("mpbn", *SMALL)
    for lif in lifs(built.network):
        assert (lif.decay, lif.threshold, lif.tie, lif.carry) == (0.25, 0.5, "silent", "raw")
        assert lif.surrogate == Rectangular(closed=True) and lif.width == 1.0
        assert lif.norm.shape == (lif.norm.shape[0], 1, 1) and lif.norm.scale == 1.0
    norms = [la for la in built.network.layers if isinstance(la, ns.BatchNorm)]
    assert len(norms) == 3 and {norm.scale for norm in norms} == {1.0}
    state = start(built, dtype=np.float64)
    _, saved = built.network.forward(state.params, X)
    uses = batch_statistics(built.network, saved)
    assert len(uses[lifs(built.network)[0].norm.name]) == 2  # one a step
    by_element = recipe("mpbn", *SMALL, per="element")
    assert lifs(by_element.network)[0].norm.shape[1:] == (4, 4)
    assert built.optimizer.weight_decay == 1e-4
    with pytest.raises(ns.NumsnnError, match="per must be one of"):
        recipe("mpbn", *SMALL, per="pixel")


def test_recdis_is_the_papers():
    built = recipe("recdis", *SMALL)
    for lif in lifs(built.network):
        assert (lif.decay, lif.threshold, lif.width, lif.tie) == (0.2, 0.5, 1.0, "fires")
        assert lif.surrogate == Rectangular(closed=False) and lif.norm is None
    assert isinstance(built.network.layers[-1], ns.Accumulate)
    assert built.objective.loss is mean_cross_entropy
    (penalty,) = built.objective.penalties
    assert penalty.weight == 2 and penalty.on == ("lif1", "lif2", "lif3")
    assert penalty.regularizer == MPDLoss(0.5, 0, 1, 1, 0.25, 1.25)


def test_recdis_terms_alone_add_up_to_the_whole():
    whole = recipe("recdis", *SMALL)
    parts = recipe("recdis", *SMALL, terms=("degeneration", "saturation", "mismatch"))
    params = start(whole, dtype=np.float64).params
    one = gradient(whole.network, whole.objective, params, X, LABELS)
    three = gradient(parts.network, parts.objective, params, X, LABELS)
    assert one[0]["loss"] == pytest.approx(three[0]["loss"], rel=1e-13)
    for a, b in zip(leaves(one[3]), leaves(three[3]), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-13)
    alone = recipe("recdis", *SMALL, terms=("mismatch",)).objective.penalties
    assert [type(p.regularizer) for p in alone] == [Mismatch]


def test_recdis_objective_by_hand_and_without_the_output_layer():
    network = ns.named(ns.Serial(ns.Linear(3, 4), ns.LIF(), ns.Linear(4, 3), ns.LIF()))
    objective = recdis.objective(network, weight=0.5)
    assert objective.penalties[0].on == ("lif1",)
    params = network.init(np.random.default_rng(0), np.float64)
    outputs, saved = network.forward(params, np.ones((2, 6, 3)))
    terms, _, d_membranes = objective(network, saved, outputs, LABELS)
    expected = mean_cross_entropy(outputs, LABELS)[0]
    expected += 0.5 * MPDLoss()(ns.membranes(network, saved)["lif1"])[0]
    assert terms["loss"] == pytest.approx(expected, rel=1e-14) and list(d_membranes) == ["lif1"]
    with pytest.raises(ns.NumsnnError, match=r"leaves the output layer out .*eq\. 19"):
        recdis.objective(ns.named(ns.Serial(ns.Linear(3, 4), ns.LIF())))


def test_im_loss_is_the_papers():
    built = recipe("im", *SMALL)
    (penalty,) = built.objective.penalties
    assert penalty.weight == 2 and penalty.regularizer == IMLoss(0.5, None, "layer")
    assert penalty.on == ("lif1", "lif2", "lif3") and built.before_epoch is None
    assert {lif.tie for lif in lifs(built.network)} == {"fires"}
    assert {lif.surrogate for lif in lifs(built.network)} == {Rectangular(closed=False)}
    authors = recipe("im", *SMALL, authors_target=True, per="channel").objective.penalties[0]
    assert authors.regularizer == IMLoss(0.5, 0.25, "channel")
    esg = recipe("esg", *SMALL)
    assert not esg.objective.penalties and esg.before_epoch == im_loss.ESG()
    assert {lif.surrogate for lif in lifs(esg.network)} == {Tanh()}
    both = recipe("im-esg", *SMALL)
    assert both.objective.penalties and both.before_epoch is not None
    three = recipe("tdbn+im+esg", *SMALL)
    assert three.objective.penalties and three.before_epoch is not None
    assert any(isinstance(layer, ns.BatchNorm) for (layer,) in walk(three.network))


def residual(input_shape, classes, T, *, neuron, norm, events=False, readout=None):
    """One block, so that some neurons stand inside it."""
    shape = (4, *input_shape[1:])
    return ns.named(
        ns.Serial(
            ns.Conv2d(input_shape[0], 4, 3, padding=1),
            ns.Repeat(T),
            neuron(shape),
            ns.Residual(
                ns.Serial(ns.Conv2d(4, 4, 3, padding=1), neuron(shape), ns.Conv2d(4, 4, 1))
            ),
            neuron(shape),
            ns.Flatten(),
            ns.Linear(4 * math.prod(shape[1:]), classes),
            readout or ns.MeanOverTime(),
        )
    )


def test_im_loss_leaves_the_inside_of_blocks_out():
    built = recipe("im", *SMALL, network=residual)
    assert firing(built.network) == ("lif1", "lif2", "lif3")
    assert outside_blocks(built.network) == ("lif1", "lif3")
    assert built.objective.penalties[0].on == ("lif1", "lif3")
    every = recipe("im", *SMALL, network=residual, blocks=True)
    assert every.objective.penalties[0].on == ("lif1", "lif2", "lif3")
    inside = ns.named(ns.Serial(ns.Residual(ns.Serial(ns.Linear(3, 3), ns.LIF()))))
    with pytest.raises(ns.NumsnnError, match="leaves the layers inside residual blocks out"):
        im_loss.penalty(inside)
    assert im_loss.penalty(inside, blocks=True).on == ("lif1",)


def test_esg_coefficient_by_hand():
    assert im_loss.K(0, 10) == 1
    assert im_loss.K(5, 10) == pytest.approx(math.sqrt(10))
    assert im_loss.K(9, 10) == pytest.approx(7.943282347242815)
    assert im_loss.K_reaching(9, 10) == pytest.approx(10)
    assert im_loss.K_reaching(0, 10) == im_loss.K_reaching(0, 1) == 1
    assert im_loss.K(10, 10, 2, 20) == pytest.approx(20)
    assert im_loss.K(5, 10, 2, 5) == pytest.approx(2 + 3 * (math.sqrt(10) - 1) / 9)
    for bad in ({"k_min": 0}, {"k_min": 3, "k_max": 2}):
        with pytest.raises(ns.NumsnnError, match="esg: K_"):
            im_loss.ESG(**bad)


@pytest.mark.parametrize("reaching", [False, True])
def test_esg_sets_every_width_before_each_epoch(reaching):
    built = recipe("im-esg", *SMALL, reaching=reaching)
    params = start(built).params
    rule = im_loss.K_reaching if reaching else im_loss.K
    for epoch in (0, 3, 9):
        network, sharp = built.before_epoch(built.network, params, epoch, 10)
        assert network is built.network
        for _, share in neurons(network, sharp):
            if hasattr(share, "width"):
                assert share.width == pytest.approx(1 / rule(epoch, 10)) and share.width.shape == ()
        changed = [
            name
            for (name, a), (_, b) in zip(named_leaves(params), named_leaves(sharp), strict=True)
            if a is not b
        ]
        assert {name.rpartition("/")[2] for name in changed} == {"width"}
    # the slope at the threshold is K/2, the area under it 1
    slope, _ = Tanh().slopes(np.zeros(1), 1 / im_loss.K(9, 10))
    assert slope == pytest.approx(im_loss.K(9, 10) / 2)


def test_psg_is_the_papers():
    built = recipe("psg-pda", *SMALL, gamma=2.0)
    network = built.network
    conv = [layer for (layer,) in walk(network) if isinstance(layer, ParametrisedLIF)]
    assert len(conv) == 3
    for layer in conv:
        lif = layer.neuron
        assert (layer.threshold, layer.width) == ("tanh", "plain")
        assert lif.surrogate == PSGArctangent("paper") and lif.width == 2.0
        assert lif.threshold == pytest.approx(math.tanh(0.5))
        assert lif.lateral.groups == lif.lateral.inputs and lif.lateral.kernel == 5
    dense = [layer for (layer,) in walk(network) if isinstance(layer, PotentialLIF)]
    assert len(dense) == 2 and {layer.surrogate for layer in dense} == {PSGSoftplus("paper")}
    (masks,) = [layer for (layer,) in walk(network) if isinstance(layer, TwoMasks)]
    assert masks.dropout.rate == 0.2
    norms = [layer for (layer,) in walk(network) if isinstance(layer, ns.BatchNorm)]
    assert {norm.scale for norm in norms} == {1.0}
    (penalty,) = built.objective.penalties
    assert penalty.weight == 1 and isinstance(penalty.regularizer, PotentialDistribution)
    assert penalty.on == ("lif1", "lif2", "lif3", "potential1", "potential2")
    assert built.objective.loss is two_mask_loss
    assert [built.schedule(p) for p in (0, 0.13, 0.99)] == pytest.approx([0.04, 0.01, 1e-5])
    assert set(gammas(network, start(built).params).values()) == {2.0}
    plain_classifier = recipe("psg", *SMALL, dropped=0.0, interacting=False).network
    kinds = {type(layer) for (layer,) in walk(plain_classifier)}
    assert TwoMasks not in kinds and psg_pda.Depthwise not in kinds


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("method", ["psg", "pda", "psg-pda"])
def test_gamma_learns_under_psg_and_stays_under_pda(method, positive):
    built = recipe(method, *SMALL, positive_gamma=positive, form="rescaled")
    state = start(built, dtype=np.float64)
    before = gammas(built.network, state.params)
    moved, _, _ = step(built, built.network, state, X, LABELS, 0.5)
    after = gammas(built.network, moved.params)
    changed = [name for name in before if after[name] != before[name]]
    assert changed == ([] if method == "pda" else list(before))
    thresholds = [s.threshold for _, s in neurons(*plain(built.network, moved.params))]
    assert all(t != pytest.approx(math.tanh(0.5), abs=1e-12) for t in thresholds[:3])


def test_the_positive_parametrisation_stays_positive_where_the_papers_does_not():
    outcome = {}
    for positive in (False, True):
        built = recipe("psg", *SMALL, positive_gamma=positive, gamma=0.05)
        state, history = start(built, dtype=np.float64), []
        for epoch in range(1, 9):
            state, _, _ = step(built, built.network, state, X, LABELS, 0.3)
            history.append({"epoch": epoch} | built.report(built.network, state.params))
        outcome[positive] = not_positive(history)
    assert outcome[True] == []
    assert outcome[False] and outcome[False][0].gamma <= 0
    assert outcome[False][0].layer in ("lif1", "lif2", "lif3", "potential1", "potential2")
    assert 1 <= outcome[False][0].epoch <= 8


def test_with_classifier_wants_a_linear_and_a_mean_at_the_end():
    with pytest.raises(ns.NumsnnError, match="must end in Linear, MeanOverTime"):
        with_classifier(ns.Serial(ns.Linear(3, 4), ns.Accumulate()), None)
    with pytest.raises(ns.NumsnnError, match="found LIF"):
        with_classifier(ns.LIF(), None)


def test_hidden_neurons_have_weights_behind_them():
    network = ns.named(ns.Serial(ns.LIF(), ns.Linear(3, 3), ns.LIF(), ns.Linear(3, 3)))
    assert hidden(network) == ("lif1", "lif2")
    assert hidden(ns.named(ns.Serial(*network.layers[:3]))) == ("lif1",)
    assert hidden(ns.named(ns.Serial(ns.LIF()))) == ()


# -- what a preset cannot serve --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "settings", "message"),
    [
        ("recdis", {"weight": -1.0}, r"weight is -1.0.*lambda of RecDis-SNN eq\. 20"),
        ("recdis", {"terms": ("entropy",)}, "terms must be one of"),
        ("im", {"weight": -2.0}, r"weight is -2.0.*lambda of IM-Loss eq\. 12"),
        ("im", {"per": "pixel"}, "expected one of layer, channel"),
        ("psg-pda", {"weight": -1.0}, r"weight is -1.0.*beta of PSG & PDA eq\. 6"),
        ("psg", {"gamma": math.inf}, r"gamma is inf.*PSG & PDA eq\. 11"),
        ("psg", {"form": "corrected"}, "form must be one of"),
        ("psg", {"gamma": -1.0, "positive_gamma": True}, "exp reaches positive widths"),
        ("tdbn", {"threshold": 0.0}, r"threshold is 0.0.*V_th of tdBN eq\. 3"),
        ("tdbn", {"width": -1.0}, r"width is -1.0.*a of tdBN eq\. 16"),
    ],
)
def test_settings_outside_a_papers_range(method, settings, message):
    with pytest.raises(ns.NumsnnError, match=message):
        recipe(method, *SMALL, **settings)


@pytest.mark.parametrize("method", list(METHODS))
def test_there_is_at_least_one_step(method):
    with pytest.raises(ns.NumsnnError, match="T must be"):
        recipe(method, (1, 4, 4), 3, 0)


def test_lateral_terms_need_a_step_before():
    with pytest.raises(ns.NumsnnError, match="T must be at least 2, found 1; interacting=False"):
        recipe("psg", (1, 4, 4), 3, 1)
    recipe("psg", (1, 4, 4), 3, 1, interacting=False)


@pytest.mark.parametrize("factory", [mpbn.neuron, recdis.neuron, im_loss.neuron, psg_pda.neuron])
def test_thresholds_are_positive(factory):
    with pytest.raises(ns.NumsnnError, match=r"threshold is -0.5, expected .* > 0 .*eq\."):
        factory((3, 4, 4), threshold=-0.5)


# -- dead and saturated networks -------------------------------------------------------------------


PENALTIES = (
    Degeneration(),
    Saturation(),
    Mismatch(),
    MPDLoss(),
    IMLoss(),
    IMLoss(per="channel"),
    PotentialDistribution(),
    RatePenalty(),
    MembraneL2(),
)


@pytest.mark.parametrize("norm", [None, "tdbn", "mpbn"])
@pytest.mark.parametrize("current", [-1.0, 0.0, 3.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_of_16_dead_or_saturated_layers_stays_finite(dtype, current, norm):
    layers = []
    for _ in range(16):
        layers.append(ns.Linear(8, 8))
        layers += [ns.BatchNorm((8,), scale=0.5)] if norm == "tdbn" else []
        layers.append(ns.LIF(norm=ns.BatchNorm((8,)) if norm == "mpbn" else None))
    network = ns.named(ns.Serial(*layers, ns.Linear(8, 3)))
    params = network.init(np.random.default_rng(0), dtype)
    params = tuple(
        p._replace(weight=0 * p.weight, bias=p.bias + dtype(current)) if hasattr(p, "bias") else p
        for p in params
    )
    outputs, saved = network.forward(params, np.ones((3, 6, 8), dtype))
    rates = {float(s.mean()) for s in ns.spikes(network, saved).values()}
    assert len(rates) == 1 and rates <= {0.0, 1.0}
    for regularizer in PENALTIES:
        objective = ns.recipes.Objective(penalties=(ns.recipes.Penalty(regularizer, 2.0),))
        with np.errstate(all="raise"):
            terms, d_outputs, d_membranes = objective(network, saved, outputs, LABELS)
            d_x, d_params = network.backward(saved, d_outputs, d_membranes)
        assert np.isfinite(list(terms.values())).all()
        assert all(np.isfinite(leaf).all() for leaf in (d_x, *leaves(d_params)))


# -- penalties, end to end -------------------------------------------------------------------------


class Penalised:
    """L = CE + sum of weighted penalties on a network's membranes, as a layer of one number.

    Written on its own: ``Objective`` is held against it.
    """

    def __init__(self, network, penalties):
        self.network, self.penalties = network, penalties

    def forward(self, params, x):
        outputs, saved = self.network.forward(params, x)
        found = ns.membranes(self.network, saved)
        total, d_outputs = cross_entropy(outputs, LABELS)
        d_membranes = dict.fromkeys(found, 0)
        for weight, regularizer, names in self.penalties:
            for name in names:
                price, d_membrane = regularizer(found[name])
                total = total + weight * price / len(names)
                d_membranes[name] = d_membranes[name] + weight * d_membrane / len(names)
        d_membranes = {k: v for k, v in d_membranes.items() if np.ndim(v)}
        return np.asarray(total), (saved, d_outputs, d_membranes)

    def backward(self, saved, d_y, d_membranes=None):
        inside, d_outputs, d_found = saved
        d_found = {name: d_y * d for name, d in d_found.items()}
        return self.network.backward(inside, d_y * d_outputs, d_found)


def relax(layer, saved):
    inside = None if saved is None else saved[0]
    return type(layer)(ns.relaxed(layer.network, inside), layer.penalties)


def anchor(layer, saved, affine):
    return Penalised(ns.anchored(layer.network, saved[0], affine), layer.penalties)


def three_layers(lif):
    return ns.named(
        ns.Serial(ns.Linear(5, 7), lif, ns.Linear(7, 6), lif, ns.Linear(6, 5), lif, ns.Linear(5, 3))
    )


@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("regularizer", PENALTIES, ids=lambda r: type(r).__name__)
def test_penalties_reach_a_three_layer_network_with_their_exact_gradient(regularizer, reset):
    from numsnn import checks

    network = three_layers(ns.LIF(0.4, width=0.8, surrogate=ns.surrogates.Sigmoid(), reset=reset))
    rng = np.random.default_rng(1)
    params = network.init(rng, np.float64)
    x = 2 * rng.standard_normal((4, 6, 5))
    names = ("lif1", "lif3")
    layer = Penalised(network, [(0.7, regularizer, names)])
    case = checks.LayerCase(layer, params, x, relax=relax, anchor=anchor)
    for check in (checks.complex_step, checks.differences, checks.anchored, checks.anchored_affine):
        result = check(case, np.random.default_rng(2))
        assert result.passed, str(result)
    objective = ns.recipes.Objective(penalties=(ns.recipes.Penalty(regularizer, 0.7, names),))
    terms, _, _, d_params = gradient(network, objective, params, x, LABELS)
    value, saved = layer.forward(params, x)
    assert terms["loss"] == pytest.approx(float(value), rel=1e-13)
    assert terms["loss"] != pytest.approx(
        float(cross_entropy(network.forward(params, x)[0], LABELS)[0])
    )
    expected = layer.backward(saved, 1.0)[1]
    for a, b in zip(leaves(d_params), leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-14)


def test_planted_errors_in_the_injection_are_found():
    from numsnn import checks

    network = three_layers(ns.LIF(0.4, width=0.8, surrogate=ns.surrogates.Sigmoid()))
    rng = np.random.default_rng(1)
    params, x = network.init(rng, np.float64), 2 * rng.standard_normal((4, 6, 5))
    penalties = [(0.7, MPDLoss(), ("lif1", "lif3"))]

    class Wrong(Penalised):
        change = staticmethod(lambda d: d)

        def backward(self, saved, d_y, d_membranes=None):
            inside, d_outputs, d_found = saved
            return super().backward((inside, d_outputs, self.change(d_found)), d_y)

    mutants = {
        "missing": lambda d: {},
        "one layer missing": lambda d: {"lif1": d["lif1"]},
        "twice": lambda d: {k: 2 * v for k, v in d.items()},
        "one step late": lambda d: {k: np.roll(v, 1, axis=0) for k, v in d.items()},
        "another neuron": lambda d: {"lif1": d["lif1"], "lif3": d["lif3"][..., ::-1]},
        "last step only": lambda d: {
            k: np.where(np.arange(4)[:, None, None] == 3, v, 0) for k, v in d.items()
        },
        "sign": lambda d: {k: -v for k, v in d.items()},
    }
    for name, change in mutants.items():
        wrong = type("Mutant", (Wrong,), {"change": staticmethod(change)})(network, penalties)

        case = checks.LayerCase(wrong, params, x, relax=relax, anchor=anchor)
        assert checks.complex_step(case, np.random.default_rng(2)).verdict == "failed", name


def test_recipes_are_values():
    built = recipe("recdis", *SMALL)
    assert replace(built, clip=1.0).network == built.network
    assert recipe("recdis", *SMALL).network == built.network
