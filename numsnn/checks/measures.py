"""Four ways to measure a derivative, each compared with the gradient that a backward claims."""

from typing import NamedTuple

import numpy as np

from numsnn.checks.probe import STEP, Probe, elements, one_hot, only, place, random_like
from numsnn.checks.refusal import RefusedError, alive, off_switches, smooth_along, step_within
from numsnn.checks.report import Worst
from numsnn.tree import named_leaves

EPS = np.finfo(np.float64).eps
COARSE = 1e-5  # relative: differences that know less than this are refused
ELEMENTS = 300  # looked at when a failure is to be placed


class Measure(NamedTuple):
    error: float
    worst: Worst | None = None
    estimate: float = 1.0  # what the bound is multiplied by: the measurement's own error


def by_complex_step(probe: Probe, rng: np.random.Generator, bound: float) -> Measure:
    """|<gradient, t> - Im f(p + i e t)/e| / sum |gradient t|, t random."""
    alive(probe)
    tangent = random_like(rng, probe.point)
    lifted = probe.along(tangent, 1j * STEP)
    off_switches(lifted)
    if not lifted.switches:
        smooth_along(probe, tangent, 2.0**-20)
    error = _relative(probe, tangent, lifted.value.imag / STEP)
    if error <= bound:
        return Measure(error)
    return Measure(error, locate(probe, rng))


def by_differences(probe: Probe, rng: np.random.Generator) -> Measure:
    """Central differences along a random t, with their own error estimate.

    The estimate is how far the differences over three steps, h, h/2 and h/3, lie apart, and the
    rounding of the values over h. The step is as long as no kink is met.
    """
    alive(probe)
    tangent = random_like(rng, probe.point)
    step = step_within(probe.along(tangent, 1j * STEP), 2.0**-14, STEP, 1e-9)
    if not probe.look(probe.point).switches:
        smooth_along(probe, tangent, step)
    found, size = [], 0.0
    for h in (step, step / 2, step / 3):
        up, down = probe.along(tangent, h), probe.along(tangent, -h)
        found.append((up.value - down.value) / (2 * h))
        size = max(size, up.size + down.size)
    estimate = max(found) - min(found) + 16 * EPS * size / step
    scale = max(probe.scale(tangent), abs(found[1]))
    if estimate > COARSE * scale:
        raise RefusedError(
            f"the differences know the derivative to {estimate / scale:.1e} only, step {step:.1e}"
        )
    error = abs(found[1] - probe.slope(tangent))
    worst = None if error <= estimate else locate(probe, rng)
    return Measure(error / scale, worst, estimate / scale)


def by_taylor(probe: Probe, rng: np.random.Generator) -> Measure:
    """2 - order, where R(h) = |f(p + h t) - f(p) - h <gradient, t>| falls as h^order.

    Along random directions, never along the gradient. Steps fall by 4 from 1e-4, or from where no
    kink is met; the order is that of the last two remainders that stand well above the rounding of
    the values, where the next order is smallest. A remainder that never does so is a straight
    line's: order 2.
    """
    alive(probe)
    tangent = random_like(rng, probe.point)
    step = step_within(probe.along(tangent, 1j * STEP), 1e-4, STEP, 1e-6)
    here, slope = probe.look(probe.point), probe.slope(tangent)
    if not here.switches:
        smooth_along(probe, tangent, step)
    orders: list[float] = []
    before = None
    for _ in range(6):
        seen = probe.along(tangent, step)
        noise = 4 * EPS * (seen.size + here.size)
        remainder = abs(seen.value - here.value - step * slope)
        small = remainder < 100 * noise
        if before is not None:
            least = max(remainder - 3 * noise, noise) if small else remainder
            orders.append(float(np.log(before / least) / np.log(4)))
        if small:
            break
        before, step = remainder, step / 4
    order = max(orders[-2:], default=2.0)
    return Measure(max(0.0, 2 - order))


def locate(probe: Probe, rng: np.random.Generator) -> Worst | None:
    """The element of the gradient that is most wrong, by complex step: leaf first, then element."""
    tangent = random_like(rng, probe.point)
    found = {}
    for name, _ in named_leaves(probe.point):
        alone = only(tangent, name)
        measured = probe.along(alone, 1j * STEP).value.imag / STEP
        found[name] = abs(measured - probe.slope(alone))
    guilty = max(found, key=lambda name: found[name])
    places = [e for e in elements(probe.point) if e[0] == guilty]
    if len(places) > ELEMENTS:
        places = [places[i] for i in rng.choice(len(places), ELEMENTS, replace=False)]
    claimed = dict(named_leaves(probe.gradient))[guilty]
    worst, gap = None, -1.0
    for name, index in places:
        unit = one_hot(probe.point, name, index)
        expected = probe.along(unit, 1j * STEP).value.imag / STEP
        actual = float(claimed[index])
        if not abs(actual - expected) <= gap:
            gap = abs(actual - expected)
            worst = Worst(place(name, index), actual, expected)
    return worst


def _relative(probe: Probe, tangent: object, measured: float) -> float:
    scale = max(probe.scale(tangent), abs(measured))
    return abs(probe.slope(tangent) - measured) / scale if scale > 0 else 0.0
