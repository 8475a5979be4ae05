"""Who takes part: every variant of every library, of which trials keep the fastest."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from numsnn.bench.contest import Contestant, Progress, contest, stepping
from numsnn.bench.workloads import Workload
from numsnn.conv_pool import ConvPool
from numsnn.layer import walk
from numsnn.mean_first import MeanFirst
from numsnn.norms import BatchNorm

TRIALS = 2  # turns that decide which variants of a library stay
NEAR = 1.15  # a second variant stays if it was not slower than this times the fastest


class Entrant(NamedTuple):
    """A variant of a library. ``same``: it runs the workload's network, and so it counts."""

    variant: Any
    same: bool

    @property
    def library(self) -> str:
        return self.variant.library

    @property
    def name(self) -> str:
        return f"{self.library}, {self.variant.name}"


def entrants(work: Workload, libraries: Sequence[str]) -> list[Entrant]:
    """Every variant of every library."""
    if not libraries:
        return []
    from numsnn.bench.peers import module, variants

    images = len(work.input_shape) == 3
    means = any(isinstance(link.layer, ConvPool | MeanFirst) for link in work.network().links)
    norms = any(isinstance(layer, BatchNorm) for (layer,) in walk(work.network()))
    return [
        Entrant(variant, not (norms and module(library).NEURONS[variant.neurons].looped))
        for library in libraries
        for variant in variants(library, images, means)
    ]


def trained_in(entrant: Entrant, work: Workload) -> Contestant:
    """The contestant that trains the workload in this variant."""
    from numsnn.bench.peers.running import training

    return stepping(entrant.name, training(work, entrant.variant), work.turn)


def trials(
    field: Sequence[Entrant], work: Workload, progress: Progress
) -> tuple[list[Contestant], dict[str, float]]:
    """Those who stay, the fastest of each library and maybe a second; everyone's best seconds."""
    progress.phase(f"{work.name}: warm-up", len(field))
    contestants = []
    for entrant in field:
        contestants.append(trained_in(entrant, work))
        progress.done()
    progress.phase(f"{work.name}: trials", TRIALS * len(field))
    found = contest(contestants, TRIALS, progress)
    seconds = {name: min(each) for name, each in found.items()}
    stay: list[str] = []
    for names in _by_library(entrant for entrant in field if entrant.same):
        first, *others = sorted(names, key=lambda name: seconds[name])
        stay += [first, *(name for name in others[:1] if seconds[name] <= NEAR * seconds[first])]
    return [each for each in contestants if each.name in stay], seconds


def _by_library(field: Iterable[Entrant]) -> list[list[str]]:
    names: dict[str, list[str]] = {}
    for entrant in field:
        names.setdefault(entrant.library, []).append(entrant.name)
    return list(names.values())


def fastest(field: Iterable[Entrant], seconds: dict[str, float]) -> dict[str, Entrant]:
    """The fastest entrant of each library among those that have seconds and count."""
    found: dict[str, Entrant] = {}
    for entrant in field:
        if entrant.same and entrant.name in seconds:
            best = found.get(entrant.library)
            if best is None or seconds[entrant.name] < seconds[best.name]:
                found[entrant.library] = entrant
    return found


def each_kind(field: Iterable[Entrant], seconds: Callable[[str], float]) -> list[Entrant]:
    """Every kind of neurons of every library once, in its faster layout."""
    found: dict[tuple[str, str], Entrant] = {}
    for entrant in sorted(field, key=lambda entrant: seconds(entrant.name)):
        found.setdefault((entrant.library, entrant.variant.neurons), entrant)
    return list(found.values())
