"""One smooth neuron over four steps, its input weight's gradient by four routes.

    u(t) = decay v(t-1) + w x(t),   o(t) = sigma((u - V)/width),   v = u (1 - o),   L = sum c(t) o(t)

The step is replaced by a sigmoid everywhere, so that the loss has a derivative to compare with.
"""

from dataclasses import replace

import numpy as np

from numsnn.errata.demonstrations.engine import fixed
from numsnn.modes import relaxed
from numsnn.neurons import LIF
from numsnn.surrogates import Sigmoid

NEURON = LIF(decay=0.6, threshold=0.5, width=0.25, surrogate=Sigmoid(), name="neuron")
X = np.array([0.9, 0.3, 0.7, 0.5]).reshape(4, 1, 1)
C = np.array([1.0, -0.4, 0.8, 0.5]).reshape(4, 1, 1)
W = 0.8


def slopes_through_time() -> dict[str, float]:
    """dL/dw: by complex step, by full BPTT, by direct partials only, and with the reset detached."""
    smooth = relaxed(NEURON)
    params = fixed(smooth)
    lifted, _ = smooth.forward(params, (W + 1e-30j) * X)
    _, saved = smooth.forward(params, W * X)
    d_current, _ = smooth.backward(saved, C)
    d_detached, _ = replace(smooth, detach_reset=True).backward(saved, C)
    do_du, _ = NEURON.surrogate.slopes(saved.membrane - NEURON.threshold, NEURON.width)
    return {
        "complex step": float(np.sum(C * lifted).imag / 1e-30),
        "bptt": float(np.sum(d_current * X)),
        "detached": float(np.sum(d_detached * X)),
        "direct": float(np.sum(C * do_du * X)),
    }
