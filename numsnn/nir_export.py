"""A folded network as the nodes and edges of NIR."""

from types import ModuleType
from typing import Any

import numpy as np

from numsnn.compose import Identity, Repeat, Residual, Serial
from numsnn.conv import Conv2d, pair
from numsnn.errors import NumsnnError
from numsnn.layer import Array
from numsnn.linear import Linear
from numsnn.neurons import LIF
from numsnn.pooling import AvgPool2d, Flatten
from numsnn.readouts import Accumulate, MeanOverTime
from numsnn.shapes import Shape, output_shape
from numsnn.validate import require

KINDS = "Conv2d, Linear, AvgPool2d, Flatten, LIF, Accumulate, Residual, Repeat, MeanOverTime"


class Export:
    """Nodes and edges so far; ``heads`` are the nodes whose sum comes next, of shape ``shape``."""

    def __init__(self, nir: ModuleType, input_shape: Shape, dt: float, matched: bool) -> None:
        self.nir, self.dt, self.matched = nir, dt, matched
        self.nodes: dict[str, Any] = {"input": nir.Input({"input": np.array(input_shape)})}
        self.edges: list[tuple[str, str]] = []
        self.heads, self.shape = ["input"], input_shape
        self.metadata: dict[str, Any] = {"dt": dt, "readout": "none", "steps": 0}
        self.counts: dict[str, int] = {}

    def graph(self) -> Any:
        """The graph, checked by the package itself."""
        self._put("output", self.nir.Output({"output": np.array(self.shape)}))
        resets = {
            node.metadata["reset"] for node in self.nodes.values() if "reset" in node.metadata
        }
        self.metadata["reset"] = resets.pop() if len(resets) == 1 else "mixed" if resets else "none"
        try:
            return self.nir.NIRGraph(self.nodes, self.edges, metadata=self.metadata)
        except (ValueError, NotImplementedError) as error:
            raise NumsnnError(f"to_nir: the package nir refuses the graph: {error}") from error

    def add(self, layer: Any, params: Any) -> None:
        """One layer behind the heads."""
        require(
            self.metadata["readout"] == "none" or isinstance(layer, Identity),
            f"to_nir: {type(layer).__name__} stands behind the mean over time, which must be last",
        )
        if isinstance(layer, Serial):
            for part, share in zip(layer.layers, params, strict=True):
                self.add(part, share)
        elif isinstance(layer, Residual):
            self._residual(layer, params)
        elif isinstance(layer, Repeat):
            require(not self.metadata["steps"], "to_nir: the network repeats its input twice")
            self.metadata["steps"] = layer.steps
        elif isinstance(layer, MeanOverTime):
            self.metadata["readout"] = "mean"
        elif not isinstance(layer, Identity):
            node = self._node(layer, params)
            self.shape = output_shape(layer, self.shape)
            kind = type(layer).__name__.lower()
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self._put(f"{kind}_{self.counts[kind]}", node)

    def _put(self, name: str, node: Any) -> None:
        self.nodes[name] = node
        self.edges += [(head, name) for head in self.heads]
        self.heads = [name]

    def _residual(self, layer: Residual, params: Any) -> None:
        """Two branches from one node; their ends are summed by whatever comes next."""
        start, shape = self.heads, self.shape
        require(
            len(start) == 1,
            f"to_nir: a residual block of input {shape} begins at a sum; a sum needs a node of its "
            "own in the format, so a layer must stand between two blocks",
        )
        self.add(layer.body, params.body)
        body = self.heads
        self.heads, self.shape = start, shape
        self.add(layer.shortcut, params.shortcut)
        both = [*body, *self.heads]
        require(
            len(set(both)) == len(both),
            f"to_nir: both branches of a residual block of {shape} end in {both[0]!r}; the format "
            "has no edge of weight two",
        )
        self.heads = both

    # -- nodes -------------------------------------------------------------------------------------

    def _node(self, layer: Any, params: Any) -> Any:
        nir = self.nir
        if isinstance(layer, Conv2d):
            return nir.Conv2d(
                input_shape=self.shape[1:],
                weight=dense_groups(params.weight, layer.groups),
                stride=pair(layer.stride),
                padding=pair(layer.padding),
                dilation=1,
                groups=1,
                bias=_bias(params),
            )
        if isinstance(layer, Linear):
            return nir.Affine(weight=params.weight, bias=_bias(params))
        if isinstance(layer, AvgPool2d):
            return self._pooling(layer)
        if isinstance(layer, Flatten):
            return nir.Flatten({"input": np.array(self.shape)}, start_dim=0, end_dim=-1)
        if type(layer) is LIF:
            return self._neuron(layer, params)
        if isinstance(layer, Accumulate):
            self._at_rest(layer, params)
            return nir.I(r=np.full(self.shape, 1 / self.dt))
        raise NumsnnError(
            f"to_nir: {self._title(layer)} has no node in the format; there are nodes for {KINDS}"
        )

    def _pooling(self, layer: AvgPool2d) -> Any:
        size = np.array(self.shape[1:] if layer.size is None else (layer.size,) * 2)
        stride = size if layer.stride is None else np.array((layer.stride,) * 2)
        return self.nir.AvgPool2d(kernel_size=size, stride=stride, padding=np.array((0, 0)))

    def _neuron(self, layer: LIF, params: LIF.Params) -> Any:
        """tau = dt/(1 - decay), r = 1 or tau/dt; a decay of 1 integrates without a leak."""
        self._at_rest(layer, params)
        for what, found in (("a norm on its membrane", layer.norm), ("lateral", layer.lateral),
                            ("a firing direction", params.direction)):  # fmt: skip
            require(
                found is None,
                f"to_nir: {self._title(layer)} has {what}, which the format has no field for",
            )
        decay, threshold = (self._full(x) for x in (params.decay, params.threshold))
        metadata: dict[str, Any] = {"reset": layer.reset, "tie": layer.tie}
        if params.amount is not None:
            metadata["amount"] = self._full(params.amount)
        if (decay == 1).all():
            r, zero = np.full(self.shape, 1 / self.dt), np.zeros(self.shape)
            return self.nir.IF(r=r, v_threshold=threshold, v_reset=zero, metadata=metadata)
        require(
            ((decay >= 0) & (decay < 1)).all(),
            f"to_nir: {self._title(layer)} has decays from {decay.min()} to {decay.max()}; time "
            "constants of the format are those of decays from 0 to less than 1, or all 1",
        )
        gain = np.ones(self.shape) if self.matched else 1 - decay
        return self.nir.LIF(
            tau=self.dt / (1 - decay),
            r=gain / (1 - decay),
            v_leak=np.zeros(self.shape),
            v_threshold=gain * threshold,
            v_reset=np.zeros(self.shape),
            metadata=metadata,
        )

    def _full(self, x: Array) -> Array:
        """x for every neuron, in double precision."""
        return np.broadcast_to(np.asarray(x, np.float64), self.shape).copy()

    def _at_rest(self, layer: Any, params: Any) -> None:
        require(
            params.initial is None,
            f"to_nir: {self._title(layer)} has an initial state, which the format has no field for",
        )

    def _title(self, layer: Any) -> str:
        name = getattr(layer, "name", "")
        return f"the {type(layer).__name__}{f' {name!r}' if name else ''} of input {self.shape}"


def dense_groups(weight: Array, groups: int) -> Array:
    """[O, C/G, kh, kw] as [O, C, kh, kw] with zeros between the groups."""
    if groups == 1:
        return weight
    outputs, inputs = len(weight) // groups, weight.shape[1]
    full = np.zeros((len(weight), inputs * groups, *weight.shape[2:]), weight.dtype)
    for g in range(groups):
        rows = slice(g * outputs, (g + 1) * outputs)
        full[rows, g * inputs : (g + 1) * inputs] = weight[rows]
    return full


def _bias(params: Any) -> Array:
    """The format's bias is mandatory."""
    weight = params.weight
    return np.zeros(len(weight), weight.dtype) if params.bias is None else params.bias
