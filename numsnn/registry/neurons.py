"""The LIF neuron in every variant, alone: one layer, all its parameters, its initial state."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from numsnn.checks import LayerCase
from numsnn.conv import Conv2d
from numsnn.layer import Array, Cotangents
from numsnn.linear import Linear
from numsnn.neurons import LEARNABLE, LIF
from numsnn.norms import BatchNorm
from numsnn.papers.psg_surrogates import PSGArctangent, PSGSoftplus
from numsnn.registry import naive
from numsnn.registry.draws import Rng, channels_last, coin, pick, sizes, started, stirred
from numsnn.registry.entry import FIRING, Entry
from numsnn.surrogates import SURROGATES, Scaled, Sigmoid
from numsnn.validate import require


def neuron(**fields: Any) -> Callable[[Rng], LayerCase]:
    """A draw of one LIF on features [T, N, C] with the given fields, the others at random."""

    def draw(rng: Rng) -> LayerCase:
        T, N, C = sizes(rng, (1, 5), (3, 4), (1, 3))
        return _case(rng, _lif(rng, **fields), (T, N, C))

    return draw


def folded(rng: Rng) -> LayerCase:
    """A neuron as folding leaves it: a firing direction a channel, its own reset amount."""
    case = neuron(reset=pick(rng, ("hard", "soft")))(rng)
    C = case.x.shape[2]
    params = case.params._replace(
        direction=rng.choice([-1.0, 1.0], C), amount=rng.uniform(0.2, 1.2, C)
    )
    return replace(case, params=params)


def own_surrogate(rng: Rng) -> LayerCase:
    """A surrogate that is no bump: its width's gradient is not known from its slope in z."""
    own = (Scaled(Sigmoid(), 2.5), PSGArctangent("rescaled"), PSGSoftplus("exact"))
    T, N, C = sizes(rng, (1, 5), (3, 4), (1, 3))
    layer = _lif(rng, surrogate=pick(rng, own), width_shape=(C,) if coin(rng) else ())
    return _case(rng, layer, (T, N, C))


def per_channel(rng: Rng) -> LayerCase:
    """Images of either layout, with decay, threshold and width of shape (C, 1, 1), (C, H, W) or ()."""
    T, N, C, H, W = sizes(rng, (1, 3), (1, 3), (1, 3), (1, 3), (1, 3))
    shapes = ((), (C, 1, 1), (C, H, W), (1, H, W))
    layer = _lif(
        rng,
        decay_shape=pick(rng, shapes),
        threshold_shape=pick(rng, shapes),
        width_shape=pick(rng, shapes),
    )
    return _case(rng, layer, (T, N, C, H, W), coin(rng))


@dataclass(frozen=True)
class _Held(LIF):
    """A LIF whose constants are no parameters: None stands in their place."""

    values: Any = field(default=None, compare=False)  # LIF.Params that hold the constants

    def whole(self, params: LIF.Params, current: Array) -> LIF.Params:
        """The parameters with the constants, in the precision of the current."""
        values = ((name, getattr(self.values, name)) for name in self.constants)
        return params._replace(**{name: v.astype(current.real.dtype) for name, v in values})

    def forward(self, params: LIF.Params, current: Array) -> tuple[Array, LIF.Saved]:
        return super().forward(self.whole(params, current), current)

    def backward(
        self, saved: LIF.Saved, d_spikes: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, LIF.Params]:
        d_current, d_params = super().backward(saved, d_spikes, d_membranes)
        for name in self.constants:
            require(
                not np.any(getattr(d_params, name)), f"the gradient of a constant {name} is not 0"
            )
        nothing: dict[str, Any] = dict.fromkeys(self.constants)
        return d_current, d_params._replace(**nothing)


def held(rng: Rng) -> LayerCase:
    """Some of decay, threshold and width constant, of any surrogate."""
    constants = tuple(name for name in LEARNABLE if coin(rng)) or LEARNABLE
    case = own_surrogate(rng) if coin(rng) else neuron()(rng)
    given = {f: getattr(case.layer, f) for f in LIF.__dataclass_fields__}
    layer = _Held(**{**given, "constants": constants}, values=case.params)

    def reference(layer: _Held, params: LIF.Params, x: Array) -> Array:
        return naive.lif(layer, layer.whole(params, x), x)

    params = case.params._replace(**dict.fromkeys(constants))
    return LayerCase(layer, params, case.x, reference=reference)


def lateral(rng: Rng) -> LayerCase:
    if coin(rng):
        C = int(rng.integers(1, 4))
        shape = (*sizes(rng, (1, 4), (1, 3)), C)
        return _case(rng, _lif(rng, lateral=Linear(C, C)), shape)
    C = int(rng.integers(1, 3))
    conv = Conv2d(C, C, 5, padding=2, groups=C, bias=False)
    return _case(rng, _lif(rng, lateral=conv), (*sizes(rng, (1, 3), (1, 2)), C, 3, 3))


def membrane_norm(carry: str) -> Callable[[Rng], LayerCase]:
    """MPBN: a norm between charge and firing, at least 3 numbers a statistic."""

    def draw(rng: Rng) -> LayerCase:
        T, N, C = sizes(rng, (1, 4), (3, 4), (1, 2))
        form = pick(rng, ("features", "image", "element"))
        if form == "features":
            return _case(rng, _lif(rng, norm=BatchNorm((C,)), carry=carry), (T, N, C))
        shape = (C, 1, 1) if form == "image" else (C, 2, 2)
        return _case(rng, _lif(rng, norm=BatchNorm(shape), carry=carry), (T, N, C, 2, 2))

    return draw


def _lif(rng: Rng, **fields: Any) -> LIF:
    chosen: dict[str, Any] = {
        "surrogate": pick(rng, SURROGATES.values()),
        "reset": pick(rng, ("hard", "soft")),
        "tie": pick(rng, ("fires", "silent")),
        "detach_reset": coin(rng),
    }
    return LIF(**{**chosen, **fields}, name="lif")


def _case(rng: Rng, layer: LIF, shape: tuple[int, ...], last: bool = False) -> LayerCase:
    params = stirred(rng, layer.init(rng, np.float64))
    x = 1.5 * rng.standard_normal(shape)
    x = channels_last(x) if last else x
    if coin(rng):
        params = started(rng, layer, params, x)
    return LayerCase(layer, params, x, reference=naive.lif)


VALUED = (*FIRING, "formula")
KINKS = "potentials on the threshold, or on a kink of the surrogate"
ENTRIES = (
    *(
        Entry(
            f"LIF/{reset}{'-detached' if detached else ''}{'-ties-fire' if tie == 'fires' else ''}",
            (LIF,),
            neuron(reset=reset, detach_reset=detached, tie=tie),
            VALUED,
            KINKS,
        )
        for reset in ("hard", "soft")
        for detached in (False, True)
        for tie in ("silent", "fires")
    ),
    *(
        Entry(f"LIF/{name}", (LIF,), neuron(surrogate=surrogate), VALUED, KINKS)
        for name, surrogate in SURROGATES.items()
    ),
    Entry("LIF/own-surrogate", (LIF,), own_surrogate, VALUED, KINKS),
    Entry("LIF/held", (LIF,), held, VALUED, KINKS),
    Entry("LIF/per-channel", (LIF,), per_channel, VALUED, KINKS),
    Entry("LIF/lateral", (LIF,), lateral, VALUED, KINKS),
    Entry("LIF/norm-raw", (LIF,), membrane_norm("raw"), VALUED, KINKS),
    Entry("LIF/norm-normalised", (LIF,), membrane_norm("normalised"), VALUED, KINKS),
    Entry("LIF/folded", (LIF,), folded, VALUED, KINKS),
)
