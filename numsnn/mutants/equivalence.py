"""Whether an edit changes any gradient at all: bit for bit, on networks and operations at random."""

import copy
import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from numsnn.checks import FunctionCase, LayerCase
from numsnn.mutants.edit import Mutant, applied
from numsnn.mutants.trace import called
from numsnn.observe import final_states, membranes, neurons
from numsnn.registry import REGISTRY
from numsnn.states import MembraneCotangent, State
from numsnn.tree import Tree, leaves

NETWORKS = 1000  # networks on which an equivalent edit changes no bit


class Draw(NamedTuple):
    """One case, drawn again from its numbers alone."""

    operation: str
    number: int
    seed: int

    def generator(self) -> np.random.Generator:
        key = zlib.crc32(f"{self.operation}:equivalence".encode())
        return np.random.default_rng([self.seed, key, self.number])


def draws(operations: Sequence[str], seed: int, networks: int = NETWORKS) -> list[Draw]:
    """A tenth of ``networks`` cases of each operation, and so many networks: they take longest."""
    return [
        Draw(name, number, seed)
        for name in sorted(operations, key=whole)
        for number in range(networks if whole(name) else -(-networks // 10))
    ]


def whole(operation: str) -> bool:
    """Whether an entry of the registry draws networks of every kind."""
    return operation == "network"


def whole_run(draw: Draw) -> Tree:
    """The forward and the backward of a drawn case."""
    return anew(*drawn(draw))


def drawn(draw: Draw) -> tuple[int, Any, np.random.Generator]:
    """A case with its number, and the generator that goes on to draw its cotangents."""
    rng = draw.generator()
    return draw.number, REGISTRY[draw.operation].draw(rng), rng


def anew(number: int, case: Any, rng: np.random.Generator) -> Tree:
    """The forward and the backward of a case; the generator is left as it was."""
    saved, backward = forwards(number, case, rng)
    return backward(saved)


def differing(
    mutants: Sequence[Mutant], sample: Sequence[Draw], enough: int = 2
) -> dict[str, list[Draw]]:
    """For every mutant the draws of the sample on which its gradients differ, ``enough`` at most."""
    found: dict[str, list[Draw]] = {mutant.name: [] for mutant in mutants}
    targets = sorted({mutant.target for mutant in mutants})
    for draw in sample:
        in_draw, case = called(targets, drawn, draw)
        in_forward, (saved, backward) = called(targets, forwards, *case)
        in_backward, expected = called(targets, _digest, backward, saved)
        for mutant in mutants:
            if len(found[mutant.name]) >= enough:
                continue
            if mutant.target not in in_draw | in_forward | in_backward:
                continue  # where the function is not called, nothing can differ
            with applied(mutant):
                if mutant.target in in_draw:  # a network is folded when it is drawn
                    again = _digest(whole_run, draw)
                elif mutant.target in in_forward:
                    again = _digest(anew, *case)
                else:
                    again = _digest(backward, saved)
            if again != expected:
                found[mutant.name].append(draw)
    return found


def forwards(number: int, case: Any, rng: np.random.Generator) -> tuple[Any, Callable[[Any], Tree]]:
    """What the forward of a drawn case saves, which cannot be written to, and its backward.

    Networks run spiking and relaxed by turns, with cotangents of every form a caller may give.
    """
    if isinstance(case, FunctionCase):
        return None, lambda _: case.function(*case.arguments)
    if not isinstance(case, LayerCase):
        return None, lambda _: case.compute(*case.arguments)
    layer = case.relax(case.layer, None) if number % 2 and case.fires else case.layer
    y, saved = layer.forward(case.params, case.x)
    for leaf in leaves(saved):
        if isinstance(leaf, np.ndarray):
            leaf.flags.writeable = False
    rng = copy.deepcopy(rng)
    d_y = rng.standard_normal(y.shape)
    d_membranes = _cotangents(layer, saved, rng, number)
    return saved, lambda saved: layer.backward(saved, d_y, d_membranes)


def _cotangents(layer: Any, saved: Tree, rng: np.random.Generator, index: int) -> dict | None:
    if index % 8 == 7:
        return None
    if not neurons(layer):
        return {}
    finals = final_states(layer, saved)
    found = {}
    for name, trace in membranes(layer, saved).items():
        state = State(*(rng.standard_normal(part.shape) for part in finals[name]))
        d_trace = rng.standard_normal(trace.shape)
        found[name] = (
            d_trace,  # as a regularizer gives it
            MembraneCotangent(None, state),
            MembraneCotangent(d_trace, None),
            MembraneCotangent(d_trace, state),
        )[index % 4]
    return found


def _digest(run: Callable[..., Tree], *arguments: Any) -> Any:
    """Every bit of the gradients that ``run(*arguments)`` gives; an exception by its text."""
    try:
        with np.errstate(all="ignore"):
            return _bits(run(*arguments))
    except Exception as raised:
        return f"{type(raised).__name__}: {raised}"


def _bits(tree: Tree) -> Any:
    """A tree with bytes for arrays; 0 and -0, which are one number, have the same."""
    if tree is None or isinstance(tree, str):
        return tree
    if isinstance(tree, tuple | list):
        return [_bits(part) for part in tree]
    if isinstance(tree, dict):
        return {name: _bits(part) for name, part in tree.items()}
    leaf = np.asarray(tree)
    return leaf.dtype.char, leaf.shape, (leaf + leaf.dtype.type(0)).tobytes()
