"""What a forward pass shows besides its output, by the names of neurons and norms.

y, saved = network.forward(params, x)
membranes(network, saved)["lif1"]         # [T, N, ...], before the reset
final_states(network, saved)              # start the next chunk of a sequence from these
batch_statistics(network, saved)          # average them into running ones
"""

from collections.abc import Iterator, Mapping
from typing import Any

from numsnn.layer import Array, part_of
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm, Statistics
from numsnn.readouts import Accumulate
from numsnn.states import State
from numsnn.tree import Tree
from numsnn.validate import require

Neuron = (LIF, Accumulate)


def neurons(network: Any, *trees: Tree) -> list[tuple]:
    """``(neuron, *shares)`` for every neuron of a network, in forward order."""
    return [row for row in _outside(network, *trees) if isinstance(row[0], Neuron)]


def names(network: Any) -> list[str]:
    """The names of all neurons in forward order. Raises NumsnnError where one is missing or double."""
    found = [row[0].name for row in neurons(network)]
    require(all(found), "a neuron has no name: build the network with named(network)")
    double = sorted({name for name in found if found.count(name) > 1})
    require(not double, f"two neurons have the name {double[0] if double else ''!r}")
    return found


def membranes(network: Any, saved: Tree) -> dict[str, Array]:
    """The membrane [T, N, ...] of every neuron, before its reset (after a norm, where it has one)."""
    return dict(zip(names(network), (s.membrane for _, s in neurons(network, saved)), strict=True))


def spikes(network: Any, saved: Tree) -> dict[str, Array]:
    """The spikes [T, N, ...] of every neuron that fires; those that put out potentials are left out."""
    return {
        n.name: s.spikes
        for n, s in neurons(network, saved)
        if isinstance(n, LIF) and getattr(n, "binary", True)
    }


def final_states(network: Any, saved: Tree) -> dict[str, State]:
    """The state in which every neuron ended."""
    return dict(zip(names(network), (s.final for _, s in neurons(network, saved)), strict=True))


def starting(network: Any, params: Tree, states: Mapping[str, State | None]) -> Tree:
    """``params`` with the initial states of the named neurons put in.

    A state is an input that is held with the parameters: its cotangent comes back in the same
    place, see ``initial_states``. None starts a neuron at rest.
    """
    unknown = sorted(set(states) - set(names(network)))
    require(not unknown, f"starting: no neuron is named {unknown}; there are {names(network)}")

    def put(layer: Any, share: Tree) -> Tree:
        if isinstance(layer, Neuron):
            return share._replace(initial=states[layer.name]) if layer.name in states else share
        parts = layer.parts() if hasattr(layer, "parts") else {}
        if not parts:
            return share
        if isinstance(share, tuple) and not hasattr(share, "_fields"):
            return tuple(put(parts[i], part) for i, part in enumerate(share))
        return share._replace(
            **{key: put(part, getattr(share, key)) for key, part in parts.items()}
        )

    return put(network, params)


def initial_states(network: Any, params: Tree) -> dict[str, State | None]:
    """The initial states in ``params``, or their cotangents in ``d_params``."""
    rows = neurons(network, params)
    return dict(zip(names(network), (share.initial for _, share in rows), strict=True))


def batch_statistics(network: Any, saved: Tree) -> dict[str, list[Statistics]]:
    """The statistics of every BatchNorm, by its name or its neuron's: one a use.

    A norm in the layer chain is used once, a norm on a membrane once a step.
    """
    found: dict[str, list[Statistics]] = {}
    for layer, share in _outside(network, saved):
        if isinstance(layer, BatchNorm):
            found[_norm_name(layer)] = [share.statistics]
        elif isinstance(layer, LIF) and isinstance(layer.norm, BatchNorm):
            found[_norm_name(layer.norm)] = [step.statistics for step in share.norm]
    return found


def _norm_name(layer: Any) -> str:
    require(layer.name, "a norm has no name: build the network with named(network)")
    return layer.name


def _outside(network: Any, *trees: Tree) -> Iterator[tuple]:
    """``walk`` that does not enter neurons, whose residuals are kept a step each."""
    yield (network, *trees)
    if isinstance(network, Neuron) or not hasattr(network, "parts"):
        return
    for key, part in network.parts().items():
        yield from _outside(part, *(part_of(tree, key) for tree in trees))
