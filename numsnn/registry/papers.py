"""What the papers add: neurons with mapped parameters, potential outputs, PSG's surrogates, masks."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from numsnn.checks import FunctionCase, LayerCase, SurrogateLayer, ValueCase
from numsnn.compose import Identity, Serial
from numsnn.dropout import Dropout
from numsnn.linear import Linear
from numsnn.neurons import LIF
from numsnn.papers.lateral import Depthwise
from numsnn.papers.moderate import ModerateDropout, TwoMasks, two_mask_loss
from numsnn.papers.noise import ThermalNoise
from numsnn.papers.parametrised import ParametrisedLIF
from numsnn.papers.potential import PotentialLIF
from numsnn.papers.psg_surrogates import PSGArctangent, PSGSoftplus
from numsnn.readouts import MeanOverTime
from numsnn.registry import naive
from numsnn.registry.draws import Rng, coin, layer_case, pick, sizes, started
from numsnn.registry.entry import FIRING, FUNCTION, SMOOTH, Entry
from numsnn.registry.neurons import KINKS
from numsnn.surrogates import SURROGATES, Sigmoid, Softplus, Tanh

SLOPES = ("contract", "complex-step", "differences", "taylor", "each-parameter", "formula")


def parametrised(rng: Rng) -> LayerCase:
    """A LIF whose threshold, width or both are functions of what learns."""
    inner = LIF(
        rng.uniform(0.1, 0.9),
        rng.uniform(0.2, 0.7),
        rng.uniform(0.5, 2),
        pick(rng, SURROGATES.values()),
        pick(rng, ("hard", "soft")),
        detach_reset=coin(rng),
        constants=("threshold", "width") if coin(rng) else (),  # which hold for the neuron alone
        name="lif",
    )
    threshold, width = pick(rng, (("tanh", "plain"), ("plain", "exp"), ("tanh", "exp")))
    layer = ParametrisedLIF(inner, threshold, width)
    case = layer_case(rng, layer, sizes(rng, (1, 5), (1, 3), (1, 3)))
    if coin(rng):
        return case
    state = started(rng, inner, inner.init(rng, np.float64), case.x).initial
    inside = case.params.neuron._replace(initial=state)
    return LayerCase(layer, case.params._replace(neuron=inside), case.x)


def potential(rng: Rng) -> LayerCase:
    surrogate = pick(rng, (Softplus(), Sigmoid(), PSGSoftplus("rescaled"), PSGSoftplus("exact")))
    T, N, C = sizes(rng, (1, 5), (1, 3), (1, 3))
    decays, thresholds, widths = (pick(rng, ((), (C,))) for _ in range(3))
    layer = PotentialLIF(
        surrogate=surrogate,
        tie=pick(rng, ("fires", "silent")),
        decay_shape=decays,
        threshold_shape=thresholds,
        width_shape=widths,
        name="potential",
    )
    case = layer_case(rng, layer, (T, N, C))
    params = case.params if coin(rng) else started(rng, layer, case.params, case.x)
    return LayerCase(layer, params, case.x, reference=potential_again)


def potential_again(layer: Any, params: Any, x: np.ndarray) -> np.ndarray:
    """o = u [u > threshold], and what did not go out is carried on."""
    o = np.zeros(x.shape)
    decay, threshold = (np.broadcast_to(p, x.shape[1:]) for p in params[:2])
    for place in np.ndindex(x.shape[1:]):
        carried = 0.0 if params.initial is None else params.initial.membrane[place]
        for t in range(len(x)):
            u = decay[place] * carried + x[(t, *place)]
            out = u > threshold[place]
            o[(t, *place)] = u if out else 0.0
            carried = 0.0 if out else u
    return o


def depthwise(rng: Rng) -> LayerCase:
    T, N, C, H, W = sizes(rng, (1, 2), (1, 2), (1, 3), (2, 4), (2, 4))
    layer = Depthwise.of(C, pick(rng, (1, 3, 5)))
    return layer_case(rng, layer, (T, N, C, H, W), naive.conv)


def moderate(rng: Rng) -> LayerCase:
    layer = ModerateDropout(rng.uniform(0.1, 0.5), seed=int(rng.integers(2**31)))
    return layer_case(rng, layer, sizes(rng, (1, 3), (2, 3), (4, 6)))


def thermal(rng: Rng) -> LayerCase:
    layer = ThermalNoise(rng.uniform(0, 1), seed=int(rng.integers(2**31)))
    return layer_case(rng, layer, sizes(rng, (1, 3), (1, 3), (1, 3)))


def two_masks(rng: Rng) -> LayerCase:
    """With a readout over time or without one; in a quarter of the cases without its dropout."""
    T, N, C = sizes(rng, (1, 3), (2, 3), (3, 5))
    spikes = Serial(Linear(C, 2), LIF(surrogate=Tanh(), name="lif"))
    rest = pick(rng, (spikes, Serial(*spikes.layers, MeanOverTime())))
    dropout = Identity() if coin(rng, 0.25) else Dropout(0.3, seed=int(rng.integers(2**31)))
    return layer_case(rng, TwoMasks(dropout, rest), (T, N, C))


def two_losses(rng: Rng) -> FunctionCase:
    passes, N, K = sizes(rng, (1, 2), (1, 4), (2, 5))
    labels = rng.integers(K, size=N)
    outputs = 2 * rng.standard_normal((passes, N, K))
    return FunctionCase(
        lambda o: two_mask_loss(o, labels),
        (outputs,),
        "two_mask_loss",
        reference=lambda o: naive.two_masks(o, labels),
    )


def psg(surrogate: Any, value: Callable[[float, float], float]) -> Callable[[Rng], LayerCase]:
    """gamma of both signs, and not near 0, where the rescaled forms have their pole."""

    def draw(rng: Rng) -> LayerCase:
        gamma = rng.uniform(0.3, 3, 6) * rng.choice([-1.0, 1.0], 6)
        z = rng.uniform(-2, 2, 6)

        def again(layer: Any, params: Any, x: Any) -> np.ndarray:
            return np.array([value(float(a), float(b)) for a, b in zip(x, params, strict=True)])

        return LayerCase(SurrogateLayer(surrogate), gamma, z, repr(surrogate), reference=again)

    return draw


def printed(
    surrogate: Any, slope: Callable[[float, float], float], slope_gamma: Callable
) -> Callable[[Rng], ValueCase]:
    """The partials as printed, which have no common primitive: only their formulas can be checked."""

    def draw(rng: Rng) -> ValueCase:
        z, gamma = rng.uniform(-2, 2, 6), rng.uniform(-3, 3, 6)

        def reference(z: np.ndarray, gamma: np.ndarray) -> tuple:
            pairs = list(zip(map(float, z), map(float, gamma), strict=True))
            return tuple(np.array([f(*pair) for pair in pairs]) for f in (slope, slope_gamma))

        return ValueCase(surrogate.slopes, reference, (z, gamma), repr(surrogate))

    return draw


def at_the_ends(
    surrogate: Any, slope: Callable[[float], float], bend: Callable[[float], float]
) -> Callable[[Rng], ValueCase]:
    """The rescaled partials at gamma = 0, where the one in gamma is put to 0, and at |gamma z| = 800.

    With x = gamma z they are slope(x) and -bend(x)/gamma^2.
    """

    def draw(rng: Rng) -> ValueCase:
        z = rng.uniform(0.5, 2, 6) * rng.choice([-1.0, 1.0], 6)
        gamma = np.array([0.0, 0.0, 800.0, -800.0, 20.0, -1.0]) / z

        def reference(z: np.ndarray, gamma: np.ndarray) -> tuple:
            pairs = list(zip(map(float, z), map(float, gamma), strict=True))
            in_gamma = [-bend(g * u) / (g * g) if g else 0.0 for u, g in pairs]
            return np.array([slope(g * u) for u, g in pairs]), np.array(in_gamma)

        return ValueCase(surrogate.slopes, reference, (z, gamma), repr(surrogate))

    return draw


def _entropy(x: float) -> float:
    """ln(1 + e^x) - x sigma(x) = -p ln p - q ln q,  p = sigma(x), q = 1 - p."""
    fading = math.exp(-abs(x))
    p, q = 1 / (1 + fading), fading / (1 + fading)
    return -p * math.log(p) - (q * math.log(q) if q > 0 else 0.0)


def _sigma(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


FORMULAS: dict[Any, Callable[[float, float], float]] = {
    PSGArctangent("exact"): lambda z, g: math.atan(g * z) + 0.5,  # eq. 8
    PSGArctangent("rescaled"): lambda z, g: math.atan(g * z) / g + 0.5,
    PSGSoftplus("exact"): lambda z, g: math.log(1 + math.exp(g * z)),  # eq. 13
    PSGSoftplus("rescaled"): lambda z, g: math.log(1 + math.exp(g * z)) / g,
}
PRINTED: dict[Any, Callable[[float, float], float]] = {
    PSGArctangent("paper"): lambda z, g: 1 / (1 + g * g * z * z),  # eq. 11 and 12
    PSGSoftplus("paper"): lambda z, g: _sigma(g * z),  # eq. 16 and 17
}
ENDS: dict[Any, tuple] = {
    PSGArctangent("rescaled"): (
        lambda x: 1 / (1 + x * x),
        lambda x: math.atan(x) - x / (1 + x * x),
    ),
    PSGSoftplus("rescaled"): (_sigma, _entropy),
}
VALUED = (*FIRING, "formula")
ENTRIES = (
    Entry("ParametrisedLIF", (ParametrisedLIF,), parametrised, FIRING, KINKS),
    Entry("PotentialLIF", (PotentialLIF,), potential, VALUED, KINKS),
    Entry("Depthwise", (Depthwise,), depthwise, (*SMOOTH, "formula")),
    Entry(
        "ModerateDropout",
        (ModerateDropout,),
        moderate,
        ("contract", "adjoint"),
        "no gradient goes through the probabilities, so differences do not apply",
    ),
    Entry("ThermalNoise", (ThermalNoise,), thermal),
    Entry("TwoMasks", (TwoMasks,), two_masks, FIRING, KINKS),
    Entry("loss/two-masks", (two_mask_loss,), two_losses, (*FUNCTION, "formula")),
    *(
        Entry(f"surrogate/{type(s).__name__}-{s.form}", (type(s), s), psg(s, f), SLOPES)
        for s, f in FORMULAS.items()
    ),
    *(
        Entry(f"surrogate/{type(s).__name__}-paper", (type(s), s), printed(s, f, f), ("formula",))
        for s, f in PRINTED.items()
    ),
    *(
        Entry(f"surrogate/{type(s).__name__}-ends", (type(s),), at_the_ends(s, *f), ("formula",))
        for s, f in ENDS.items()
    ),
)
