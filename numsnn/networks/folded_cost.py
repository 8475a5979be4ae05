"""What folding saves: seconds and memory of the folded network beside the one with norms.

python -m numsnn.networks.folded_cost resnet19

ResNet-19 at a quarter of its width, T = 4, 8 images, one thread, best of three:

    norm         with norms           folded
    tdbn         0.16 s, 144 MiB      0.16 s, 100 MiB
    tdbn+mpbn    0.20 s, 188 MiB      0.16 s, 100 MiB
"""

import sys
import tracemalloc
from collections.abc import Sequence
from time import process_time
from typing import Any, NamedTuple

import numpy as np

from numsnn.folding import folded
from numsnn.modes import evaluating
from numsnn.networks.catalogue import SETTINGS, build
from numsnn.norms import Statistics
from numsnn.observe import batch_statistics


class Cost(NamedTuple):
    """Of one forward pass."""

    seconds: float  # of this process's time, the best of some
    peak: int  # bytes of the arrays it makes, at the worst moment


def compared(
    name: str, norm: str, width: float = 0.25, T: int = 4, images: int = 8, repeats: int = 3
) -> tuple[Cost, Cost]:
    """The network ``name`` that normalises with running statistics, and the folded one."""
    shape = SETTINGS[name].input_shape
    network = build(name, T=T, width=width, norm=norm, events=False)
    rng = np.random.default_rng(0)
    params = network.init(rng)
    x = rng.standard_normal((1, images, *shape)).astype(np.float32)
    _, saved = network.forward(params, x)
    statistics = {
        key: Statistics(*(np.mean(part, axis=0) for part in zip(*uses, strict=True)))
        for key, uses in batch_statistics(network, saved).items()
    }
    pairs = (evaluating(network, statistics), params), folded(network, params, statistics)
    with_norms, without = (_cost(*pair, x, repeats) for pair in pairs)
    return with_norms, without


def _cost(network: Any, params: Any, x: np.ndarray, repeats: int) -> Cost:
    seconds = []
    for _ in range(repeats):
        before = process_time()
        network.forward(params, x)
        seconds.append(process_time() - before)
    tracemalloc.start()
    try:
        _kept = network.forward(params, x)
        return Cost(min(seconds), tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def main(argv: Sequence[str] | None = None) -> int:
    """A line for each choice of norms."""
    for name in (sys.argv[1:] if argv is None else argv) or ["resnet19"]:
        for norm in ("tdbn", "tdbn+mpbn"):
            rows = (f"{c.seconds:.2f} s, {c.peak / 2**20:.0f} MiB" for c in compared(name, norm))
            print(f"{name:10s} {norm:10s} with norms {next(rows)}; folded {next(rows)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
