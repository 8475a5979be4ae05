"""The matrix products of a training step and nothing else: the limit of whoever multiplies them.

A layer with weights [O, K] takes M rows of K numbers (a convolution: those of im2col):

    forward            rows   [M, O] = cols [M, K] W'
    weight gradient    dW     [O, K] = rows' [O, M] cols
    input gradient     d_cols [M, K] = rows [M, O] W

The first layer needs no input gradient and has none here. Ahead of the first neuron a still image
counts once, behind it T times. Operands lie in buffers that stay in the caches; nothing is
gathered, added up or written anywhere.
"""

import math
import time
from typing import Any, NamedTuple

import numpy as np

from numsnn import parallel
from numsnn.bench.contest import Contestant
from numsnn.bench.workloads import Workload
from numsnn.describe import operations

CHUNKS = (1 << 17, 1 << 19)  # numbers in the operand of a product that one thread does by itself
BLOCK = 1 << 24  # the same for a product that all threads of BLAS do together
WAYS = (*(f"chunks of {chunk}" for chunk in CHUNKS), "one product")


class Product(NamedTuple):
    """The products of one layer: M rows of K numbers, O outputs."""

    name: str
    rows: int
    depth: int
    outputs: int
    input_gradient: bool

    @property
    def operations(self) -> int:
        """Multiplications and additions, each counted."""
        return 2 * self.rows * self.depth * self.outputs * (3 if self.input_gradient else 2)


def products(network: Any, input_shape: tuple[int, ...], T: int, batch: int) -> list[Product]:
    """One entry for each layer with weights, in forward order."""
    found = []
    for number, row in enumerate(operations(network, input_shape, T)):
        outputs, places = row.shape[0], math.prod(row.shape[1:])
        depth = row.operations // (outputs * places)
        rows = batch * row.computed * places
        found.append(Product(row.name, rows, depth, outputs, number > 0))
    return found


def products_of(workload: Workload) -> list[Product]:
    return products(workload.network(), workload.input_shape, workload.T, workload.batch)


class Bare:
    """A contestant whose turn does all products in every way; the fastest way of each counts."""

    def __init__(self, workload: Workload) -> None:
        self.products, self.turns = products_of(workload), workload.turn
        self.runs = {
            f"{product.name}, {way}": run
            for product in self.products
            for way, run in zip(
                WAYS,
                (*(_chunked(product, chunk) for chunk in CHUNKS), _whole(product)),
                strict=True,
            )
        }
        self.turn()

    def contestant(self) -> Contestant:
        return Contestant("products", self.turn)

    def turn(self) -> dict[str, float]:
        found = {}
        for name, run in self.runs.items():
            began = time.perf_counter()
            for _ in range(self.turns):
                run()
            found[name] = (time.perf_counter() - began) / self.turns
        return found

    def limit(self, medians: dict[str, float]) -> float:
        """Seconds of a step's products, each done in its fastest way."""
        return sum(
            min(medians[f"{product.name}, {way}"] for way in WAYS) for product in self.products
        )


class Operands(NamedTuple):
    """Buffers for one product at a time."""

    cols: np.ndarray
    weight: np.ndarray
    rows: np.ndarray
    d_weight: np.ndarray
    d_cols: np.ndarray

    @classmethod
    def of(cls, product: Product, rows: int) -> "Operands":
        rng = np.random.default_rng(0)
        M, K, O = rows, product.depth, product.outputs  # noqa: E741  as above
        shapes = ((M, K), (O, K), (M, O), (O, K), (M, K))
        return cls(*(rng.random(shape, dtype=np.float32) for shape in shapes))

    def multiply(self, rows: int, input_gradient: bool) -> None:
        """The two or three products of the first ``rows`` rows."""
        cols, out = self.cols[:rows], self.rows[:rows]
        np.matmul(cols, self.weight.T, out=out)
        np.matmul(out.T, cols, out=self.d_weight)
        if input_gradient:
            np.matmul(out, self.weight, out=self.d_cols[:rows])


def _chunked(product: Product, numbers: int) -> Any:
    """A function that does the products in chunks, on as many threads as there are."""
    most = max(1, numbers // product.depth)
    lanes = parallel.lanes(product.rows, most)
    least = min(most, product.rows)
    operands = [Operands.of(product, least) for _ in lanes]

    def lane(number: int) -> None:
        count = lanes[number].stop - lanes[number].start
        for begin in range(0, count, least):
            operands[number].multiply(min(least, count - begin), product.input_gradient)

    return lambda: parallel.run(lane, list(range(len(lanes))))


def _whole(product: Product) -> Any:
    """A function that gives BLAS as many rows at once as fit a block, and all its threads."""
    most = min(product.rows, max(1, BLOCK // product.depth))
    operands = Operands.of(product, most)

    def run() -> None:
        for begin in range(0, product.rows, most):
            operands.multiply(min(most, product.rows - begin), product.input_gradient)

    return run
