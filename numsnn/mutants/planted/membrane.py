"""Planted errors of the neuron: what reaches the membrane and the states from outside."""

from numsnn.mutants.edit import Mutant
from numsnn.mutants.planted.places import WHOLE, in_step

MEMBRANE = (
    in_step(
        "regularizer missing",
        "d_u = d_u + extra.trace[t, n]",
        "pass",
        "the cotangent of the membrane is not taken up",
    ),
    in_step(
        "regularizer divided by T",
        "d_u = d_u + extra.trace[t, n]",
        "d_u = d_u + extra.trace[t, n] / len(s)",
        "the regularizer's mean over time taken twice",
    ),
    in_step(
        "regularizer of the step before",
        "d_u = d_u + extra.trace[t, n]",
        "d_u = d_u + extra.trace[t - 1, n]",
        "the membrane's cotangent one step late",
    ),
    in_step(
        "regularizer through the slope",
        "d_u = d_u + extra.trace[t, n]",
        "d_u = d_u + self.surrogate.slopes(z, width)[0] * extra.trace[t, n]",
        "the membrane's cotangent taken for the spikes'",
    ),
    in_step(
        "regularizer behind the norm",
        "d_u = d_u + extra.trace[t, n]",
        "pass",
        "the cotangent of u given to h",
        also=(
            (
                "np.add(d_u, d_carried, ",
                "np.add(d_u, d_carried + (0 if extra.trace is None else extra.trace[t, n]), ",
            ),
        ),
    ),
    in_step(
        "final potential's cotangent missing",
        "(p[n] for p in extra.final)",
        "(0 * p[n] for p in extra.final)",
        "a chunk of a sequence that forgets what comes after it",
    ),
    in_step(
        "final potential and spikes exchanged",
        "d_v, d_s_next = (None",
        "d_s_next, d_v = (None",
        "the two parts of a state in the wrong order",
    ),
    in_step(
        "initial potential's cotangent before the leak",
        "d_initial.membrane[n] = before",
        "d_initial.membrane[n] = d_h",
        "h's cotangent in place of v's",
    ),
    Mutant(
        "initial state's cotangent missing",
        WHOLE,
        "None if saved.params.initial is None else State(*both)",
        "None",
        "a chunk of a sequence that tells nothing to the one before",
    ),
    Mutant(
        "batch of the regularizer mixed up",
        WHOLE,
        "pieces.cut(extra.trace)",
        "pieces.cut(extra.trace[:, ::-1])",
        "the samples of the membrane's cotangent in another order",
    ),
    Mutant(
        "tile's spikes of the first samples",
        WHOLE,
        "self._backward(inside, n, d_s[:, n], extra, ",
        "self._backward(inside, n, d_s[:, : n.stop - n.start], extra, ",
        "every tile of the batch reads the first one's cotangent",
    ),
    Mutant(
        "parameters of the last tile",
        WHOLE,
        "tree_sum(parallel.run(tile, self._tiles(d_s.shape)))",
        "parallel.run(tile, self._tiles(d_s.shape))[-1]",
        "a stale buffer: the gradient of one tile of the batch for that of all",
    ),
    Mutant(
        "regularizer under another name",
        "numsnn.states:MembraneCotangent.of",
        "(d_membranes or {}).get(name) if name else None",
        '(d_membranes or {}).get(name + "!") if name else None',
        "a membrane's cotangent that never finds its neuron",
    ),
)

MUTANTS = MEMBRANE
