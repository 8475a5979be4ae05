"""The papers' networks at full size on one image: forward, with the memory it takes.

python -m numsnn.networks.full_size resnet19 resnet34

    resnet19  14,666,890 parameters, T = 6, (3, 32, 32) -> (10,): arrays at most 215 MiB
    resnet34  21,807,528 parameters, T = 6, (3, 224, 224) -> (1000,): arrays at most 431 MiB

That is weights, and everything a backward pass would need: nothing is thrown away on the way. The
whole process, with NumPy in it, took 281 and 492 MiB, and about two seconds of one core at most.
What is saved grows with T and with the number of samples, weights do not.
"""

import sys
import tracemalloc
from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

import numpy as np

from numsnn.describe import describe
from numsnn.errors import NumsnnError
from numsnn.networks.catalogue import SETTINGS, build


class Pass(NamedTuple):
    """One forward pass of one image."""

    name: str
    T: int
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int
    peak: int  # bytes of all arrays together, weights included, at the worst moment
    seconds: float  # of the forward pass

    def line(self) -> str:
        return (
            f"{self.name:15s} {self.parameters:,} parameters, T = {self.T}, {self.input_shape} -> "
            f"{self.output_shape}: arrays at most {self.peak / 2**20:,.0f} MiB, {self.seconds:.1f} s"
        )


def forward_once(name: str, T: int | None = None, width: float = 1.0) -> Pass:
    """The architecture ``name`` with first weights, on one random image, in float32."""
    shape = SETTINGS[name].input_shape
    steps = SETTINGS[name].T if T is None else T
    network = build(name, T=steps, width=width, events=False)
    rng = np.random.default_rng(0)
    tracemalloc.start()
    try:
        params = network.init(rng)
        x = rng.standard_normal((1, 1, *shape)).astype(np.float32)
        before = perf_counter()
        y, _saved = network.forward(params, x)
        seconds = perf_counter() - before
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    count = describe(network, shape).parameters
    return Pass(name, steps, shape, y.shape[2:], count, peak, seconds)


def main(argv: Sequence[str] | None = None) -> int:
    """One line for each name."""
    names = (sys.argv[1:] if argv is None else argv) or ["resnet19", "resnet34"]
    for name in names:
        if name not in SETTINGS:
            raise NumsnnError(f"unknown network {name!r}; there are {', '.join(SETTINGS)}")
        print(forward_once(name).line(), flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NumsnnError as error:
        sys.exit(f"error: {error}")
