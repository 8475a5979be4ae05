"""What the planted errors of one function share."""

from numsnn.mutants.edit import Mutant

STEP = "numsnn.neurons:LIF._backward"  # one neuron, backwards through time
WHOLE = "numsnn.neurons:LIF._back_in_time"  # the tiles of the batch around it


def in_step(
    name: str, old: str, new: str, imitates: str, also: tuple[tuple[str, str], ...] = ()
) -> Mutant:
    """An error in the recursion backwards."""
    return Mutant(name, STEP, old, new, imitates, also=also)
