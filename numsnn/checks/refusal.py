"""Where a check would give a number that means nothing: on a kink, at the threshold, at zero."""

import numpy as np

from numsnn.checks.probe import STEP, Probe, Seen, place
from numsnn.tree import Tree, leaves

NEAR = 1e-9  # a rounding difference reaches about 1e-13: what is nearer than this is on the switch


SHORT = 2.0**-14  # a step on which a smooth function is a parabola up to rounding


class RefusedError(Exception):
    """The check has nothing to say at this point; the message says why."""


def off_switches(seen: Seen) -> None:
    """Refuse a point that lies on a threshold or a kink."""
    for name, values in seen.switches.items():
        distance = np.abs(np.real(values))
        if distance.size and distance.min() < NEAR:
            index = np.unravel_index(np.argmin(distance), distance.shape)
            raise RefusedError(
                f"{place(name, index)} is {distance.min():.1e} away, nearer than {NEAR:.0e}: "
                "rounding decides the side"
            )


def alive(probe: Probe, measured: float) -> None:
    """Refuse a gradient that is zero everywhere and is so by measure too: that proves nothing."""
    if measured == 0 and not any(np.any(leaf) for leaf in leaves(probe.gradient)):
        raise RefusedError("the gradient is zero everywhere here, which proves nothing")


def step_along(probe: Probe, tangent: Tree, step: float, least: float) -> float:
    """The largest step up to ``step`` on which no switch changes sign, to a quarter of the way.

    How fast each switch moves is known from a complex step; a function that declares none is only
    asked for real numbers, and for slopes that are equal on both sides. Refuses a point at which
    the step would be less than ``least``.
    """
    if not probe.look(probe.point).switches:
        smooth_along(probe, tangent, min(step, SHORT))
        return step
    lifted = probe.along(tangent, 1j * STEP)
    off_switches(lifted)
    for name, values in lifted.switches.items():
        speed, distance = np.abs(np.imag(values)) / STEP, np.abs(np.real(values))
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(speed > 0, distance / speed, np.inf) / 4
        if reach.size and reach.min() < step:
            step = float(reach.min())
        if step < least:
            index = np.unravel_index(np.argmin(reach), reach.shape)
            raise RefusedError(f"{place(name, index)} is crossed within a step of {step:.1e}")
    return step


def smooth_along(probe: Probe, tangent: Tree, step: float) -> None:
    """Refuse where the slopes to both sides of the point differ: a kink that nobody declared.

    The second difference over h is (jump of the slope) + O(h); two steps separate the two.
    """
    here = probe.look(probe.point)

    def bend(h: float) -> float:
        return (probe.along(tangent, h).value - 2 * here.value + probe.along(tangent, -h).value) / h

    coarse, fine = bend(step), bend(step / 2)
    jump = 2 * fine - coarse
    noise = 100 * np.finfo(float).eps * here.size / step
    if abs(jump) > noise + 0.01 * abs(coarse - fine) + 1e-7 * probe.scale(tangent):
        raise RefusedError(
            f"the slope jumps by {jump:.1e} at the point or within {step:.0e} of it: a kink"
        )
