"""Which public operations have no entry: every layer, surrogate, loss, regularizer, optimizer, mode."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from typing import Any

import numsnn
from numsnn import dropout, folding, modes, recipes, regularizers
from numsnn.layer import Layer
from numsnn.losses import LOSSES
from numsnn.optimizers import SCHEDULES, Optimizer
from numsnn.registry.entry import Entry
from numsnn.surrogates import SURROGATES, Surrogate

NO_GRADIENT = {
    "binary_entropy": "a number to report",
    "channel_quantiles": "a number to report",
    "conditional_entropy": "a number to report",
    "degeneration_by_quantile": "a number to report",
    "entropy_of_spikes": "a number to report",
    "gaussian_divergences": "two terms of PotentialDistribution, which is checked",
    "mismatch_both_ends": "a number to report",
    "mismatch_by_quantile": "a number to report",
    "mutual_information": "a number to report",
    "quantisation_error": "a number to report",
    "saturation_by_quantile": "a number to report",
    "Regularizer": "the name of a type",
}
"""Public names beside the regularizers that have no gradient, and why."""

ABSTRACT = {"Layer", "Surrogate", "Bump", "Parametric", "Optimizer"}
"""Bases that are never used themselves."""


def public_operations() -> Iterator[tuple[str, Any]]:
    """(name, object) of everything that must have an entry."""
    _import_all()
    for base in (Layer, Surrogate, Optimizer):
        for kind in _subclasses(base):
            ours = kind.__module__.startswith("numsnn.")
            if ours and kind.__name__ not in ABSTRACT and not kind.__name__.startswith("_"):
                yield f"{kind.__module__}.{kind.__qualname__}", kind
    tables: tuple[dict[str, Any], ...] = (SURROGATES, LOSSES, SCHEDULES)
    for table in tables:
        yield from table.items()
    for name in regularizers.__all__:
        if name not in NO_GRADIENT:
            yield f"numsnn.regularizers.{name}", getattr(regularizers, name)
    for mode in ("evaluating", "relaxed", "anchored", "relu_twin"):
        yield f"numsnn.modes.{mode}", getattr(modes, mode)
    yield "numsnn.dropout.resampled", dropout.resampled
    yield "numsnn.folding.folded", folding.folded
    yield "numsnn.recipes.Objective", recipes.Objective


def uncovered(entries: Iterable[Entry]) -> list[str]:
    """The names of public operations that no entry covers."""
    known = [thing for entry in entries for thing in entry.covers]
    return sorted({n for n, thing in public_operations() if not any(k == thing for k in known)})


def _subclasses(kind: type) -> Iterator[type]:
    direct: list[type] = kind.__subclasses__()
    for one in direct:
        yield one
        yield from _subclasses(one)


def _import_all() -> None:
    """Every module of the package, so that every subclass is known; not those of absent extras."""
    for module in pkgutil.walk_packages(numsnn.__path__, "numsnn."):
        if module.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as absent:
            if (absent.name or "").startswith("numsnn"):
                raise
