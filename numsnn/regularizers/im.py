"""IM-Loss: hold the mean potential at the threshold, where half of a symmetric layer fires."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numsnn.errors import NumsnnError
from numsnn.regularizers.inputs import checked, finite, one_of, positive, representable
from numsnn.regularizers.moments import ACCUMULATOR, channel_axes

LAMBDA = 2.0  # the weight of IM-Loss in the total loss, IM-Loss eq. 12; it stays constant


@dataclass(frozen=True)
class IMLoss:
    """L_IM = (mean u - target)^2, the mean over a whole layer, or per channel and then averaged.

    target: the threshold by default; any constant otherwise (`IMLoss.of_authors(T)` is 0.5/T).
    per: "layer", eq. 11's form, or "channel", which does not let channels make up for each other.
    The mean over layers of eq. 11 is `mean_over_layers`; lambda of eq. 12 (`LAMBDA`) belongs to the
    training step. Called on spikes it is a penalty on their rate, as the authors use it.
    membrane: [T, N, C] or [T, N, C, H, W], potentials before the reset. Returns loss, d_membrane in
    the membrane's dtype. Raises NumsnnError if threshold <= 0 or target is not finite.
    IM-Loss eq. 11.
    """

    threshold: float = 0.5
    target: float | None = None
    per: str = "layer"

    def __post_init__(self) -> None:
        positive("IMLoss", "threshold", self.threshold, "the firing threshold, IM-Loss eq. 6")
        if self.target is not None:
            finite("IMLoss", "target", self.target, "the mean potential to hold")
        one_of("IMLoss", "per", self.per, ("layer", "channel"))

    @classmethod
    def of_authors(cls, T: int, threshold: float = 0.5) -> "IMLoss":
        """The released code's constant 0.5/T, per layer."""
        if T < 1:
            raise NumsnnError(f"IMLoss.of_authors: T is {T}, expected at least 1 time step")
        return cls(threshold=threshold, target=0.5 / T)

    def __call__(self, membrane: np.ndarray) -> tuple[Any, np.ndarray]:
        membrane = checked("IMLoss", membrane)
        target = self.threshold if self.target is None else self.target
        axes = channel_axes(membrane) if self.per == "channel" else tuple(range(membrane.ndim))
        wide = ACCUMULATOR[membrane.dtype.kind]

        mean = membrane.mean(axis=axes, keepdims=True, dtype=wide)
        gap = mean - target
        loss = np.square(gap).mean()

        d_mean = 2 * gap / gap.size
        d_u = (d_mean * gap.size / membrane.size).astype(membrane.dtype)
        d_membrane = np.broadcast_to(d_u, membrane.shape).copy()
        return representable("IMLoss", loss, membrane), d_membrane
