"""Three ways to measure a derivative, each compared with the gradient that a backward claims."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from numsnn.checks.probe import STEP, Probe, Seen, elements, one_hot, only, place, random_like
from numsnn.checks.refusal import RefusedError, alive, off_switches, smooth_along, step_along
from numsnn.checks.report import Worst
from numsnn.tree import Tree, named_leaves

EPS = np.finfo(np.float64).eps
COARSE = 1e-5  # relative: differences that know less than this are refused
ELEMENTS = 300  # looked at when a failure is to be placed


class Measure(NamedTuple):
    error: float
    worst: Worst | None = None
    estimate: float = 1.0  # what the bound is multiplied by: the measurement's own error


def by_complex_step(probe: Probe, rng: np.random.Generator, bound: float) -> Measure:
    """|<gradient, t> - Im f(p + i e t)/e| / sum |gradient t|, t random."""
    tangent = random_like(rng, probe.point)
    lifted = probe.along(tangent, 1j * STEP)
    off_switches(lifted)
    if not lifted.switches:
        smooth_along(probe, tangent, 2.0**-20)
    measured = _imaginary(lifted)
    alive(probe, measured)
    scale = max(probe.scale(tangent), abs(measured))
    error = abs(probe.slope(tangent) - measured) / scale if scale else 0.0
    if error <= bound:
        return Measure(error)
    return Measure(error, locate(probe, rng, lambda unit: _imaginary(probe.along(unit, 1j * STEP))))


def by_differences(probe: Probe, rng: np.random.Generator) -> Measure:
    """Central differences along a random t, with their own error estimate.

    The estimate is how far the differences over three steps, h, h/2 and h/3, lie apart, and the
    rounding of the values over h. The step is as long as no kink is met.
    """
    tangent = random_like(rng, probe.point)
    step = step_along(probe, tangent, 2.0**-14, 1e-9)
    found = [_central(probe, tangent, h) for h in (step, step / 2, step / 3)]
    rounding = 32 * EPS * probe.along(tangent, step).size / step
    estimate = max(found) - min(found) + rounding
    alive(probe, 0.0 if abs(found[1]) <= estimate else found[1])
    scale = max(probe.scale(tangent), abs(found[1]))
    if estimate > COARSE * scale:
        raise RefusedError(
            f"the differences know the derivative to {estimate / scale:.1e} only, step {step:.1e}"
        )
    error = abs(found[1] - probe.slope(tangent))
    if error <= estimate:
        return Measure(error / scale, None, estimate / scale)
    worst = locate(probe, rng, lambda unit: _central(probe, unit, 2.0**-20))
    return Measure(error / scale, worst, estimate / scale)


def by_taylor(probe: Probe, rng: np.random.Generator) -> Measure:
    """2 - order, where R(h) = |f(p + h t) - f(p) - h <gradient, t>| falls as h^order.

    Along random directions, never along the gradient. Steps fall by 4 from 1e-4, or from where no
    kink is met; the order is that of the last two remainders that stand well above the rounding of
    the values, where the next order is smallest. A remainder that never does so is a straight
    line's: order 2.
    """
    tangent = random_like(rng, probe.point)
    step = step_along(probe, tangent, 1e-4, 1e-6)
    here, slope = probe.look(probe.point), probe.slope(tangent)
    orders: list[float] = []
    before = None
    for _ in range(6):
        seen = probe.along(tangent, step)
        noise = 4 * EPS * (seen.size + here.size)
        remainder = abs(seen.value - here.value - step * slope)
        small = remainder <= 100 * noise
        if before is not None:
            least = max(remainder - 3 * noise, noise) if small else remainder
            orders.append(float(np.log(before / least) / np.log(4)))
        if small:
            alive(probe, 0.0 if before is None else before)
            break
        before, step = remainder, step / 4
    order = max(orders[-2:], default=2.0)
    return Measure(max(0.0, 2 - order))


def locate(probe: Probe, rng: np.random.Generator, slope: Callable[[Tree], float]) -> Worst | None:
    """The number of the gradient that is most wrong, by ``slope(tangent)``: its leaf, then its place."""
    tangent = random_like(rng, probe.point)
    alone = {name: only(tangent, name) for name, _ in named_leaves(probe.point)}
    guilty = max(alone, key=lambda name: abs(slope(alone[name]) - probe.slope(alone[name])))
    places = [e for e in elements(probe.point) if e[0] == guilty]
    if len(places) > ELEMENTS:
        places = [places[i] for i in rng.choice(len(places), ELEMENTS, replace=False)]
    claimed = dict(named_leaves(probe.gradient))[guilty]
    worst, gap = None, -1.0
    for name, index in places:
        expected, found = slope(one_hot(probe.point, name, index)), float(claimed[index])
        if not abs(found - expected) <= gap:
            gap = abs(found - expected)
            worst = Worst(place(name, index), found, expected)
    return worst


def _imaginary(lifted: Seen) -> float:
    """The derivative that a complex step carries."""
    return float(np.imag(lifted.value)) / STEP


def _central(probe: Probe, tangent: Tree, step: float) -> float:
    up, down = probe.along(tangent, step), probe.along(tangent, -step)
    return float(up.value - down.value) / (2 * step)
