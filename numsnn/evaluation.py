"""How well a network does: loss, accuracy, each class by itself, what is taken for what."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from numsnn.data.batches import batches
from numsnn.layer import Array
from numsnn.losses import cross_entropy
from numsnn.modes import evaluating
from numsnn.norms import Statistics
from numsnn.observe import spikes
from numsnn.tree import Tree, leaves
from numsnn.validate import require


class Evaluation(NamedTuple):
    """The result of one pass over a part of a data set."""

    loss: float  # mean over the samples
    accuracy: float  # in [0, 1]
    confusion: Array  # [K, K], int64: samples of the row's class that were given the column's
    rates: dict[str, float]  # spikes a neuron and step, by layer

    @property
    def per_class(self) -> Array:
        """The share of each class that is given its own label, [K]; NaN for an absent class."""
        count = self.confusion.sum(axis=1)
        return np.divide(
            np.diag(self.confusion), count, out=np.full(len(count), np.nan), where=count > 0
        )


def as_steps(x: Array, dtype: Any) -> Array:
    """A batch in the layout of networks: images [N, C, H, W] as [1, N, C, H, W], frames
    [N, T, C, H, W] as [T, N, C, H, W]."""
    require(x.ndim in (4, 5), f"data: expected [N, C, H, W] or [N, T, C, H, W], found {x.shape}")
    steps = x[None] if x.ndim == 4 else np.ascontiguousarray(x.swapaxes(0, 1))
    return steps.astype(dtype, copy=False)


def evaluate(
    network: Any,
    params: Tree,
    statistics: Mapping[str, Statistics],
    x: Any,
    y: Array,
    *,
    loss: Any = cross_entropy,
    batch_size: int = 64,
) -> Evaluation:
    """The network with its running statistics and without dropout, on images or frames x, labels y.

    The class is the largest output, averaged over time. Raises NumsnnError on bad input, and where
    an output is not finite.
    """
    fixed = evaluating(network, statistics)
    dtype = leaves(params)[0].dtype
    total, correct, rates = 0.0, list[int](), dict[str, float]()
    confusion = np.zeros((0, 0), np.int64)
    for part, labels in batches(x, y, batch_size):
        outputs, saved = fixed.forward(params, as_steps(part, dtype))
        total += float(loss(outputs, labels)[0]) * len(labels)
        given = predicted(outputs)
        if not correct:
            confusion = np.zeros((outputs.shape[-1],) * 2, np.int64)
        np.add.at(confusion, (labels, given), 1)
        correct.append(int((given == labels).sum()))
        for name, fired in spikes(fixed, saved).items():
            rates[name] = rates.get(name, 0.0) + float(fired.mean()) * len(labels)
    count = len(y)
    rates = {name: rate / count for name, rate in rates.items()}
    return Evaluation(total / count, sum(correct) / count, confusion, rates)


def predicted(outputs: Array) -> Array:
    """The class of the largest output, averaged over time: [T, N, K] to [N]."""
    return outputs.mean(axis=0).argmax(axis=-1)
