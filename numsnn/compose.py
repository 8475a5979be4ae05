"""Serial and Residual: the only places that reverse an order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from numsnn.conv import Conv2d
from numsnn.conv_pool import linked
from numsnn.errors import NumsnnError
from numsnn.layer import Array, Cotangents, Layer, backward_params, brings, unkept
from numsnn.layout import empty_like
from numsnn.linear import Linear
from numsnn.mean_first import MeanFirst
from numsnn.pooling import AvgPool2d, Flatten
from numsnn.readouts import MeanOverTime
from numsnn.validate import cotangent, positive_integer, require, sequence

LINEAR = (AvgPool2d, Conv2d, Flatten, Linear)  # layers that give the mean of a mean


@dataclass(frozen=True)
class Identity(Layer):
    """y = x."""

    def forward(self, params: None, x: Array) -> tuple[Array, None]:
        return x, None

    def backward(
        self, saved: None, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, None]:
        return d_y, None


@dataclass(frozen=True, init=False)
class Serial(Layer):
    """y = f_k(... f_2(f_1(x))). ``Serial(f_1, f_2, ...)``; params and saved are tuples of theirs.

    A convolution and the pooling behind it are done at once, see ``numsnn.conv_pool``, and a mean over
    time ahead of linear layers, see ``numsnn.mean_first``: the result is that of one after the other
    but for rounding, params are the same. Arrays between two layers that neither keeps are written over.
    """

    layers: tuple[Any, ...]
    links: ClassVar[tuple["Link", ...]]  # of an instance: what is done one after the other

    def __init__(self, *layers: Any) -> None:
        require(
            all(hasattr(layer, "forward") and hasattr(layer, "backward") for layer in layers),
            "Serial: every argument must be a layer with forward and backward, found "
            f"{[type(layer).__name__ for layer in layers]}",
        )
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "links", _links(layers))

    def parts(self) -> dict[Any, Any]:
        return dict(enumerate(self.layers))

    def with_parts(self, parts: dict[Any, Any]) -> "Serial":
        return Serial(*parts.values())

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> tuple:
        return tuple(layer.init(rng, dtype) for layer in self.layers)

    def forward(self, params: tuple, x: Array) -> tuple[Array, tuple]:
        if not isinstance(params, tuple) or len(params) != len(self.layers):
            raise NumsnnError(
                f"Serial: params must be a tuple of {len(self.layers)}, one a layer, found "
                f"{len(params) if isinstance(params, tuple) else type(params).__name__}"
            )
        saved: list = [None] * len(self.layers)
        for link in self.links:
            x, saved[link.at] = getattr(link.layer, link.forward)(params[link.at], x)
        return x, tuple(saved)

    def backward(
        self, saved: tuple, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, tuple]:
        d_params: list = [None] * len(self.layers)
        for at, layer, _, method in reversed(self.links):
            d_y, d_params[at] = getattr(layer, method)(saved[at], d_y, d_membranes)
        return d_y, tuple(d_params)

    def backward_params(
        self, saved: tuple, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple:
        d_params: list = [None] * len(self.layers)
        for at, layer, _, method in reversed(self.links[1:]):
            d_y, d_params[at] = getattr(layer, method)(saved[at], d_y, d_membranes)
        for at, layer, *_ in self.links[:1]:
            d_params[at] = backward_params(layer, saved[at], d_y, d_membranes)
        return tuple(d_params)


class Link(NamedTuple):
    """One of the layers of a Serial, or some that are done at once as one, and the methods that do it."""

    at: Any  # its place, or the slice of places
    layer: Any
    forward: str  # "forward", or "forward_over" where nobody else holds x
    backward: str  # "backward", or "backward_over" where nobody else holds d_y


def _links(layers: tuple[Any, ...]) -> tuple[Link, ...]:
    """What a Serial of these does one after the other."""
    rows = list(_at_once(layers))
    beside = [None, *(layer for _, layer in rows), None]
    return tuple(
        Link(
            at,
            layer,
            _method(layer, "forward", before, "y"),
            _method(layer, "backward", after, "d_x"),
        )
        for (at, layer), before, after in zip(rows, beside[:-2], beside[2:], strict=True)
    )


def _method(layer: Any, name: str, other: Any, what: str) -> str:
    """A layer's method of this name, the one that writes over what the other gives where it can."""
    over = f"{name}_over"
    return over if brings(layer, over, name) and unkept(other, what) else name


def _at_once(layers: tuple[Any, ...]) -> Iterator[tuple[Any, Any]]:
    """Every layer with its place; some that are done at once as one, with a slice of places."""
    end = len(layers)
    first = _first_linear(layers[:-1]) if layers and type(layers[-1]) is MeanOverTime else end
    ahead = layers[first:-1]
    places = iter(range(first if ahead else end))
    for i in places:
        both = linked(*layers[i : i + 2]) if i + 1 < end else None
        if both is None:
            yield i, layers[i]
        else:
            yield slice(i, next(places) + 1), both
    if ahead:
        yield slice(first, end), MeanFirst(Serial(*ahead), layers[-1])


def _first_linear(layers: tuple[Any, ...]) -> int:
    """Where the linear layers begin that these end in."""
    kinds = [type(layer) in LINEAR for layer in layers]
    return len(kinds) - kinds[::-1].index(False) if False in kinds else 0


@dataclass(frozen=True)
class Residual(Layer):
    """y = body(x) + shortcut(x). Raises NumsnnError where the two differ in shape."""

    body: Any
    shortcut: Any = Identity()
    unkept = ("y", "d_x")

    class Params(NamedTuple):
        body: Any
        shortcut: Any

    class Saved(NamedTuple):
        body: Any
        shortcut: Any

    def parts(self) -> dict[Any, Any]:
        return {"body": self.body, "shortcut": self.shortcut}

    def init(self, rng: np.random.Generator, dtype: Any = np.float32) -> Params:
        return self.Params(self.body.init(rng, dtype), self.shortcut.init(rng, dtype))

    def forward(self, params: Params, x: Array) -> tuple[Array, Saved]:
        y, body = self.body.forward(params.body, x)
        short, shortcut = self.shortcut.forward(params.shortcut, x)
        if y.shape != short.shape:
            raise NumsnnError(
                f"Residual: body gives {y.shape}, shortcut gives {short.shape} for x {x.shape}"
            )
        return _sum(y, short), self.Saved(body, shortcut)

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, Params]:
        d_short, d_shortcut = self.shortcut.backward(saved.shortcut, d_y, d_membranes)
        d_x, d_body = self.body.backward(saved.body, d_y, d_membranes)
        return _sum(d_x, d_short), self.Params(d_body, d_shortcut)


def _sum(x: Array, y: Array) -> Array:
    """x + y, laid out as x is."""
    return np.add(x, y, out=empty_like(x, np.result_type(x, y)))


@dataclass(frozen=True)
class Repeat(Layer):
    """y[t] = x[0] for t = 0..steps-1: direct encoding, a still image shown at every step.

    x: [1, N, ...], y: [steps, N, ...], a view of stride 0. It stands before the first neuron, so
    what lies ahead of it is computed once, not ``steps`` times. Raises NumsnnError where x has
    more than one step.
    """

    steps: int
    unkept = ("d_x",)

    def __post_init__(self) -> None:
        positive_integer("Repeat", "steps", self.steps)

    class Saved(NamedTuple):
        shape: tuple[int, ...]

    def forward(self, params: None, x: Array) -> tuple[Array, Saved]:
        sequence("Repeat", x, check_values=False)
        if len(x) != 1:
            raise NumsnnError(f"Repeat: x must have one step on axis 0, found {len(x)} ({x.shape})")
        return np.broadcast_to(x, (self.steps, *x.shape[1:])), self.Saved(x.shape)

    def backward(
        self, saved: Saved, d_y: Array, d_membranes: Cotangents | None = None
    ) -> tuple[Array, None]:
        cotangent("Repeat.backward", d_y, (self.steps, *saved.shape[1:]))
        return d_y.sum(axis=0, keepdims=True), None
