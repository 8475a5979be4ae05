"""Inference: with running statistics, and folded into weights; the peers in their evaluating mode.

The peers run the network that ``numsnn.folding`` folded as well as the other one: so the arithmetic
is the same on both sides. The faster of a library's two counts, and so does the faster of ours.
"""

from collections.abc import Sequence
from typing import Any

from numsnn.bench import ours
from numsnn.bench.contest import Progress, Times, contest, stepping
from numsnn.bench.training import OURS, compared
from numsnn.bench.workloads import Workload

FOLDED = ", folded"


def infer(
    work: Workload, variants: Sequence[Any], rounds: int, progress: Progress
) -> dict[str, Any]:
    """The row of one workload. variants: one of each library, the fastest in training."""
    given = ours.trained(work)
    forms = {"": False, FOLDED: True}
    contestants = [
        stepping(OURS + form, ours.inference(given, fold), work.turn)
        for form, fold in forms.items()
    ]
    for variant in variants:
        from numsnn.bench.peers.running import inference

        contestants += [
            stepping(variant.library + form, inference(work, given, variant, fold), work.turn)
            for form, fold in forms.items()
        ]
    progress.phase(f"{work.name}: inference", rounds * len(contestants))
    found = contest(contestants, rounds, progress)
    times = {name: Times.of(seconds) for name, seconds in found.items()}
    seconds = {name: time.median for name, time in times.items()}
    libraries = [variant.library for variant in variants]
    best = {name: min(seconds[name], seconds[name + FOLDED]) for name in (OURS, *libraries)}
    return {
        "name": work.name,
        "title": work.title,
        "step_seconds": seconds,
        "quartiles": {name: list(time[1:]) for name, time in times.items()},
        **compared(best, libraries),
        "ratio_folded_to_unfolded": seconds[OURS + FOLDED] / seconds[OURS],
        "samples_per_second": {name: work.batch / value for name, value in seconds.items()},
    }
