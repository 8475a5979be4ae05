"""First weights by name: the papers' authors' choices, from published code, and the usual ones.

    params = initialised(network, "kaiming-out", seed=0)
    Recipe(network, init=partial(initialised, network, "kaiming-out"))

n in and n out of a convolution are kh kw C/groups and kh kw O, of a Linear its inputs and outputs.
Biases begin at 0, gains at 1, neurons as their layers say, whatever the name. No paper of the five
states its choice.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from numsnn.layer import Array
from numsnn.tree import Tree, map_named
from numsnn.validate import choice

Deviation = Callable[[float, float], float]


class Rule(NamedTuple):
    """Standard deviations of normal weights, from n in and n out; None: uniform in +-1/sqrt(n in)."""

    conv: Deviation
    linear: Deviation | None


def _he_in(fan_in: float, fan_out: float) -> float:
    return math.sqrt(2 / fan_in)


def _he_out(fan_in: float, fan_out: float) -> float:
    return math.sqrt(2 / fan_out)


def _xavier(fan_in: float, fan_out: float) -> float:
    return math.sqrt(2 / (fan_in + fan_out))


INITIALISATIONS: dict[str, Rule] = {
    "default": Rule(_he_out, None),
    "kaiming-in": Rule(_he_in, _he_in),
    "kaiming-out": Rule(_he_out, _he_out),
    "xavier": Rule(_xavier, _xavier),
    "mpbn-resnet": Rule(_he_out, lambda fan_in, fan_out: 1 / fan_in),
    "mpbn-vgg": Rule(_he_out, lambda fan_in, fan_out: 0.01),
    "im-loss": Rule(
        lambda fan_in, fan_out: math.sqrt(1e-6 / fan_out),
        lambda fan_in, fan_out: math.sqrt(1e-4 / fan_in),
    ),
}
"""name -> rule.

* default: what every layer's ``init`` does: He et al. by n out for convolutions, a uniform Linear.
* kaiming-in: N(0, 2/n in), in the code of LTMD, whose training PSG & PDA takes over.
* kaiming-out: N(0, 2/n out), in public tdBN code.
* xavier: N(0, 2/(n in + n out)), defined but never called in MPBN's code.
* mpbn-resnet: convolutions N(0, 2/n out), Linear with a deviation of 1/n in.
* mpbn-vgg: convolutions N(0, 2/n out), Linear with a deviation of 0.01.
* im-loss: deviations of sqrt(1e-6/n out) and sqrt(1e-4/n in): so small that without a norm nothing
  fires, and with one only the direction of the weights counts.
"""


def initialised(
    network: Any,
    name: str = "default",
    rng: np.random.Generator | int = 0,
    dtype: Any = np.float32,
) -> Tree:
    """First parameters of ``network`` by a rule of ``INITIALISATIONS``; the same seed, the same bits.

    rng: a generator or a seed. "default" draws exactly what ``network.init`` draws. Raises
    NumsnnError for an unknown name.
    """
    choice("initialised", "name", name, tuple(INITIALISATIONS))
    rng = np.random.default_rng(rng)
    params = network.init(rng, dtype)
    if name == "default":
        return params
    rule = INITIALISATIONS[name]

    def drawn(path: str, leaf: Array) -> Array:
        if path.rpartition("/")[2] != "weight" or leaf.ndim not in (2, 4):
            return leaf
        places = math.prod(leaf.shape[2:])
        fans = places * leaf.shape[1], places * leaf.shape[0]
        deviation = rule.conv if leaf.ndim == 4 else rule.linear
        if deviation is None:
            return leaf
        return (deviation(*fans) * rng.standard_normal(leaf.shape)).astype(leaf.dtype)

    return map_named(drawn, params)
