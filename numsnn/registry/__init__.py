"""Every public operation, declared once: what is checked is what stands here.

>>> from numsnn.registry import REGISTRY, run
>>> str(run(REGISTRY["Linear"], "adjoint", cases=3))[:25]
'adjoint of Linear: passed'
"""

from dataclasses import replace

from numsnn.registry import (
    functions,
    layers,
    modes,
    networks,
    neurons,
    objectives,
    optimizers,
    papers,
    regularizers,
)
from numsnn.registry.bad import BAD
from numsnn.registry.entry import Entry, generator, number_of_cases, run, run_case
from numsnn.registry.networks import random_network

REGISTRY: dict[str, Entry] = {
    entry.name: replace(entry, bad=BAD.get(entry.name, ()))
    for module in (
        layers,
        neurons,
        functions,
        regularizers,
        optimizers,
        papers,
        modes,
        objectives,
        networks,
    )
    for entry in module.ENTRIES
}
"""Every entry by name."""

__all__ = [
    "REGISTRY",
    "Entry",
    "generator",
    "number_of_cases",
    "random_network",
    "run",
    "run_case",
]
