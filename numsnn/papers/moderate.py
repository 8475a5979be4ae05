"""Moderate dropout: units that are active are dropped less; two masks of one batch should agree."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from numsnn.compose import Identity
from numsnn.dropout import Dropout
from numsnn.layer import Array, Cotangents, Layer
from numsnn.losses import cross_entropy
from numsnn.regularizers import consistency_loss
from numsnn.validate import cotangent, require, sequence


@dataclass(frozen=True)
class ModerateDropout(Dropout):
    """y[t] = x[t] mask/keep,  mask ~ Bernoulli(keep),  keep = clip(1 - rate (1 - p)/(1 - mean p), 0, 1).

    p is the mean of x over time, put into [0, 1] by its smallest and largest value over samples
    and units. The mean of keep is 1 - rate before clipping. One mask for all steps; it is a
    function of ``seed`` and x, and no gradient goes through keep. x and y: [T, N, ...]. Raises
    NumsnnError unless 0 <= rate < 1.

    PSG & PDA section 2.3 (rate 0.2); the formula is LTMD's.
    """

    rate: float = 0.2

    class Saved(NamedTuple):  # type: ignore[override]
        mask: Array
        shape: tuple[int, ...]

    def forward(self, params: None, x: Array) -> tuple[Array, Any]:
        sequence("ModerateDropout", x, least=2)
        keep = self.keep(x)
        kept = np.random.default_rng(self.seed).random(x.shape[1:]) < keep
        mask = (kept / np.where(keep > 0, keep, 1)).astype(x.real.dtype)
        return x * mask, self.Saved(mask, x.shape)

    def backward(
        self, saved: Any, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, None]:
        cotangent("ModerateDropout.backward", d_y, saved.shape)
        return d_y * saved.mask, None

    def keep(self, x: Array) -> Array:
        """The probability of each unit of each sample to stay, [N, ...]."""
        activity = x.real.mean(axis=0, dtype=np.float64)
        low, span = activity.min(), np.ptp(activity)
        p = (activity - low) / span if span > 0 else np.zeros_like(activity)
        return np.clip(1 - self.rate * (1 - p) / (1 - p.mean()), 0, 1)


@dataclass(frozen=True)
class TwoMasks(Layer):
    """y = (rest(mask_1 x), rest(mask_2 x)), one after the other along the axis of time.

    x: [T, N, ...], y: [2 T', N, ...] where rest gives T' steps. dropout: a Dropout; where it is
    an Identity, as in an evaluated network, y = rest(x).
    """

    dropout: Any
    rest: Any

    class Params(NamedTuple):
        dropout: Any
        rest: Any

    class Saved(NamedTuple):
        dropout: Any
        rest: Any

    def parts(self) -> dict[Any, Any]:
        return {"dropout": self.dropout, "rest": self.rest}

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        return self.Params(self.dropout.init(rng, dtype), self.rest.init(rng, dtype))

    @property
    def off(self) -> bool:
        return isinstance(self.dropout, Identity)

    def plain(self, params: Params) -> tuple[Any, Any]:
        """What is left without dropout. Raises NumsnnError where there is some."""
        require(self.off, "TwoMasks: its dropout is on; evaluate the network first")
        return self.rest, params.rest

    def forward(self, params: Params, x: Array) -> tuple[Array, Saved]:
        if self.off:
            y, rest = self.rest.forward(params.rest, x)
            return y, self.Saved(None, rest)
        masked, dropout = self.dropout.forward(params.dropout, np.concatenate([x, x], axis=1))
        y, rest = self.rest.forward(params.rest, masked)
        return np.concatenate(np.split(y, 2, axis=1)), self.Saved(dropout, rest)

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Params]:
        if self.off:
            d_x, d_rest = self.rest.backward(saved.rest, d_y, d_membranes)
            return d_x, self.Params(None, d_rest)
        d_both = np.concatenate(np.split(d_y, 2), axis=1)
        d_masked, d_rest = self.rest.backward(saved.rest, d_both, d_membranes)
        d_twice, d_dropout = self.dropout.backward(saved.dropout, d_masked, d_membranes)
        first, second = np.split(d_twice, 2, axis=1)
        return first + second, self.Params(d_dropout, d_rest)


def two_mask_loss(outputs: Array, labels: Array) -> tuple[Any, Array]:
    """L = (CE(a) + CE(b))/2 + C(a, b)/2 for outputs (a, b); CE(a) alone in an evaluated network.

    outputs: [2, N, K] from ``TwoMasks`` ahead of a mean over time, or [1, N, K]; CE the
    cross-entropy, C the symmetrised divergence of ``consistency_loss``. Raises NumsnnError for
    another number of steps. PSG & PDA section 2.3, with LTMD's weights.
    """
    require(
        np.ndim(outputs) == 3 and len(outputs) in (1, 2),
        f"two_mask_loss: outputs must be [1, N, K] or [2, N, K], found {np.shape(outputs)}",
    )
    if len(outputs) == 1:
        return cross_entropy(outputs, labels)
    a, d_a = cross_entropy(outputs[:1], labels)
    b, d_b = cross_entropy(outputs[1:], labels)
    apart, d_first, d_second = consistency_loss(outputs[0], outputs[1])
    d_outputs = np.concatenate([d_a, d_b]) + np.stack([d_first, d_second])
    return (a + b + apart) / 2, d_outputs / 2
