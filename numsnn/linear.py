"""Linear: y = x W' + b, one product for all steps and samples."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.errors import NumsnnError
from numsnn.layer import Array, Cotangents, Layer
from numsnn.products import product
from numsnn.validate import all_finite, cotangent, finite, one_precision, positive_integer, sequence

LANE = 1 << 23  # products of two numbers that are worth handing to a thread


@dataclass(frozen=True)
class Linear(Layer):
    """y[t, n] = W x[t, n] + b.

    x: [T, N, ..., inputs], y: [T, N, ..., outputs], weight: [outputs, inputs], bias: [outputs] or
    None. Raises NumsnnError where the last axis of x is not ``inputs``, or a value is not finite.
    """

    inputs: int
    outputs: int
    bias: bool = True
    unkept = ("y", "d_x")

    class Params(NamedTuple):
        weight: Array  # [outputs, inputs]
        bias: Array | None  # [outputs]

    class Saved(NamedTuple):
        params: "Linear.Params"
        x: Array

    def __post_init__(self) -> None:
        positive_integer("Linear", "inputs", self.inputs)
        positive_integer("Linear", "outputs", self.outputs)

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        """Weights uniform in +-1/sqrt(inputs), biases zero."""
        bound = 1 / np.sqrt(self.inputs)
        weight = rng.uniform(-bound, bound, (self.outputs, self.inputs)).astype(dtype)
        return self.Params(weight, np.zeros(self.outputs, dtype) if self.bias else None)

    @np.errstate(over="ignore", invalid="ignore")  # the end looks for what is not finite
    def forward(self, params: Params, x: Array) -> tuple[Array, Saved]:
        dtype = self._check(params, x)
        rows = x.reshape(-1, self.inputs)
        y = np.empty((len(rows), self.outputs), dtype)

        def lane(n: slice) -> None:
            product(rows[n], params.weight.T, out=y[n])
            if params.bias is not None:
                y[n] += params.bias

        parallel.run(lane, self._lanes(len(rows), self.inputs * self.outputs))
        if not all_finite(y):  # NaN and infinity of anything are in y
            finite("Linear", "x", x)
            finite("Linear", "weight", params.weight)
            if params.bias is not None:
                finite("Linear", "bias", params.bias)
        return y.reshape(*x.shape[:-1], self.outputs), self.Saved(params, x)

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Params]:
        d_params = self.backward_params(saved, d_y)
        weight, rows = saved.params.weight, d_y.reshape(-1, self.outputs)
        d_x = np.empty((len(rows), self.inputs), np.result_type(d_y, weight))

        def of_samples(n: slice) -> None:
            product(rows[n], weight, out=d_x[n])

        parallel.run(of_samples, self._lanes(len(rows), self.inputs * self.outputs))
        return d_x.reshape(saved.x.shape), d_params

    def backward_params(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> Params:
        (weight, bias), x = saved
        cotangent("Linear.backward", d_y, (*x.shape[:-1], self.outputs))
        x_rows, rows = x.reshape(-1, self.inputs), d_y.reshape(-1, self.outputs)
        d_bias = None if bias is None else rows.sum(axis=0)
        d_weight = np.empty(weight.shape, np.result_type(d_y, x))

        def of_outputs(o: slice) -> None:
            product(rows[:, o].T, x_rows, out=d_weight[o])

        parallel.run(of_outputs, self._lanes(self.outputs, self.inputs * len(rows)))
        return self.Params(d_weight, d_bias)

    def _lanes(self, count: int, products: int) -> list[slice]:
        """range(count) in lanes worth a thread, with so many products for each of its numbers."""
        return parallel.lanes(count, LANE // products)

    def _check(self, params: Params, x: Array) -> np.dtype:
        weight, bias = params
        sequence("Linear", x, check_values=False)
        if weight.shape != (self.outputs, self.inputs):
            raise NumsnnError(
                f"Linear: weight must be {(self.outputs, self.inputs)}, found {weight.shape}"
            )
        if x.shape[-1] != self.inputs:
            raise NumsnnError(
                f"Linear: x has {x.shape[-1]} features on its last axis, weight expects {self.inputs} "
                f"(x {x.shape}, weight {weight.shape})"
            )
        if (bias is not None) != self.bias or (bias is not None and bias.shape != (self.outputs,)):
            raise NumsnnError(
                f"Linear: bias must be {(self.outputs,) if self.bias else None}, "
                f"found {None if bias is None else bias.shape}"
            )
        return one_precision("Linear", x, weight=weight, bias=bias)
