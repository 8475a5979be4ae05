"""Checks of gradients: the backward is the transpose of the forward's linearisation.

A check takes a case (a layer at a point, a function at a point) and a Generator, and returns a
``Report``. Your own layer can be checked as it is, if it follows the convention:

>>> import numpy as np
>>> from numsnn.checks import LayerCase, adjoint, differences
>>> class Scale:
...     def forward(self, params, x):
...         return params * x, (params, x)
...
...     def backward(self, saved, d_y, d_membranes=None):
...         params, x = saved
...         return params * d_y, (x * d_y).sum()
>>> rng = np.random.default_rng(0)
>>> case = LayerCase(Scale(), np.array(3.0), rng.standard_normal((2, 4, 5)))
>>> adjoint(case, rng).passed, differences(case, rng).passed
(True, True)

A wrong factor is found, and placed:

>>> class Wrong(Scale):
...     def backward(self, saved, d_y, d_membranes=None):
...         params, x = saved
...         return params * d_y, 2 * (x * d_y).sum()
>>> report = adjoint(LayerCase(Wrong(), case.params, case.x), rng)
>>> report.verdict, report.worst.place
('failed', 'params')
"""

from numsnn.checks.cases import LayerCase
from numsnn.checks.contract import contract
from numsnn.checks.functions import FunctionCase, SurrogateLayer, ValueCase
from numsnn.checks.ladder import (
    adjoint,
    anchored,
    anchored_affine,
    anchored_differences,
    complex_step,
    differences,
    each_parameter,
    taylor,
)
from numsnn.checks.report import Report, Worst, combined
from numsnn.checks.tolerances import TOLERANCES, Tolerance
from numsnn.checks.values import bad_input, formula, primitive

CHECKS = {
    "contract": contract,
    "adjoint": adjoint,
    "complex-step": complex_step,
    "differences": differences,
    "taylor": taylor,
    "each-parameter": each_parameter,
    "anchored": anchored,
    "anchored-affine": anchored_affine,
    "anchored-differences": anchored_differences,
    "formula": formula,
    "primitive": primitive,
    "bad-input": bad_input,
}
"""Every check by name, as ``check(case, rng) -> Report``."""

__all__ = [
    "CHECKS",
    "TOLERANCES",
    "FunctionCase",
    "LayerCase",
    "Report",
    "SurrogateLayer",
    "Tolerance",
    "ValueCase",
    "Worst",
    "adjoint",
    "anchored",
    "anchored_affine",
    "anchored_differences",
    "bad_input",
    "combined",
    "complex_step",
    "contract",
    "differences",
    "each_parameter",
    "formula",
    "primitive",
    "taylor",
]
