"""What a network costs, without running it: layers, shapes, parameters, operations.

An operation is a multiplication and an addition of one weight with one input. Where the input is a
spike there is nothing to multiply, and where it is silent nothing to add: so a spiking layer costs
(rate of its input) x T x (operations a step) additions. Norms count nothing, for they can be folded
into weights; nor do poolings, activations and the neurons' own updates. This is the way of counting
of tdBN's Table 6 and of PSG & PDA's Table 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numsnn.modes import relu_twin
from numsnn.shapes import Row, Shape, output_shape, rows, steps_of
from numsnn.validate import positive_integer, require

__all__ = ["Description", "Row", "describe", "operations", "output_shape"]


@dataclass(frozen=True)
class Description:
    """The rows of a network, and of its ReLU twin that computes without time."""

    input_shape: Shape
    T: int
    rows: tuple[Row, ...]
    twin: tuple[Row, ...]

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def weight_layers(self) -> int:
        """Convolutions and dense layers outside shortcuts: the number in an architecture's name."""
        return sum(
            row.kind in ("Conv2d", "Linear") and "/shortcut" not in f"/{row.name}"
            for row in self.rows
        )

    @property
    def multiplications(self) -> int:
        """Of an inference of one sample. tdBN Table 6, upper half."""
        return sum(row.multiplications for row in self.rows)

    def additions(self, rates: float | Mapping[str, float] = 1.0) -> float:
        """Of an inference of one sample; rates: spikes a neuron and step, one number or by name.

        1 is the most there can be. Raises NumsnnError where the name of a neuron is missing.
        """
        return sum(row.additions(_rate(row, rates)) for row in self.rows)

    @property
    def twin_operations(self) -> int:
        """Multiplications, and as many additions, of the ReLU twin. tdBN Table 6, lower half."""
        return sum(row.operations for row in self.twin)

    def as_json(self) -> dict[str, Any]:
        """All numbers, for another program."""
        rows = [{**row._asdict(), "multiplications": row.multiplications} for row in self.rows]
        return {
            "input_shape": list(self.input_shape),
            "T": self.T,
            "weight_layers": self.weight_layers,
            "parameters": self.parameters,
            "neurons": sum(row.neurons for row in self.rows),
            "multiplications": self.multiplications,
            "additions_if_all_fire": int(self.additions()),
            "twin_operations": self.twin_operations,
            "layers": rows,
        }

    def table(self) -> str:
        """The rows in columns, and the sums."""
        head = ("layer", "kind", "shape", "parameters", "operations/step", "input", "multiplied")
        lines = [head] + [
            (
                row.name,
                row.kind,
                "x".join(map(str, row.shape)),
                f"{row.parameters:,}" if row.parameters else "",
                f"{row.operations:,}" if row.operations else "",
                _input(row),
                f"{row.multiplications:,}" if row.multiplications else "",
            )
            for row in self.rows
        ]
        wide = [max(len(line[i]) for line in lines) for i in range(len(head))]
        right = (False, False, True, True, True, False, True)
        text = [
            "  ".join(
                c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, wide, right, strict=True)
            ).rstrip()
            for line in lines
        ]
        neurons = sum(row.neurons for row in self.rows)
        return "\n".join(
            [
                *text,
                f"{self.weight_layers} weight layers, {self.parameters:,} parameters, "
                f"{neurons:,} neurons; one inference of a sample, T = {self.T}:",
                f"  multiplications {self.multiplications:.4g}",
                f"  additions       {self.additions():.4g} if every neuron fired at every step; "
                "times the rate otherwise",
                f"  ReLU twin       {self.twin_operations:.4g} of either",
            ]
        )


def _input(row: Row) -> str:
    if not row.operations:
        return ""
    return "real" if row.source is None else f"spikes of {row.source}" + ", decoded" * row.decodes


def describe(network: Any, input_shape: Shape, T: int | None = None) -> Description:
    """Layers, shapes, parameters and operations of ``network`` for one sample.

    input_shape: (C, H, W) or (features,), without steps and samples. T: the steps; None: those of
    its Repeat, or 1 where it has none. The encoding layer counts T times, though this library
    computes it once for a still image (``computed``); the decoding layer counts as multiplications,
    though spikes come in. Both are tdBN's way, and give its Table 6. Raises NumsnnError where a
    layer does not fit what comes in.
    """
    steps = steps_of(network) if T is None else T
    positive_integer("describe", "T", steps)
    twin = relu_twin(network)
    return Description(
        tuple(input_shape),
        steps,
        rows(network, input_shape, steps),
        rows(twin, input_shape, 1),
    )


def operations(network: Any, input_shape: Shape, T: int | None = None) -> list[Row]:
    """The rows of ``describe`` that hold weights: ``row.operations`` products of each a step."""
    return [row for row in describe(network, input_shape, T).rows if row.operations]


def _rate(row: Row, rates: float | Mapping[str, float]) -> float:
    source = row.source
    if source is None or row.multiplied or not row.operations:
        return 1.0
    if not isinstance(rates, Mapping):
        return float(rates)
    require(source in rates, f"additions: no rate of {source!r}, found {sorted(rates)}")
    return float(rates[source])
