"""Symmetries of the batch, of hidden units, of doubled inputs. Properties 18, 19, 20, 33."""

import numpy as np
from hypothesis import given, target
from hypothesis import strategies as st

import numsnn as ns
from numsnn.neurons import State
from numsnn.surrogates import SURROGATES
from numsnn.tree import map_tree, tree_sum

from .lattice import lattice_cases, whole_numbers
from .networks import calibrated, cases, seeds, share, stirred, watch_rates, with_share
from .tangents import REORDERED, Cotangents, alive, cotangents, gap, gradient, same

CHOICES = ("hard", "soft")


def picked(case, tree, order):
    """The samples ``order`` of initial states in a tree of parameters or their gradients."""
    states = {
        name: state and State(*(part[order] for part in state))
        for name, state in ns.initial_states(case.network, tree).items()
    }
    return ns.starting(case.network, tree, states)


def picked_cotangents(w, order):
    def pick(given):
        final = given.final and State(*(part[order] for part in given.final))
        return given._replace(trace=given.trace[:, order], final=final)

    return Cotangents(w.output[:, order], {n: pick(g) for n, g in w.membranes.items()})


def permuted(case, w, order):
    """(y, d_params, d_x) for the samples in another order, put back into the old one."""
    back = np.argsort(order)
    params = picked(case, case.params, order)
    y, saved = case.forward(case.x[:, order], params)
    d_params, d_x = gradient(case.network, saved, picked_cotangents(w, order))
    return y[:, back], picked(case, d_params, back), d_x[:, back]


@given(lattice_cases(), st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter(case, random):
    """18. Permuting the batch permutes outputs and input gradients, and leaves the parameters'.

    On a lattice, where the sums over samples are exact in any order: to the bit.
    """
    y, saved = case.forward()
    watch_rates(case.network, saved)
    w = Cotangents(
        *whole_numbers(case.rng(), tuple(cotangents(case.rng(), case.network, saved, y)))
    )
    order = np.array(random.sample(range(case.x.shape[1]), case.x.shape[1]))
    expected = (y, *gradient(case.network, saved, w))
    alive(expected)
    same(permuted(case, w, order), expected)


@given(cases(samples=(3, 5)), st.randoms(use_true_random=False))
def test_the_order_of_samples_does_not_matter_to_norms(case, random):
    """18, for any weights and with statistics of the batch: to rounding."""
    y, saved = case.forward()
    w = cotangents(case.rng(), case.network, saved, y)
    order = np.array(random.sample(range(case.x.shape[1]), case.x.shape[1]))
    error = gap(permuted(case, w, order), (y, *gradient(case.network, saved, w)))
    target(float(error))
    assert error <= REORDERED


def by_parts(case, w, parts):
    """The gradient as the sum over parts of the batch, each run by itself."""
    d_all, states, d_xs, outputs = [], [], [], []
    for part in parts:
        y, saved = case.forward(case.x[:, part], picked(case, case.params, part))
        d_params, d_x = gradient(case.network, saved, picked_cotangents(w, part))
        given = ns.initial_states(case.network, d_params)
        d_all.append(ns.starting(case.network, d_params, dict.fromkeys(given)))
        states.append(given)
        d_xs.append(d_x)
        outputs.append(y)
    joined = {
        name: states[0][name]
        and State(*(np.concatenate(x) for x in zip(*(s[name] for s in states), strict=True)))
        for name in states[0]
    }
    return (
        np.concatenate(outputs, axis=1),
        ns.starting(case.network, tree_sum(d_all), joined),
        np.concatenate(d_xs, axis=1),
    )


@given(lattice_cases(), st.data())
def test_gradients_add_up_over_the_batch(case, data):
    """19. Without batch statistics the parameters' gradient is the sum over samples: to the bit."""
    N = case.x.shape[1]
    y, saved = case.forward()
    watch_rates(case.network, saved)
    w = Cotangents(
        *whole_numbers(case.rng(), tuple(cotangents(case.rng(), case.network, saved, y)))
    )
    cut = data.draw(st.integers(1, N - 1))
    expected = (y, *gradient(case.network, saved, w))
    alive(expected)
    same(by_parts(case, w, (np.arange(cut), np.arange(cut, N))), expected)


@given(cases(chain_norm=False, membrane_norm=False), st.data())
def test_gradients_add_up_for_any_weights(case, data):
    """19, for any weights, resets and surrogates: to rounding."""
    N = case.x.shape[1]
    y, saved = case.forward()
    w = cotangents(case.rng(), case.network, saved, y)
    cut = data.draw(st.integers(1, N - 1))
    found = by_parts(case, w, (np.arange(cut), np.arange(cut, N)))
    error = gap(found, (y, *gradient(case.network, saved, w)))
    target(float(error))
    assert error <= REORDERED


@st.composite
def hidden_layers(draw):
    """A hidden layer of many variants between two Linears, all parameters one a unit."""
    C = draw(st.integers(2, 5))
    norm = draw(st.sampled_from((None, "raw", "normalised")))
    hidden = ns.LIF(
        surrogate=SURROGATES[draw(st.sampled_from(sorted(SURROGATES)))],
        reset=draw(st.sampled_from(CHOICES)),
        detach_reset=draw(st.booleans()),
        norm=norm and ns.BatchNorm((C,)),
        carry=norm or "raw",
        lateral=ns.Linear(C, C) if draw(st.booleans()) else None,
        decay_shape=(C,),
        threshold_shape=(C,),
        width_shape=(C,),
    )
    chain = [ns.BatchNorm((C,))] if draw(st.booleans()) else []
    network = ns.named(
        ns.Serial(ns.Linear(3, C), *chain, hidden, ns.Linear(C, 2), ns.LIF(), ns.Accumulate())
    )
    rng = np.random.default_rng(draw(seeds))
    x = rng.standard_normal((draw(st.integers(1, 4)), 4, 3))
    params = calibrated(network, stirred(rng, network.init(rng, np.float64)), x)[0]
    return network, params, x, rng


@given(hidden_layers(), st.randoms(use_true_random=False))
def test_the_order_of_hidden_units_does_not_matter(drawn, random):
    """20. Permuting a hidden layer's units, with all that belongs to them, permutes the gradients
    of what belongs to them and changes no output: to rounding."""
    network, params, x, rng = drawn
    C = network.layers[0].outputs
    order = np.array(random.sample(range(C), C))

    def moved(tree, order):
        """rows of what comes in, columns of what goes out, both of what goes across"""

        def rows(leaf):
            return leaf[order]

        first, *chain, hidden, last, out, readout = tree
        lateral = hidden.lateral
        if lateral is not None:
            lateral = lateral._replace(
                weight=lateral.weight[order][:, order], bias=rows(lateral.bias)
            )
        hidden = map_tree(rows, hidden._replace(lateral=None))._replace(lateral=lateral)
        last = last._replace(weight=last.weight[:, order])
        return (map_tree(rows, first), *map_tree(rows, tuple(chain)), hidden, last, out, readout)

    y, saved = network.forward(params, x)
    watch_rates(network, saved)
    w = rng.standard_normal(y.shape)
    trace = rng.standard_normal((*x.shape[:2], C))
    d_x, d_params = network.backward(saved, w, {"lif1": trace})
    y2, saved2 = network.forward(moved(params, order), x)
    d_x2, d_params2 = network.backward(saved2, w, {"lif1": trace[..., order]})
    error = gap((y2, d_x2, d_params2), (y, d_x, moved(d_params, order)))
    target(float(error))
    assert error <= REORDERED


@given(lattice_cases(images=False))
def test_an_input_given_twice(case):
    """33. Inputs [x, x] with weights [Wa, Wb], where Wa + Wb = W: the same potentials, the same
    gradient for Wa, for Wb and for W, and each copy of x gets its weight's share. To the bit."""
    y, saved = case.forward()
    watch_rates(case.network, saved)
    w = Cotangents(
        *whole_numbers(case.rng(), tuple(cotangents(case.rng(), case.network, saved, y)))
    )
    d_params, d_x = gradient(case.network, saved, w)
    alive(d_params)
    product, neuron = share(case.params, 0)
    first = case.rng(1).integers(-4, 5, product.weight.shape) / 4.0
    weights = np.concatenate([first, product.weight - first], axis=1)
    inputs = product.weight.shape[1]
    wide = ns.Linear(2 * inputs, product.weight.shape[0], product.bias is not None)
    level = ns.Serial(wide, *case.network.layers[0].layers[1:])
    network = ns.Serial(level, *case.network.layers[1:])
    params = with_share(case.params, 0, product._replace(weight=weights), neuron)
    y2, saved2 = network.forward(params, np.concatenate([case.x, case.x], axis=-1))
    d_params2, d_x2 = gradient(network, saved2, w)
    same((y2, ns.membranes(network, saved2)), (y, ns.membranes(case.network, saved)))
    doubled, _ = share(d_params2, 0)
    expected, d_neuron = share(d_params, 0)
    same(doubled.weight[:, :inputs], expected.weight)
    same(doubled.weight[:, inputs:], expected.weight)
    same(d_x2[..., :inputs] + d_x2[..., inputs:], d_x)
    same(with_share(d_params2, 0, expected, d_neuron), d_params)
