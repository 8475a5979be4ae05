"""The nodes and edges of NIR as a network of layers."""

from types import ModuleType
from typing import Any

import numpy as np

from numsnn.chains import Chain, joined
from numsnn.compose import Identity, Repeat, Residual, Serial
from numsnn.conv import Conv2d
from numsnn.errors import NumsnnError
from numsnn.layer import Array, named
from numsnn.linear import Linear
from numsnn.neurons import LIF
from numsnn.nir_graph import Graph
from numsnn.pooling import AvgPool2d, Flatten
from numsnn.readouts import Accumulate, MeanOverTime
from numsnn.shapes import output_shape
from numsnn.validate import finite, require

KINDS = "Input, Output, Affine, Linear, Conv2d, SumPool2d, AvgPool2d, Flatten, LIF, IF, I"


class Import:
    """Reads one graph; ``network`` gives the layers and their parameters."""

    def __init__(
        self, nir: ModuleType, graph: Any, dt: float | None, reset: str | None, tie: str | None
    ) -> None:
        require(
            isinstance(graph, nir.NIRGraph),
            f"from_nir: expected a NIRGraph, found {type(graph).__name__}",
        )
        self.nir, self.graph, self.nodes = nir, Graph(nir, graph), graph.nodes
        self.metadata = graph.metadata if isinstance(graph.metadata, dict) else {}
        known = self.metadata.get("dt")
        self.dt = dt if dt is not None else None if known is None else float(known)
        self.reset, self.tie = reset, tie
        weights = [n.weight.dtype for n in self.nodes.values() if hasattr(n, "weight")]
        self.dtype = np.float64 if np.float64 in weights else np.float32

    def network(self) -> tuple[Any, Any]:
        """The chain from Input to Output."""
        first, last = (self.graph.only(kind) for kind in ("Input", "Output"))
        shape = tuple(int(n) for n in self.nodes[first].input_type["input"])
        chain = self._chain(self.graph.next(first), last, shape)[0]
        if steps := int(self.metadata.get("steps", 0)):
            chain.insert(self._place_of_repeat(chain), (Repeat(steps), None))
        if self.metadata.get("readout") == "mean":
            chain.append((MeanOverTime(), None))
        layers, params = zip(*chain, strict=True) if chain else ((), ())
        return named(Serial(*layers)), params

    # -- the graph ---------------------------------------------------------------------------------

    def _chain(
        self, heads: list[str], stop: str, shape: tuple[int, ...]
    ) -> tuple[Chain, tuple[int, ...]]:
        """The layers from ``heads`` up to, without, the node ``stop``; and the shape there."""
        chain: Chain = []
        while heads != [stop]:
            if len(heads) > 1:
                meeting = self.graph.meeting(heads)
                branches = [self._chain([head], meeting, shape) for head in heads]
                shapes = {after for _, after in branches}
                require(
                    len(shapes) == 1,
                    f"from_nir: branches of shapes {sorted(shapes)} are added at {meeting!r}",
                )
                chain.append(_summed([joined(branch) for branch, _ in branches]))
                shape, heads = shapes.pop(), [meeting]
                continue
            name = heads[0]
            link = self._layer(name, self.nodes[name], shape)
            if link is not None:
                shape = self._behind(name, link[0], shape)
                chain.append(link)
            heads = self.graph.next(name)
        return chain, shape

    def _behind(self, name: str, layer: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape behind a node's layer; an error where the layer does not fit names the node."""
        try:
            return output_shape(layer, shape)
        except NumsnnError as error:
            kind = type(self.nodes[name]).__name__
            raise NumsnnError(
                f"from_nir: the {kind} {name!r} does not fit the shape {shape}: {error}"
            ) from None

    @staticmethod
    def _place_of_repeat(chain: Chain) -> int:
        """Ahead of the first neuron, or of the first block."""
        for i, (layer, _) in enumerate(chain):
            if isinstance(layer, LIF | Accumulate | Residual | Serial):
                return i
        return len(chain)

    # -- nodes -------------------------------------------------------------------------------------

    def _layer(self, name: str, node: Any, shape: tuple[int, ...]) -> tuple[Any, Any] | None:
        nir = self.nir
        for field, value in vars(node).items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                finite("from_nir", f"the {field} of the {type(node).__name__} {name!r}", value)
        if isinstance(node, nir.Conv2d):
            return self._convolution(name, node)
        if isinstance(node, nir.Affine | nir.Linear):
            outputs, inputs = node.weight.shape
            bias = getattr(node, "bias", None)
            layer = Linear(inputs, outputs, bias is not None)
            return layer, Linear.Params(self._array(node.weight), self._cast(bias))
        if isinstance(node, nir.AvgPool2d | nir.SumPool2d):
            return self._pooling(name, node, shape)
        if isinstance(node, nir.Flatten):
            return self._flatten(name, node, shape)
        if isinstance(node, nir.LIF | nir.IF):
            return self._neuron(name, node, shape)
        if isinstance(node, nir.I):
            gain = np.asarray(node.r, np.float64) * self._dt()
            require(
                np.allclose(gain, 1, rtol=1e-12, atol=0),
                f"from_nir: the integrator {name!r} of shape {shape} has r dt = {gain.flat[0]:g}; "
                "only 1 has a layer here",
            )
            return Accumulate(), Accumulate.Params()
        raise NumsnnError(
            f"from_nir: the node {name!r}, a {type(node).__name__} behind a shape {shape}, has no "
            f"layer here; there are layers for {KINDS}"
        )

    def _convolution(self, name: str, node: Any) -> tuple[Conv2d, Conv2d.Params]:
        outputs, inputs, *kernel = node.weight.shape
        require(
            set(_pair(node.dilation)) == {1} and not isinstance(node.padding, str),
            f"from_nir: the Conv2d {name!r} has dilation {_pair(node.dilation)} and padding "
            f"{node.padding!r}; layers here have dilation 1 and padding in numbers",
        )
        groups = int(node.groups)
        layer = Conv2d(
            inputs * groups, outputs, tuple(kernel), _pair(node.stride), _pair(node.padding), groups
        )
        return layer, Conv2d.Params(self._array(node.weight), self._cast(node.bias))

    def _pooling(self, name: str, node: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
        """The mean of windows; their sum is a convolution of ones."""
        size, stride, padding = (_pair(x) for x in (node.kernel_size, node.stride, node.padding))
        if isinstance(node, self.nir.SumPool2d):
            channels = shape[0]
            layer = Conv2d(channels, channels, size, stride, padding, channels, bias=False)
            return layer, Conv2d.Params(np.ones(layer.weight_shape, self.dtype), None)
        if size == shape[1:] and not any(padding):
            return AvgPool2d(None), None
        require(
            size[0] == size[1] and stride[0] == stride[1] and not any(padding),
            f"from_nir: the AvgPool2d {name!r} has windows {size}, stride {stride}, padding "
            f"{padding}; layers here have square windows and strides, and no padding",
        )
        return AvgPool2d(size[0], None if stride == size else stride[0]), None

    def _flatten(self, name: str, node: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
        """Axes 0 to rank - 1 counted without the batch, 1 to rank with it; writers differ."""
        start, end, rank = int(node.start_dim), int(node.end_dim), len(shape)
        require(
            (start, end) in ((0, -1), (0, rank - 1), (1, -1), (1, rank), (-rank, -1)),
            f"from_nir: the Flatten {name!r} of shape {shape} joins the axes {start} to {end}; the "
            "layer here joins all axes of a sample",
        )
        return Flatten(), None

    def _neuron(self, name: str, node: Any, shape: tuple[int, ...]) -> tuple[LIF, LIF.Params]:
        """v += dt/tau (r I - v) fires as  h = decay h + I  with threshold/gain, gain = r dt/tau."""
        leaks = isinstance(node, self.nir.LIF)
        for what in ("v_leak", "v_reset"):
            value = getattr(node, what, None)
            require(
                value is None or not np.any(value),
                f"from_nir: the {type(node).__name__} {name!r} of shape {shape} has a {what} other "
                "than 0; neurons here rest at and return to 0",
            )
        tau = np.asarray(node.tau, np.float64) if leaks else 1.0
        require(
            not leaks or np.min(tau) >= self._dt() * (1 - 1e-12),
            f"from_nir: the LIF {name!r} of shape {shape} has a tau of {np.min(tau):g} s, below the "
            f"step dt = {self._dt():g} s; its decay 1 - dt/tau would be negative, take a smaller dt",
        )
        share = self._dt() / tau
        decay = np.maximum(1 - share, 0) if leaks else np.ones(shape)
        gain = np.asarray(node.r, np.float64) * share
        require(
            np.all(gain > 0),
            f"from_nir: the {type(node).__name__} {name!r} has a resistance of 0 or less",
        )
        gain = np.where(np.abs(gain - 1) < 1e-12, 1, gain)
        said = node.metadata if isinstance(node.metadata, dict) else {}
        threshold = self._few(np.asarray(node.v_threshold, np.float64) / gain)
        decay = self._few(decay)
        reset = self.reset or said.get("reset", "hard")
        layer = LIF(
            decay=float(decay.flat[0]) if decay.ndim == 0 else 0.0,
            threshold=float(threshold.flat[0]) if threshold.ndim == 0 else 0.0,
            reset=reset,
            tie=self.tie or said.get("tie", "silent"),
            decay_shape=decay.shape,
            threshold_shape=threshold.shape,
        )
        amount = self._few(said["amount"]) if "amount" in said and reset == "soft" else None
        width = np.asarray(layer.width, self.dtype)
        return layer, LIF.Params(decay, threshold, width, amount=amount)

    def _dt(self) -> float:
        require(
            self.dt is not None,
            "from_nir: the graph's metadata have no dt; hand in dt= in seconds (written by snnTorch "
            "or SpikingJelly 1e-4, by Norse 1e-3, by Spyx 1)",
        )
        return self.dt  # type: ignore[return-value]

    def _cast(self, x: Array | None) -> Array | None:
        return None if x is None else self._array(x)

    def _array(self, x: Any) -> Array:
        return np.asarray(x, self.dtype)

    def _few(self, x: Any) -> Array:
        """x in the network's precision; one number where all are the same."""
        x = self._array(x)
        return x.reshape(-1)[0].reshape(()) if (x == x.reshape(-1)[0]).all() else x


def _pair(x: Any) -> tuple[int, int]:
    sizes = tuple(int(n) for n in np.ravel(x))
    return (sizes[0], sizes[-1])


def _summed(branches: Chain) -> tuple[Any, Any]:
    """The sum of two or more branches; what does nothing is the shortcut."""
    branches = sorted(branches, key=lambda link: isinstance(link[0], Identity))
    layer, params = branches[-1]
    for body, share in reversed(branches[:-1]):
        layer, params = Residual(body, layer), Residual.Params(share, params)
    return layer, params
