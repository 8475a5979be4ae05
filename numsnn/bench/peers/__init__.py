"""The workloads in other libraries, each at its best. Nothing here is imported before it is asked for.

Every library is tried in each of its variants, and the fastest counts:

* "multi-step": convolutions, norms and dense layers take T·N samples at once, the neuron alone
  loops over T; "looped": the network is called T times. What stands ahead of the first neuron sees
  a still image once in both. A looped norm has each step's own statistics, which is not tdBN: then
  it is another network, which is shown but does not count.
* images with channels last or first in memory;
* a convolution with pooling behind it and linear layers with a mean over time behind them as they
  are written, or with the means first, as numsnn does it (``numsnn.conv_pool``, ``numsnn.mean_first``)
  and a user could write it down, too;
* where a library has a kernel for one surrogate and not for another, both.

tdBN is BatchNorm2d with its factor in the first gain: the same arithmetic, nothing added. Neurons
have the decay, threshold and hard reset of the workload's, and a rectangle as surrogate where the
library lets one choose. The optimizer is PyTorch's fused SGD. None of it is compiled: libraries run
as they are installed.
"""

import importlib
import importlib.util
import logging
import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

from numsnn.errors import NumsnnError

PEERS = {
    "snntorch": "numsnn.bench.peers.with_snntorch",
    "spikingjelly": "numsnn.bench.peers.with_spikingjelly",
    "norse": "numsnn.bench.peers.with_norse",
}
"""Each library's module here; ``NEURONS`` in it are its neurons by variant."""

INSTALL = (
    'pip install "numsnn[peers]" and then, without their own dependencies, '
    "pip install --no-deps snntorch spikingjelly norse nirtorch"
)


class Variant(NamedTuple):
    """One way to run one library."""

    library: str
    neurons: str
    channels_last: bool
    images: bool = True
    means_first: bool = False

    @property
    def name(self) -> str:
        layout = f", channels {'last' if self.channels_last else 'first'}" if self.images else ""
        return self.neurons + layout + (", means first" if self.means_first else "")


def require_peers(names: Iterable[str] = PEERS) -> None:
    """Raise NumsnnError, saying what to install, unless all libraries are there."""
    missing = [name for name in ("torch", *names) if importlib.util.find_spec(name) is None]
    if missing:
        raise NumsnnError(f"--peers needs {', '.join(missing)}, not installed here: {INSTALL}")


def module(library: str) -> Any:
    """The module for one library. Its chatter while it is imported goes nowhere."""
    logging.getLogger("torch").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = importlib.import_module(PEERS[library])
        found.load()
    return found


def variants(library: str, images: bool, means: bool = False) -> list[Variant]:
    """The variants of a library; layouts differ for images only, ``means`` where some can come first."""
    layouts = (True, False) if images else (False,)
    orders = (False, True) if means else (False,)
    return [
        Variant(library, neurons, last, images, means_first)
        for neurons in module(library).NEURONS
        for last in layouts
        for means_first in orders
    ]


def versions() -> dict[str, str]:
    """Of PyTorch and the libraries."""
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", *PEERS)}
