"""STBP-tdBN eq. 11-13: the output and its loss."""

from typing import Any

import numpy as np

from numsnn.compose import Serial
from numsnn.equations.row import Formula, collected, of_paper
from numsnn.equations.tools import Array, bits, gap, gradient, normals
from numsnn.linear import Linear
from numsnn.losses import cross_entropy, log_softmax
from numsnn.readouts import MeanOverTime

row = of_paper("tdbn")


@row(
    "11",
    latex=r"Q = \frac{1}{T} \sum_{t=1}^T M o^{n,t}",
    meaning="The output: the decoding matrix on the spikes of the last layer, averaged over steps.",
    symbol="numsnn.readouts.MeanOverTime.forward",
    by="loops over steps",
    formula=lambda M, o: sum(M @ x for x in o) / len(o),
    wrong={
        "sum": lambda M, o: sum(M @ x for x in o),
        "last step": lambda M, o: M @ o[-1],
        "one step lost": lambda M, o: sum(M @ x for x in o[1:]) / len(o),
    },
)
def decoding(formula: Formula) -> float:
    network, M, o = (
        Serial(Linear(6, 4, bias=False), MeanOverTime()),
        normals(27, 4, 6),
        bits(28, 5, 6),
    )
    Q, _ = network.forward((Linear.Params(M, None), None), o[:, None])
    return gap(Q[0, 0], formula(M, o))


@row(
    "12",
    latex=r"p_i = \frac{e^{q_i}}{\sum_{j=1}^n e^{q_j}}",
    meaning="Softmax: positive, adding up to 1, blind to a shift of all outputs.",
    symbol="numsnn.losses.log_softmax",
    by="value, sum, and a shift of 1000",
    formula=lambda q: np.exp(q) / np.exp(q).sum(),
    wrong={
        "not normalised": lambda q: np.exp(q),
        "normalised without exponentials": lambda q: q / q.sum(),
        "sign": lambda q: np.exp(-q) / np.exp(-q).sum(),
    },
)
def softmax(formula: Formula) -> float:
    q = normals(29, 6)
    expected = formula(q)
    shifted = np.exp(log_softmax(q + 1000.0))
    return max(
        gap(np.exp(log_softmax(q)), expected),
        gap(shifted, expected) - 1e-12,
        gap(expected.sum(), 1),
    )


@row(
    "13",
    latex=r"L = -\sum_{i=1}^n y_i \log(p_i)",
    meaning="Cross-entropy of the label under the softmax, averaged over the batch.",
    symbol="numsnn.losses.cross_entropy",
    by="value, and gradient by finite differences",
    formula=lambda y, p: -np.sum(y * np.log(p)),
    wrong={
        "sign": lambda y, p: np.sum(y * np.log(p)),
        "exchanged": lambda y, p: -np.sum(p * np.log(y + 1e-300)),
        "log of the complement": lambda y, p: -np.sum((1 - y) * np.log(1 - p)),
    },
    bound=1e-8,
)
def entropy_loss(formula: Formula) -> float:
    outputs, labels = normals(30, 3, 4, 5), np.array([4, 0, 0, 2])

    def loss(o: Array) -> Any:
        p = np.exp(o.mean(axis=0))
        p /= p.sum(axis=1, keepdims=True)
        return np.mean(
            [formula(np.eye(5)[label], row) for label, row in zip(labels, p, strict=True)]
        )

    found, d_outputs = cross_entropy(outputs, labels)
    return max(gap(found, loss(outputs)), gap(d_outputs, gradient(loss, outputs)))


ROWS = collected(globals())
