"""What a step of training holds at once, against what its forward pass saves.

python -m numsnn.networks.training_memory

ResNets of 8 channels on 24x24 images, 8 at a time, one thread, in MiB:

    T  weight layers   saved    peak  peak/saved
    2              8     6.8     9.9        1.47
    4              8    12.4    15.0        1.21
    8              8    23.6    28.2        1.19
    4             14    23.3    26.0        1.11
    4             26    45.3    48.1        1.06
    4             50    89.2    92.2        1.03

Every step and every block adds the same amount. The peak is what is saved, the gradient of one
layer at a time and buffers of some MiB for convolutions and neurons: below twice what is saved.
"""

import sys
import tracemalloc
from typing import NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.describe import describe
from numsnn.layer import Array
from numsnn.networks.residual import ResidualNetwork, Stage, Stem
from numsnn.tree import leaves

SHAPE = (1, 24, 24)


class Memory(NamedTuple):
    """Of one forward and backward pass, in bytes."""

    T: int
    layers: int  # with weights
    saved: int  # arrays that the forward pass keeps: potentials, spikes, what layers took in
    peak: int  # all arrays at the worst moment, without weights and input

    def line(self) -> str:
        saved, peak = self.saved / 2**20, self.peak / 2**20
        return f"{self.T:5d}  {self.layers:13d}  {saved:6.1f}  {peak:6.1f}  {peak / saved:10.2f}"


def measured(T: int, blocks: int, images: int = 8, channels: int = 8) -> Memory:
    """One step of training of a network of ``blocks`` residual blocks."""
    architecture = ResidualNetwork("memory", (Stem(channels),), (Stage(blocks, channels, 1),))
    network = architecture(SHAPE, 10, T)
    rng = np.random.default_rng(0)
    params = network.init(rng)
    x = rng.standard_normal((1, images, *SHAPE)).astype(np.float32)
    known = {id(_owner(leaf)) for leaf in (*leaves(params), x)}
    tracemalloc.start()
    try:
        y, saved = network.forward(params, x)
        arrays = (_owner(leaf) for leaf in leaves(saved) if isinstance(leaf, np.ndarray))
        kept = {id(array): array.nbytes for array in arrays}
        tracemalloc.reset_peak()
        network.backward(saved, np.ones_like(y))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    size = sum(size for key, size in kept.items() if key not in known)
    return Memory(T, describe(network, SHAPE).weight_layers, size, peak)


def _owner(leaf: Array) -> Array:
    """The array whose memory a view shows."""
    while isinstance(leaf.base, np.ndarray):
        leaf = leaf.base
    return leaf


def main() -> int:
    """A line for each number of steps and blocks."""
    parallel.set_threads(1)
    print("    T  weight layers   saved    peak  peak/saved")
    for T, blocks in ((2, 3), (4, 3), (8, 3), (4, 6), (4, 12), (4, 24)):
        print(measured(T, blocks).line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
