"""Inputs that must raise: one list for every layer, and each operation's own."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from numsnn.checks.values import BadInput
from numsnn.compose import Repeat, Residual, Serial
from numsnn.conv import Conv2d
from numsnn.dropout import Dropout
from numsnn.errors import NumsnnError
from numsnn.linear import Linear
from numsnn.losses import LOSSES
from numsnn.modes import ReLU
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm, FixedNorm, Statistics
from numsnn.optimizers import SGD, Adam, clipped
from numsnn.papers.lateral import Depthwise
from numsnn.papers.moderate import ModerateDropout
from numsnn.papers.noise import ThermalNoise
from numsnn.papers.parametrised import ParametrisedLIF
from numsnn.papers.potential import PotentialLIF
from numsnn.pooling import AvgPool2d, Flatten
from numsnn.readouts import Accumulate, MeanOverTime
from numsnn.regularizers import IMLoss, MembraneL2, MPDLoss, PotentialDistribution, RatePenalty
from numsnn.states import MembraneCotangent, State
from numsnn.surrogates import SURROGATES

ONES = np.ones((2, 3, 4))


def bad(what: str, call: Callable[[], Any], message: str) -> BadInput:
    return BadInput(what, call, message, NumsnnError)


def of_layer(layer: Any, shape: tuple[int, ...], view: bool = False) -> tuple[BadInput, ...]:
    """No step, no sample, integers, a cotangent of another shape; and a NaN and an infinity.

    The last two not for a ``view``, which hands its values on to a layer that looks at them.
    """
    params = layer.init(np.random.default_rng(0), np.float64)
    name = type(layer).__name__

    def run(x: np.ndarray) -> Callable[[], Any]:
        return lambda: layer.forward(params, x)

    def with_value(value: float) -> np.ndarray:
        x = np.ones(shape)
        x.flat[1] = value
        return x

    def wrong_cotangent() -> Any:
        y, saved = layer.forward(params, np.arange(float(np.prod(shape))).reshape(shape))
        return layer.backward(saved, np.ones((*y.shape[:-1], y.shape[-1] + 1)), {})

    rows = [
        bad(f"{name}: no step", run(np.ones((0, *shape[1:]))), ""),
        bad(f"{name}: no sample", run(np.ones((shape[0], 0, *shape[2:]))), ""),
        bad(f"{name}: x of integers", run(np.ones(shape, int)), "floating-point"),
        bad(f"{name}: d_y of another shape", wrong_cotangent, "shape"),
    ]
    if not view:
        rows.append(bad(f"{name}: NaN in x", run(with_value(np.nan)), "finite"))
        rows.append(bad(f"{name}: infinity in x", run(with_value(np.inf)), "finite"))
    return tuple(rows)


def _lif(message: str, x: np.ndarray | None = None, **changes: Any) -> BadInput:
    """A LIF whose parameters are changed before its forward."""
    layer = LIF()
    params = replace(layer).init(np.random.default_rng(0), np.float64)._replace(**changes)
    x = np.ones((2, 3, 4)) if x is None else x
    return bad(f"LIF: {message}", lambda: layer.forward(params, x), message)


def of_neuron(neuron: Any) -> tuple[BadInput, ...]:
    """Cotangents of another shape for the membrane and for the final state."""

    def run(given: Any) -> Callable[[], Any]:
        params = neuron.init(np.random.default_rng(0), np.float64)
        return lambda: neuron.backward(neuron.forward(params, ONES)[1], ONES, {neuron.name: given})

    few = np.ones((3, 3))
    return (
        bad(f"{neuron.name}: a trace of other shape", run(ONES[1:]), "output's shape"),
        bad(
            f"{neuron.name}: a final state of other shape",
            run(MembraneCotangent(None, State(few, few))),
            "the final state",
        ),
    )


def _loss(loss: Any, labels: Any, message: str) -> BadInput:
    outputs = np.zeros((2, 3, 4))
    return bad(f"{loss.__name__}: {message}", lambda: loss(outputs, labels), message)


TWO = np.random.default_rng(0)
BAD: dict[str, tuple[BadInput, ...]] = {
    "Linear": (
        *of_layer(Linear(4, 2), (2, 3, 4)),
        bad(
            "Linear: features do not match",
            lambda: Linear(3, 2).forward(Linear(3, 2).init(TWO, np.float64), ONES),
            "4 features on its last axis, weight expects 3",
        ),
        bad(
            "Linear: single and double precision mixed",
            lambda: Linear(4, 2).forward(Linear(4, 2).init(TWO, np.float32), ONES),
            "float32",
        ),
    ),
    "Conv2d": (
        *of_layer(Conv2d(2, 2), (2, 3, 2, 4, 4)),
        bad("Conv2d: rank", lambda: Conv2d(2, 2).forward(Conv2d(2, 2).init(TWO), ONES), "rank 5"),
        bad("Conv2d: groups", lambda: Conv2d(3, 2, groups=2), "groups"),
        bad(
            "Conv2d: kernel larger than the image",
            lambda: Conv2d(2, 2, 5).forward(
                Conv2d(2, 2, 5).init(TWO, np.float64), np.ones((1, 1, 2, 4, 4))
            ),
            "kernel",
        ),
    ),
    "AvgPool2d": (
        *of_layer(AvgPool2d(2), (2, 3, 1, 4, 4)),
        bad(
            "AvgPool2d: window larger than the image",
            lambda: AvgPool2d(5).forward(None, np.ones((1, 1, 1, 4, 4))),
            "window",
        ),
    ),
    "Flatten": of_layer(Flatten(), (2, 3, 2, 2), view=True),
    "BatchNorm": (
        *of_layer(BatchNorm((4,)), (2, 3, 4)),
        bad(
            "BatchNorm: statistics of one number",
            lambda: BatchNorm((4,)).forward(
                BatchNorm((4,)).init(TWO, np.float64), np.ones((1, 1, 4))
            ),
            "more than one number",
        ),
        bad("BatchNorm: eps", lambda: BatchNorm((4,), eps=0.0), "eps"),
    ),
    "FixedNorm": of_layer(FixedNorm((4,), Statistics(np.zeros(4), np.ones(4))), (2, 3, 4)),
    "Dropout": (
        *of_layer(Dropout(0.5), (2, 3, 4)),
        bad("Dropout: rate 1", lambda: Dropout(1.0), "rate"),
    ),
    "ReLU": of_layer(ReLU(), (2, 3, 4)),
    "Accumulate": (*of_layer(Accumulate(), (2, 3, 4)), *of_neuron(Accumulate(name="readout"))),
    "MeanOverTime": of_layer(MeanOverTime(), (2, 3, 4)),
    "Repeat": (
        *of_layer(Repeat(3), (1, 3, 4), view=True),
        bad("Repeat: two steps", lambda: Repeat(3).forward(None, ONES), "one step"),
        bad("Repeat: no steps", lambda: Repeat(0), "steps"),
    ),
    "Serial": (
        bad("Serial: not a layer", lambda: Serial(3), "layer"),
        bad("Serial: params", lambda: Serial(Flatten()).forward((), ONES), "tuple of 1"),
    ),
    "Residual": (
        bad(
            "Residual: shapes differ",
            lambda: Residual(Linear(4, 2)).forward(
                Residual(Linear(4, 2)).init(TWO, np.float64), ONES
            ),
            "shortcut gives",
        ),
    ),
    "LIF/hard": (
        *of_layer(LIF(), (2, 3, 4)),
        *of_neuron(LIF(name="lif")),
        bad("LIF: reset", lambda: LIF(reset="half"), "reset"),
        bad("LIF: tie", lambda: LIF(tie="maybe"), "tie"),
        bad("LIF: carry", lambda: LIF(carry="both"), "carry"),
        _lif("width must be positive", width=np.array(0.0)),
        _lif("finite", decay=np.array(np.nan)),
        _lif("finite", threshold=np.array(np.inf)),
        _lif("does not fit", decay=np.ones(3)),
    ),
    **{
        f"loss/{name}": (
            _loss(loss, np.array([0, 1, 4]), "labels must lie in [0, 4)"),
            _loss(loss, np.array([0, -1, 1]), "labels must lie in [0, 4)"),
            _loss(loss, np.array([0.0, 1.0, 2.0]), "integers"),
            _loss(loss, np.array([0, 1]), "labels must be 3 integers"),
        )
        for name, loss in LOSSES.items()
    },
    **{
        f"surrogate/{name}": (
            bad(f"{name}: width 0", partial(s.check_width, 0.0), "width must be positive"),
        )
        for name, s in SURROGATES.items()
    },
    **{
        f"regularizer/{type(r).__name__}": (
            bad("wrong rank", partial(r, np.ones((2, 3))), "axes"),
            bad("empty", partial(r, np.ones((2, 0, 3))), "empty"),
            bad("NaN", partial(r, np.full((2, 2, 3), np.nan)), "finite"),
            bad("integers", partial(r, np.ones((2, 2, 3), int)), "floating"),
        )
        for r in (MPDLoss(), IMLoss(), PotentialDistribution(), RatePenalty(), MembraneL2())
    },
    "SGD": (
        bad("SGD: momentum 1", lambda: SGD(momentum=1.0), "momentum"),
        bad("SGD: weight decay", lambda: SGD(weight_decay=-1.0), "weight_decay"),
    ),
    "Adam": (
        bad("Adam: beta 1", lambda: Adam(beta1=1.0), "beta"),
        bad("Adam: eps 0", lambda: Adam(eps=0.0), "eps"),
    ),
    "PotentialLIF": (
        *of_layer(PotentialLIF(), (2, 3, 4)),
        bad("PotentialLIF: soft reset", lambda: PotentialLIF(reset="soft"), "reset is hard"),
    ),
    "ParametrisedLIF": (
        *of_layer(ParametrisedLIF(LIF()), (2, 3, 4)),
        bad("tanh beyond 1", lambda: ParametrisedLIF(LIF(threshold=1.5)), "(-1, 1)"),
    ),
    "Depthwise": (
        *of_layer(Depthwise.of(2, 3), (2, 3, 2, 4, 4)),
        bad("Depthwise: even kernel", lambda: Depthwise.of(2, 4), "odd kernel"),
    ),
    "ModerateDropout": (
        *of_layer(ModerateDropout(), (2, 3, 4)),
        bad("ModerateDropout: rate 1", lambda: ModerateDropout(1.0), "rate"),
    ),
    "ThermalNoise": (bad("ThermalNoise: deviation", lambda: ThermalNoise(-1.0), "deviation"),),
    "clipped": (bad("clipped: 0", lambda: clipped((np.ones(2),), 0.0), "positive"),),
}
"""Bad inputs by the name of the entry they belong to."""
