"""One derivative a parameter by scipy.differentiate, its own error estimate as the tolerance."""

from typing import Any

import numpy as np

from numsnn.checks.measures import EPS, Measure
from numsnn.checks.probe import STEP, Probe, elements, one_hot, place
from numsnn.checks.refusal import alive, step_within
from numsnn.checks.report import Worst
from numsnn.tree import map_tree, named_leaves

LARGEST, SOME = 50, 25  # numbers; of a point with more than LARGEST, SOME are drawn
FIRST_STEP = 2.0**-8


def by_scipy(probe: Probe, rng: np.random.Generator) -> Measure:
    """The number of the gradient whose error comes nearest to its estimate, or passes it.

    Errors are relative to the largest number of the gradient.
    """
    alive(probe)
    places = elements(probe.point)
    if len(places) > LARGEST:
        places = [places[i] for i in rng.choice(len(places), SOME, replace=False)]
    claimed = dict(named_leaves(probe.gradient))
    scale = max(float(np.max(np.abs(leaf), initial=0.0)) for leaf in claimed.values())
    error, worst, tolerance = -1.0, None, 1.0
    for name, index in places:
        expected, estimate = _derivative(probe, one_hot(probe.point, name, index))
        found = float(claimed[name][index])
        here = abs(found - expected)
        if not here * tolerance <= error * estimate:
            error, tolerance = here, estimate
            worst = Worst(place(name, index), found, expected)
    return Measure(error / scale, None if error <= tolerance else worst, tolerance / scale)


def _derivative(probe: Probe, unit: Any) -> tuple[float, float]:
    """(derivative, error estimate) along one coordinate."""
    from scipy.differentiate import derivative

    lifted = probe.along(unit, 1j * STEP)
    step = step_within(lifted, FIRST_STEP, STEP, 1e-7)

    def value(shifts: np.ndarray) -> np.ndarray:
        flat = [
            probe.look(map_tree(lambda p, t, s=s: p + s * t, probe.point, unit)).value
            for s in np.ravel(shifts)
        ]
        return np.reshape(flat, np.shape(shifts))

    found = derivative(value, 0.0, initial_step=step, order=6, maxiter=4)
    smallest = step / 2 ** (2 * int(found.nit))
    floor = 8 * EPS * lifted.size / smallest
    return float(found.df), float(found.error) + floor
