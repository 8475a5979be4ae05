"""What an inference costs in operations, from the architecture and the measured rates."""

from typing import Any, NamedTuple

from numsnn.describe import describe
from numsnn.observe import membranes, spikes
from numsnn.tree import Tree
from numsnn.validate import require


class Costs(NamedTuple):
    """Of one inference of one sample."""

    multiplications: float  # the encoding and the decoding layer: their input is not 0 or 1
    additions: float  # multiplications' own, and one for every spike that meets a weight
    synaptic: float  # r T A: rate of the input x steps x products, over layers that spikes feed
    twin: float  # multiplications, and as many additions, of the ReLU twin


def costs(network: Any, saved: Tree, input_shape: tuple[int, ...]) -> Costs:
    """tdBN Table 6's counts, with the rates of a forward pass. PSG & PDA section 5.5, r T A.

    saved: what a forward pass on [T, N, ...] saved. input_shape: of one step of one sample.
    Raises NumsnnError where a layer does not fit what comes in, or the forward pass had another shape.
    """
    found = spikes(network, saved)
    rates = {name: float(s.mean(dtype="float64")) for name, s in found.items()}
    steps = max((len(s) for s in found.values()), default=1)
    plan = describe(network, input_shape, steps)
    shapes = {name: u.shape[2:] for name, u in membranes(network, saved).items()}
    planned = [row.shape for row in plan.rows if row.neurons]
    require(
        list(shapes.values()) == planned,
        f"costs: of an input {tuple(input_shape)} the neurons have the shapes {planned}, the forward "
        f"pass had {shapes}",
    )
    synaptic = sum(
        rates[row.source] * row.steps * row.operations
        for row in plan.rows
        if row.operations and row.source is not None
    )
    return Costs(plan.multiplications, plan.additions(rates), synaptic, plan.twin_operations)
