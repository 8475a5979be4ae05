"""One smooth neuron over four steps, its weight's gradient by four routes.

    u(t) = decay v(t-1) + w x(t),   o(t) = sigma(4(u - V)),   v = u (1 - o),   L = sum c(t) o(t)

The step is replaced by a sigmoid everywhere, so that the loss has a derivative to compare with.
"""

import numpy as np

DECAY, V = 0.6, 0.5
X = np.array([0.9, 0.3, 0.7, 0.5])
C = np.array([1.0, -0.4, 0.8, 0.5])
W = 0.8


def forward(w: complex) -> tuple[complex, np.ndarray, np.ndarray]:
    """L, and u and o of every step."""
    u, o = np.empty(4, complex), np.empty(4, complex)
    v = 0.0 + 0j
    for t in range(4):
        u[t] = DECAY * v + w * X[t]
        o[t] = 1 / (1 + np.exp(-4 * (u[t] - V)))
        v = u[t] * (1 - o[t])
    return np.sum(C * o), u, o


def slopes_through_time() -> dict[str, float]:
    """dL/dw: by complex step, by full BPTT, by direct partials only, and with the reset detached."""
    _, u, o = forward(W)
    u, o = u.real, o.real
    slope = 4 * o * (1 - o)

    def backward(reset: float) -> float:
        d_w, d_v = 0.0, 0.0
        for t in reversed(range(4)):
            d_o = C[t] - reset * u[t] * d_v
            d_u = slope[t] * d_o + (1 - o[t]) * d_v
            d_w += d_u * X[t]
            d_v = DECAY * d_u
        return float(d_w)

    return {
        "complex step": float(np.imag(forward(W + 1e-30j)[0]) / 1e-30),
        "bptt": backward(reset=1.0),
        "detached": backward(reset=0.0),
        "direct": float(np.sum(C * slope * X)),
    }
