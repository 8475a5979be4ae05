"""A firing direction into weights, for targets whose neurons only fire above their threshold."""

from typing import Any

import numpy as np

from numsnn.chains import COMMUTING, Chain, joined, links, scaled
from numsnn.compose import Residual
from numsnn.conv import Conv2d
from numsnn.errors import NumsnnError
from numsnn.layer import Array
from numsnn.linear import Linear
from numsnn.neurons import LIF, State
from numsnn.tree import Tree
from numsnn.validate import require


def without_directions(chain: Chain) -> Chain:
    """The chain whose neurons all fire above their thresholds: weights negated or cleared instead.

    h[t] = decay v[t-1] + current[t] and both resets are odd in (h, current, amount), so feeding a
    channel -current, and subtracting -amount, gives -h: it rises above ``level`` when h falls below
    -level. Cleared weights hold h at 0, where direction 0 compares it.
    """
    chain = [_inside(*link) for link in chain]
    for i, (layer, params) in enumerate(chain):
        if isinstance(layer, LIF) and params.direction is not None:
            signs = _one_sign_a_channel(layer.name, params.direction)
            chain = [*_signed(chain[:i], signs, layer.name), chain[i], *chain[i + 1 :]]
            chain[i] = _signed_neuron(layer, params, signs)
    return chain


def _inside(layer: Any, params: Tree) -> tuple[Any, Tree]:
    """A residual block with both of its chains treated."""
    if not isinstance(layer, Residual):
        return layer, params
    body = joined(without_directions(links(layer.body, params.body)))
    short = joined(without_directions(links(layer.shortcut, params.shortcut)))
    return Residual(body[0], short[0]), Residual.Params(body[1], short[1])


def _signed(chain: Chain, signs: Array, name: str) -> Chain:
    """The chain with its last weights, per output channel, times ``signs``."""
    for i in reversed(range(len(chain))):
        layer, params = chain[i]
        if isinstance(layer, Conv2d | Linear):
            both = np.broadcast_to(signs, layer.outputs)
            return [*chain[:i], scaled(layer, params, both), *chain[i + 1 :]]
        if isinstance(layer, Residual):
            body = joined(_signed(links(layer.body, params.body), signs, name))
            short = joined(_signed(links(layer.shortcut, params.shortcut), signs, name))
            block = (Residual(body[0], short[0]), Residual.Params(body[1], short[1]))
            return [*chain[:i], block, *chain[i + 1 :]]
        if not isinstance(layer, COMMUTING):
            break
    raise NumsnnError(
        f"folded: the neuron {name!r} has a channel that fires below its threshold or at none, and "
        "what feeds it has no weights of its own to negate (an unprojected identity shortcut, or "
        "weights outside its residual block); signs='direction' can express it"
    )


def _one_sign_a_channel(name: str, direction: Array) -> Array:
    """The directions as one sign for each channel, or each unit of a dense layer."""
    if direction.ndim < 3:
        return direction.reshape(-1)
    signs = direction.reshape(len(direction), -1)
    require(
        (signs == signs[:, :1]).all(),
        f"folded: the neuron {name!r} has places of both directions within one channel; the "
        "weights that feed it are shared, so they cannot be negated; use signs='direction'",
    )
    return signs[:, 0]


def _signed_neuron(neuron: LIF, params: LIF.Params, signs: Array) -> tuple[LIF, LIF.Params]:
    """The neuron as it runs on the signed current, without a direction."""
    by_channel = signs.reshape(-1, 1, 1) if len(neuron.threshold_shape) >= 3 else signs
    lateral, state = params.lateral, params.initial
    if neuron.lateral is not None:
        [(_, lateral)] = _signed([(neuron.lateral, lateral)], signs, neuron.name)
    if state is not None:
        state = State(by_channel * state.membrane, state.spikes)
    amount = None if params.amount is None else by_channel * params.amount
    return neuron, params._replace(direction=None, amount=amount, lateral=lateral, initial=state)
