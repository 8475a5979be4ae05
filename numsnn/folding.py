"""folded: an inference network without normalisation, from a trained one.

A norm after a convolution or a Linear becomes part of its weights; a norm on a membrane (MPBN)
becomes part of the neuron's threshold. With fixed statistics both are rewritings of one affine map

    y = slope x + offset,   slope = scale gain/sqrt(variance + eps),   offset = shift - slope mean.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from numsnn.chains import COMMUTING, Chain, joined, scaled
from numsnn.compose import Identity, Residual, Serial
from numsnn.conv import Conv2d
from numsnn.folding_signs import without_directions
from numsnn.layer import Array, walk
from numsnn.linear import Linear
from numsnn.modes import evaluating
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm, FixedNorm, Statistics
from numsnn.tree import Tree
from numsnn.validate import choice, require


def folded(
    network: Any,
    params: Tree,
    statistics: Mapping[str, Statistics],
    signs: str = "direction",
) -> tuple[Any, Tree]:
    """(network, params) that fire alike and hold no norm: tdBN in weights, MPBN in thresholds.

    statistics: running mean and variance of every norm, by name. A norm goes into the Conv2d or
    Linear before it, also across Repeat and average pooling. One on images that has none there (a
    tdBN on an identity shortcut) becomes a 1x1 convolution of each channel by itself.

    A channel whose norm has a negative slope fires *below* its threshold, one whose slope is 0
    always or never. signs: "direction" says so in the neuron's ``direction`` (+1, -1, 0); "negated"
    negates (or clears) the weights that feed the channel instead, for targets whose neurons only
    fire above a threshold. Nested Serials become one, dropout goes; the surrogates' widths stay,
    for the result is meant to infer, not to train.

    Raises NumsnnError where folding is impossible: a normalised potential is carried; statistics
    or gains differ between steps or places that share weights; under "negated", an identity
    shortcut or a layer outside its block feeds the channel.

    tdBN eq. 9-10, MPBN eq. 10 and 13 (there for a positive gain, and without eps).
    """
    choice("folded", "signs", signs, ("direction", "negated"))
    chain = _chain(Serial(evaluating(network, statistics)), (params,))
    if signs == "negated":
        chain = without_directions(chain)
    network, params = joined(chain)
    for (layer,) in walk(network):
        require(
            not isinstance(layer, BatchNorm | FixedNorm),
            f"folded: the norm {getattr(layer, 'name', '')!r} stands inside a layer it cannot leave",
        )
    return network, params


def affine(norm: FixedNorm, params: BatchNorm.Params) -> tuple[Array, Array]:
    """slope = scale gain/sqrt(variance + eps), offset = shift - slope mean, in double precision."""
    mean, variance = (np.asarray(s, np.float64) for s in norm.statistics)
    slope = norm.scale * params.gain.astype(np.float64) / np.sqrt(variance + norm.eps)
    return slope, params.shift.astype(np.float64) - slope * mean


def _chain(layer: Any, params: Tree) -> Chain:
    """The layer as a chain without norms; a bare norm is left for the chain it stands in."""
    if isinstance(layer, Serial):
        chain: Chain = []
        for part, share in zip(layer.layers, params, strict=True):
            for link, p in _chain(part, share):
                chain = (
                    _absorbed(chain, link, p)
                    if isinstance(link, FixedNorm)
                    else [*chain, (link, p)]
                )
        return chain
    if isinstance(layer, Residual):
        body = joined(_chain(Serial(layer.body), (params.body,)))
        short = joined(_chain(Serial(layer.shortcut), (params.shortcut,)))
        return [(Residual(body[0], short[0]), Residual.Params(body[1], short[1]))]
    if isinstance(layer, LIF):
        return [with_threshold(layer, params)]
    if hasattr(layer, "plain"):  # a neuron whose parameters are functions of others
        return _chain(*layer.plain(params))
    return [] if isinstance(layer, Identity) else [(layer, params)]


# -- a norm into weights ---------------------------------------------------------------------------


def _absorbed(chain: Chain, norm: FixedNorm, params: BatchNorm.Params) -> Chain:
    """The chain with the norm in the weights of its last Conv2d or Linear."""
    slope, offset = affine(norm, params)
    for i in reversed(range(len(chain))):
        layer, share = chain[i]
        if isinstance(layer, Conv2d | Linear):
            axis = -3 if isinstance(layer, Conv2d) else -1
            a, b = (_per_channel(norm, x, axis, layer.outputs) for x in (slope, offset))
            return [*chain[:i], scaled(layer, share, a, b), *chain[i + 1 :]]
        if not isinstance(layer, COMMUTING):
            break
    require(
        len(norm.shape) == 3,
        f"folded: no Linear stands before the norm {norm.name!r} of shape {norm.shape}, and the "
        "spikes before it have no weights that could take it in",
    )
    channels = slope.shape[-3]
    each = Conv2d(channels, channels, 1, groups=channels, bias=False)
    ones = Conv2d.Params(np.ones(each.weight_shape, params.gain.dtype), None)
    a, b = (_per_channel(norm, x, -3, channels) for x in (slope, offset))
    return [*chain, scaled(each, ones, a, b)]


def _per_channel(norm: FixedNorm, x: Array, axis: int, channels: int) -> Array:
    """x as [channels]; an error where it varies along any other axis."""
    require(
        x.ndim >= -axis and x.size == x.shape[axis] and x.size in (1, channels),
        f"folded: the norm {norm.name!r} has slope or offset {x.shape}, that is one for each step "
        f"or place; the weights before it are shared and take one for each of {channels} channels",
    )
    return np.broadcast_to(x.reshape(-1), channels)


# -- a norm into a threshold -----------------------------------------------------------------------


def with_threshold(neuron: LIF, params: LIF.Params) -> tuple[LIF, LIF.Params]:
    """slope h + offset > threshold  as  direction h > level:  the neuron without its norm.

    slope != 0: direction = sign slope, level = (threshold - offset)/|slope|.
    slope  = 0: direction = 0, level = threshold - offset: fires always or never.
    A soft reset still subtracts the original threshold. MPBN eq. 8-10 and 13.
    """
    norm = neuron.norm
    if norm is None:
        return neuron, params
    require(
        isinstance(norm, FixedNorm),
        f"folded: the neuron {neuron.name!r} has a {type(norm).__name__} on its membrane; only a "
        "BatchNorm is an affine map",
    )
    require(
        neuron.carry == "raw",
        f"folded: the neuron {neuron.name!r} carries its normalised potential to the next step, so "
        "its norm acts on the dynamics and not on firing alone; carry 'raw' is needed (MPBN eq. 10)",
    )
    slope, offset = (_one_sample(neuron, x, norm.shape) for x in affine(norm, params.norm))
    before = 1.0 if params.direction is None else params.direction.astype(np.float64)
    slope, offset = before * slope, before * offset
    dtype = params.threshold.dtype
    gap = params.threshold.astype(np.float64) - offset
    with np.errstate(all="ignore"):
        level = gap / np.abs(slope)
        reachable = np.isfinite(level.astype(dtype))
    turns = (slope != 0) & reachable
    direction = np.where(turns, np.sign(slope), 0)
    level = np.where(turns, level, gap)
    amount = params.threshold if params.amount is None else params.amount
    neuron = replace(neuron, norm=None, threshold_shape=level.shape)
    return neuron, params._replace(
        threshold=level.astype(dtype),
        norm=None,
        direction=None if (direction == 1).all() else direction.astype(dtype),
        amount=amount if neuron.reset == "soft" else None,
    )


def _one_sample(neuron: LIF, x: Array, shape: tuple[int, ...]) -> Array:
    """x without its axes of samples; an error where it varies along them."""
    lead = x.shape[: x.ndim - len(shape)]
    require(
        all(size == 1 for size in lead),
        f"folded: the norm of the neuron {neuron.name!r} has statistics {x.shape}, which differ "
        "between samples",
    )
    return x.reshape(x.shape[len(lead) :])
