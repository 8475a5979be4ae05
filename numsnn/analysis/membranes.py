"""Histograms of potentials, layer by layer and epoch by epoch."""

from typing import Any, NamedTuple

import numpy as np

from numsnn.layer import Array
from numsnn.observe import membranes
from numsnn.tree import Tree
from numsnn.validate import require


class MembraneHistogram(NamedTuple):
    """How the potentials of one layer are distributed before the reset."""

    name: str
    edges: Array  # [B + 1], increasing
    share: Array  # [B], of all potentials; what lies outside the edges is in none
    below: float  # share under the first edge
    above: float  # share over the last edge

    @property
    def density(self) -> Array:
        """share / bin width: integrates to 1 - below - above."""
        return self.share / np.diff(self.edges)


def histograms(
    network: Any, saved: Tree, edges: Array | None = None
) -> dict[str, MembraneHistogram]:
    """One histogram for every neuron, by name. edges: None is 60 bins on [-2, 3].

    Call it once an epoch on the same batch to follow a training. Raises NumsnnError for edges that
    do not increase.
    """
    edges = np.linspace(-2, 3, 61) if edges is None else np.asarray(edges, np.float64)
    require(
        edges.ndim == 1 and edges.size > 1 and (np.diff(edges) > 0).all(),
        f"histograms: edges must increase, found {edges}",
    )
    return {name: _histogram(name, u, edges) for name, u in membranes(network, saved).items()}


def _histogram(name: str, membrane: Array, edges: Array) -> MembraneHistogram:
    count, _ = np.histogram(membrane, edges)
    below, above = np.mean(membrane < edges[0]), np.mean(membrane > edges[-1])
    return MembraneHistogram(name, edges, count / membrane.size, float(below), float(above))
