"""On a lattice nothing is rounded: single precision gives double precision's bits."""

from dataclasses import replace

import numpy as np
from hypothesis import given

import numsnn as ns
from numsnn.tree import cast

from .lattice import lattice_cases, whole_numbers
from .networks import watch_rates
from .tangents import Cotangents, alive, cotangents, gradient, same


@given(lattice_cases(depth=(1, 2), precision=np.float32))
def test_single_precision_is_double_precision(case):
    """All outputs, membranes and gradients of float32, widened, are those of float64."""
    y, saved = case.forward()
    watch_rates(case.network, saved)
    w = Cotangents(
        *whole_numbers(case.rng(), tuple(cotangents(case.rng(), case.network, saved, y)))
    )
    d = gradient(case.network, saved, w)
    alive(d)
    x, params = case.x.astype(np.float32), cast(case.params, np.float32)
    y2, saved2 = case.network.forward(params, x)
    d2 = gradient(case.network, saved2, Cotangents(*cast(tuple(w), np.float32)))
    same(
        cast((y2, ns.membranes(case.network, saved2), d2), np.float64),
        (y, ns.membranes(case.network, saved), d),
    )


@given(lattice_cases())
def test_no_potential_touches_its_threshold(case):
    """What the lattice promises: both tie rules fire alike, and dual numbers agree."""
    y, saved = case.forward()
    other = ns.map_layers(
        lambda layer: layer if not isinstance(layer, ns.LIF) else _other_tie(layer), case.network
    )
    y2, saved2 = other.forward(case.params, case.x)
    same((y2, ns.membranes(other, saved2)), (y, ns.membranes(case.network, saved)))
    y3, _ = case.forward(case.x.astype(complex))
    np.testing.assert_array_equal(y3.real, y)


def _other_tie(layer):
    return replace(layer, tie="silent" if layer.tie == "fires" else "fires")
