"""How a neuron turns z = u - threshold, u its membrane, into spikes.

The step is what the network does; the others are what its gradient is the exact derivative of.
The backward pass is the same for all of them: it reads the saved spikes and the slopes at z.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from numsnn.surrogates import Surrogate

Array = np.ndarray


@dataclass(frozen=True)
class Step:
    """s = H(z): 1 above the threshold, 0 below, ``at_zero`` on it.

    A complex z carries a tangent: the step gives the real part and the primitive's imaginary part,
    so that the surrogate's derivative rides along a forward pass that really fires.
    """

    def fire(
        self,
        surrogate: Surrogate,
        u: Array,
        threshold: Array,
        width: Any,
        at_zero: bool,
        t: int,
        samples: slice,
    ) -> Array:
        fired = u.real >= threshold.real if at_zero else u.real > threshold.real
        if not np.iscomplexobj(u):
            return fired
        return fired + 1j * surrogate.value(u - threshold, width).imag

    def gate(self, spikes: Array, t: int, samples: slice) -> Array:
        """The spikes as a detached reset sees them: no tangent passes."""
        return spikes.real


@dataclass(frozen=True)
class Relaxed:
    """s = P(z; width): the spike function replaced by its primitive on every path.

    ``gates`` holds the spikes [T, N, ...] at which a detached reset is frozen, so that finite
    differences see it constant; without it the reset follows the relaxed spikes.
    """

    gates: Array | None = field(default=None, compare=False)

    def fire(
        self,
        surrogate: Surrogate,
        u: Array,
        threshold: Array,
        width: Any,
        at_zero: bool,
        t: int,
        samples: slice,
    ) -> Array:
        return surrogate.value(u - threshold, width)

    def gate(self, spikes: Array, t: int, samples: slice) -> Array:
        return spikes.real if self.gates is None else self.gates[t, samples]


@dataclass(frozen=True)
class Anchored:
    """s = s0 + P(z; width) - P(z0; width0): equal to the recorded spikes at the recorded point.

    Its true derivative there is the surrogate gradient of the spiking run. ``affine`` takes the
    tangent instead of P: s = s0 + slope (z - z0) + slope_width (width - width0).
    """

    z: Array = field(compare=False)  # [T, N, ...] as recorded, like the next two
    width: Array = field(compare=False)
    spikes: Array = field(compare=False)
    affine: bool = False

    def fire(
        self,
        surrogate: Surrogate,
        u: Array,
        threshold: Array,
        width: Any,
        at_zero: bool,
        t: int,
        samples: slice,
    ) -> Array:
        z, z0, s0 = u - threshold, self.z[t, samples], self.spikes[t, samples]
        if self.affine:
            ds_dz, ds_dwidth = surrogate.slopes(z0, self.width)
            return s0 + ds_dz * (z - z0) + ds_dwidth * (width - self.width)
        return s0 + (surrogate.value(z, width) - surrogate.value(z0, self.width))

    def gate(self, spikes: Array, t: int, samples: slice) -> Array:
        return self.spikes[t, samples]
