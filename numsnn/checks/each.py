"""One derivative a parameter by scipy.differentiate, its own error estimate as the tolerance."""

from typing import Any

import numpy as np

from numsnn.checks.measures import EPS, Measure
from numsnn.checks.probe import Probe, Seen, elements, one_hot, place, random_like
from numsnn.checks.refusal import SHORT, RefusedError, alive, smooth_along, step_along
from numsnn.checks.report import Worst
from numsnn.tree import named_leaves

LARGEST, SOME = 50, 25  # numbers; of a point with more than LARGEST, SOME are drawn
FIRST_STEP = 2.0**-8


def by_scipy(probe: Probe, rng: np.random.Generator) -> Measure:
    """The number of the gradient whose error comes nearest to its estimate, or passes it.

    Errors are relative to the largest number of the gradient.
    """
    places = elements(probe.point)
    if len(places) > LARGEST:
        places = [places[i] for i in rng.choice(len(places), SOME, replace=False)]
    here = probe.look(probe.point)
    if not here.switches:
        smooth_along(probe, random_like(rng, probe.point), SHORT)
    claimed = dict(named_leaves(probe.gradient))
    scale = max(float(np.max(np.abs(leaf), initial=0.0)) for leaf in claimed.values())
    error, worst, tolerance, largest = -1.0, None, 1.0, 0.0
    for name, index in places:
        expected, estimate = _derivative(probe, here, one_hot(probe.point, name, index))
        found = float(claimed[name][index])
        largest = max(largest, abs(expected) if abs(expected) > estimate else 0.0)
        gap = abs(found - expected)
        if not gap * tolerance <= error * estimate:
            error, tolerance = gap, estimate
            worst = Worst(place(name, index), found, expected)
    alive(probe, largest)
    scale = max(scale, largest)
    return Measure(error / scale, None if error <= tolerance else worst, tolerance / scale)


def _derivative(probe: Probe, here: Seen, unit: Any) -> tuple[float, float]:
    """(derivative, error estimate) along one coordinate."""
    try:
        from scipy.differentiate import derivative
    except ImportError:
        raise RefusedError("scipy.differentiate is not there: it needs SciPy 1.15") from None
    step = step_along(probe, unit, FIRST_STEP, 1e-7) if here.switches else FIRST_STEP

    def value(shifts: np.ndarray) -> np.ndarray:
        flat = [probe.along(unit, shift).value for shift in np.ravel(shifts)]
        return np.reshape(flat, np.shape(shifts))

    found = derivative(value, 0.0, initial_step=step, order=6, maxiter=4)
    smallest = step / 2 ** (2 * int(found.nit))
    floor = 8 * EPS * here.size / smallest
    return float(found.df), float(found.error) + floor
