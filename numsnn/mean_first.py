"""The mean over time ahead of linear layers, not behind them: for T steps a T-th of the products.

Layers that are linear and treat every step alike give the mean of what they give:

    (1/T) sum over t of (W x[t] + b) = W m + b,   m = (1/T) sum over t of x[t].
"""

from dataclasses import dataclass
from typing import Any

from numsnn.errors import NumsnnError
from numsnn.layer import Array, Cotangents, Layer
from numsnn.readouts import MeanOverTime


@dataclass(frozen=True)
class MeanFirst(Layer):
    """Serial(*layers, mean), done at once; ``ahead`` is Serial(*layers), of linear layers.

    x: [T, N, ...], y: [1, N, ...]. Params and saved are the same but that layers see the mean. Raises
    what the layers raise. tdBN eq. 11, MPBN eq. 3.
    """

    ahead: Any
    mean: MeanOverTime

    def forward(self, params: tuple, x: Array) -> tuple[Array, tuple]:
        try:
            m, shape = self.mean.forward(params[-1], x)
            y, saved = self.ahead.forward(params[:-1], m)
        except NumsnnError:
            self.ahead.forward(params[:-1], x)  # what is wrong is at a step
            raise
        return y, (*saved, shape)

    def backward(
        self, saved: tuple, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, tuple]:
        d_m, d_params = self.ahead.backward(saved[:-1], d_y, d_membranes)
        d_x, _ = self.mean.backward(saved[-1], d_m)
        return d_x, (*d_params, None)
