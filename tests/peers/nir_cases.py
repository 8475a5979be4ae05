"""Networks whose potentials keep away from their thresholds, for comparing spikes across libraries."""

import numpy as np

import numsnn as ns
from numsnn.folding import folded
from numsnn.networks import build
from numsnn.tree import map_named

SHAPE = (2, 8, 8)


def network_of(name="small-resnet", dtype=np.float64, seed=3, shape=SHAPE, **options):
    """A network with gains of both signs, and the statistics of a batch."""
    rng = np.random.default_rng(seed)
    network = build(name, shape, 3, 4, width=1 / 8, events=False, **options)

    def draw(path, leaf):
        if path.endswith("gain"):
            return (rng.uniform(0.7, 1.5, leaf.shape) * rng.choice([-1, 1], leaf.shape)).astype(
                dtype
            )
        if path.endswith(("shift", "bias")):
            return rng.normal(0.2, 0.2, leaf.shape).astype(dtype)
        return leaf

    params = map_named(draw, network.init(rng, dtype))
    x = rng.standard_normal((1, 3, *shape)).astype(dtype)
    _, saved = network.forward(params, x)
    statistics = {
        key: ns.Statistics(*(np.mean(part, axis=0) for part in zip(*uses, strict=True)))
        for key, uses in ns.batch_statistics(network, saved).items()
    }
    return network, params, statistics, x


def fired(network, params, x):
    """Output, spikes by name, and the least distance of a potential from its threshold."""
    y, saved = network.forward(params, x)
    gaps = []
    for (_, share), membrane in zip(
        [row for row in ns.observe.neurons(network, params) if isinstance(row[0], ns.LIF)],
        ns.membranes(network, saved).values(),
        strict=False,
    ):
        direction = 1 if share.direction is None else share.direction
        gaps.append(np.abs(direction * membrane - share.threshold).min())
    return y, ns.spikes(network, saved), min(gaps)


def bare(network, params, statistics):
    """What goes into the file."""
    return folded(network, params, statistics, signs="negated")
