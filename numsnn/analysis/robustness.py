"""Accuracy on noisy hardware: parameters that differ between devices, thermal noise."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from numsnn.layer import Array
from numsnn.papers.noise import noisy
from numsnn.tree import Tree
from numsnn.validate import choice, positive_integer, require


class Robustness(NamedTuple):
    """Accuracy of ``devices`` noisy copies of a network at each level of noise."""

    kind: str
    levels: Array  # [L]
    accuracy: Array  # [L, devices], in [0, 1]

    @property
    def mean(self) -> Array:
        return self.accuracy.mean(axis=1)

    @property
    def deviation(self) -> Array:
        return self.accuracy.std(axis=1)


def robustness(
    network: Any,
    params: Tree,
    x: Array,
    labels: Array,
    levels: Sequence[float],
    rng: np.random.Generator,
    kind: str = "mismatch",
    devices: int = 5,
    on: tuple[str, ...] = ("decay", "threshold"),
    progress: bool = False,
) -> Robustness:
    """The accuracy on x, labels of an evaluating network under growing noise. PSG & PDA Figure 8.

    x: [T, N, ...], or [1, N, ...] where the network repeats it. kind: "mismatch", xi of the
    parameters in ``on``, or "thermal", the deviation of noise on currents. Each device is a draw
    of its own. Raises NumsnnError for another kind or a negative level.
    """
    choice("robustness", "kind", kind, ("mismatch", "thermal"))
    positive_integer("robustness", "devices", devices)
    require(
        np.shape(labels) == x.shape[1:2],
        f"robustness: labels must be one for each of N = {x.shape[1]} samples, found shape "
        f"{np.shape(labels)}",
    )
    found = np.empty((len(levels), devices))
    for place in tqdm(list(np.ndindex(found.shape)), desc=kind, disable=not progress):
        noise: dict[str, Any] = {kind: levels[place[0]]}
        device, its_params = noisy(network, params, rng, x[:, :2], on=on, **noise)
        outputs, _ = device.forward(its_params, x)
        found[place] = np.mean(outputs.mean(axis=0).argmax(axis=1) == labels)
    return Robustness(kind, np.asarray(levels, np.float64), found)
