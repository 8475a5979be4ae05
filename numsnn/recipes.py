"""A recipe is all of a training but the data: network, objective, optimizer, schedule."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from numsnn.layer import Array, walk
from numsnn.losses import cross_entropy, smoothed_cross_entropy
from numsnn.neurons import LIF
from numsnn.observe import membranes, names
from numsnn.optimizers import SGD, Adam, cosine
from numsnn.regularizers import mean_over_layers
from numsnn.tree import Tree
from numsnn.validate import require

Loss = Callable[[Array, Array], tuple[Any, Array]]
Schedule = Callable[[float], float]
BeforeEpoch = Callable[[Any, Tree, int, int], tuple[Any, Tree]]
Init = Callable[[np.random.Generator, Any], Tree]
Report = Callable[[Any, Tree], dict[str, float]]


@dataclass(frozen=True)
class Penalty:
    """weight (1/L) sum over the layers l of regularizer(U_l): a price on membranes.

    regularizer: ``loss, d_membrane = regularizer(membrane)``, from ``numsnn.regularizers`` or
    your own. on: the names of the L neurons; None: every neuron that fires. RecDis eq. 20,
    PSG & PDA eq. 6, IM-Loss eq. 12.
    """

    regularizer: Any
    weight: float
    on: tuple[str, ...] | None = None
    name: str = ""  # in the metrics; empty: the regularizer's own name

    def __post_init__(self) -> None:
        good = np.isfinite(self.weight) and self.weight >= 0
        require(good, f"Penalty: weight must be finite and at least 0, found {self.weight}")
        require(not isinstance(self.on, str), f"Penalty: on is a tuple of names, found {self.on!r}")

    @property
    def label(self) -> str:
        own = getattr(self.regularizer, "__name__", type(self.regularizer).__name__)
        return self.name or own

    def neurons(self, network: Any) -> tuple[str, ...]:
        """The names it falls on. Raises NumsnnError where one is no neuron of the network."""
        if self.on is None:
            return tuple(layer.name for (layer,) in walk(network) if isinstance(layer, LIF))
        found = names(network)
        unknown = [name for name in self.on if name not in found]
        require(not unknown, f"Penalty {self.label}: no neuron is named {unknown}, have {found}")
        return self.on


@dataclass(frozen=True)
class Objective:
    """L = loss(outputs, labels) + sum of the penalties on membranes."""

    loss: Loss = cross_entropy
    penalties: tuple[Penalty, ...] = ()

    def check(self, network: Any) -> None:
        """Raise NumsnnError unless every penalty finds its neurons, and labels differ."""
        labels = [penalty.label for penalty in self.penalties]
        double = sorted({label for label in labels if labels.count(label) > 1})
        require(not double, f"Objective: two penalties are named {double}; give each its own name")
        for penalty in self.penalties:
            require(penalty.neurons(network), f"Penalty {penalty.label}: the network has no neuron")

    def __call__(
        self, network: Any, saved: Tree, outputs: Array, labels: Array
    ) -> tuple[dict[str, float], Array, dict[str, Array]]:
        """The terms of L by name ("loss" is the sum), dL/d outputs, and dL/dU by neuron."""
        fit, d_outputs = self.loss(outputs, labels)
        terms = {"loss": float(fit)}
        d_membranes: dict[str, Array] = {}
        found = membranes(network, saved) if self.penalties else {}
        for penalty in self.penalties:
            priced = {name: found[name] for name in penalty.neurons(network)}
            price, d_priced = mean_over_layers(penalty.regularizer, priced)
            terms[penalty.label] = penalty.weight * float(price)
            terms["loss"] += terms[penalty.label]
            for name, d_membrane in d_priced.items():
                d_membrane = penalty.weight * d_membrane
                known = d_membranes.get(name)
                d_membranes[name] = d_membrane if known is None else known + d_membrane
        return terms, d_outputs, d_membranes


@dataclass(frozen=True)
class Recipe:
    """What a training needs besides data.

    schedule(progress): the learning rate; progress runs from 0 to 1 over all batches.
    before_epoch(network, params, epoch, epochs): the network and parameters for that epoch,
    counted from 0; the place for a surrogate that sharpens as training goes on.
    init(rng, dtype): the first parameters; None: the network's own.
    clip: the largest norm of the gradient; None: any.
    report(network, params): more numbers for the metrics of an epoch, by name.
    """

    network: Any
    objective: Objective = field(default_factory=Objective)
    optimizer: Any = field(default_factory=SGD)
    schedule: Schedule = field(default_factory=lambda: cosine(0.1))
    before_epoch: BeforeEpoch | None = None
    init: Init | None = None
    clip: float | None = None
    report: Report | None = None

    def start(self, rng: np.random.Generator, dtype: Any = np.float32) -> Tree:
        """The first parameters."""
        return self.network.init(rng, dtype) if self.init is None else self.init(rng, dtype)


def with_smoothed_labels(recipe: Recipe, smoothing: float) -> Recipe:
    """The recipe with ``smoothed_cross_entropy`` in place of ``cross_entropy``; 0: unchanged.

    Raises NumsnnError where its loss is another one.
    """
    if not smoothing:
        return recipe
    loss = recipe.objective.loss
    require(
        loss is cross_entropy,
        f"smoothing {smoothing}: only cross_entropy takes smoothed labels, the method's loss is "
        f"{getattr(loss, '__name__', loss)}",
    )
    smoothed = partial(smoothed_cross_entropy, smoothing=smoothing)
    return replace(recipe, objective=replace(recipe.objective, loss=smoothed))


def with_adam(recipe: Recipe) -> Recipe:
    """The recipe with Adam in place of its optimizer, without weight decay; what is frozen stays so."""
    return replace(recipe, optimizer=Adam(frozen=recipe.optimizer.frozen))
