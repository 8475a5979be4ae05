"""The ladder: every check as a function of a case and a Generator that returns a Report.

adjoint               <J t, w> = <t, J'w>, J by complex step on the spiking forward
complex-step          the relaxed forward's derivative by complex step
differences           the same by central differences, within their error estimate
taylor                the order of the relaxed forward's remainder
each-parameter        the relaxed forward, one number at a time, by scipy.differentiate
anchored              the spiking gradient against the anchored forward, by complex step
anchored-affine       the same with the tangent in place of the primitive
anchored-differences  the anchored forward by central differences
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from numsnn.checks.cases import AnchorError
from numsnn.checks.each import by_scipy
from numsnn.checks.measures import Measure, by_complex_step, by_differences, by_taylor
from numsnn.checks.refusal import RefusedError
from numsnn.checks.report import Report, failed, measured, refused
from numsnn.checks.structure import ContractError
from numsnn.checks.tolerances import TOLERANCES


def adjoint(case: Any, rng: np.random.Generator) -> Report:
    """<J t, w> = <t, J'w> in spiking mode, t and w random, J t by complex step on the forward."""
    bound = TOLERANCES["adjoint"].bound
    return _report("adjoint", case, lambda: by_complex_step(case.spiking(rng), rng, bound))


def complex_step(case: Any, rng: np.random.Generator) -> Report:
    """The backward is the exact gradient of the relaxed forward, by complex step."""
    bound = TOLERANCES["complex-step"].bound
    return _report("complex-step", case, lambda: by_complex_step(case.relaxed(rng), rng, bound))


def differences(case: Any, rng: np.random.Generator) -> Report:
    """The same by central differences, which need no complex arithmetic."""
    return _report("differences", case, lambda: by_differences(case.relaxed(rng), rng))


def taylor(case: Any, rng: np.random.Generator) -> Report:
    """The remainder of the relaxed forward's first-order expansion falls as the step squared."""
    return _report("taylor", case, lambda: by_taylor(case.relaxed(rng), rng))


def each_parameter(case: Any, rng: np.random.Generator) -> Report:
    """Every number of the relaxed gradient by itself, at most 50 of them."""
    return _report("each-parameter", case, lambda: by_scipy(case.relaxed(rng), rng))


def anchored(case: Any, rng: np.random.Generator) -> Report:
    """The spiking gradient is the derivative of o0 + P(v) - P(v0), by complex step."""
    bound = TOLERANCES["anchored"].bound
    return _report("anchored", case, lambda: by_complex_step(case.anchored(rng), rng, bound))


def anchored_affine(case: Any, rng: np.random.Generator) -> Report:
    """The spiking gradient is the derivative of o0 + P'(v0) (v - v0), by complex step."""
    bound = TOLERANCES["anchored-affine"].bound
    return _report(
        "anchored-affine", case, lambda: by_complex_step(case.anchored(rng, True), rng, bound)
    )


def anchored_differences(case: Any, rng: np.random.Generator) -> Report:
    """The spiking gradient is the derivative of the anchored forward, by central differences."""
    return _report("anchored-differences", case, lambda: by_differences(case.anchored(rng), rng))


def _report(check: str, case: Any, measure: Callable[[], Measure]) -> Report:
    bound = TOLERANCES[check].bound
    try:
        error, worst, estimate = measure()
    except RefusedError as reason:
        return refused(check, case.name, str(reason), bound)
    except (ContractError, AnchorError) as reason:
        return failed(check, case.name, str(reason), bound)
    return measured(check, case.name, error, bound * estimate, worst)
