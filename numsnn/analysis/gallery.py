"""``python -m numsnn.analysis.gallery [FOLDER]``: every picture of an analysis, on the digits.

Small networks with tdBN, with MPBN, with MPD-Loss in a norm's place and with nothing learn the
embedded digits for a few epochs from one seed; then everything in ``numsnn.analysis`` looks at them.
An illustration, not a result: one seed, few epochs.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from numsnn.analysis import (
    activity,
    costs,
    filter_normalised,
    histograms,
    landscape,
    membrane_gradient_norms,
    phi_by_probes,
    plots,
    robustness,
)
from numsnn.compose import Serial
from numsnn.conv import Conv2d
from numsnn.data import load
from numsnn.evaluation import evaluate
from numsnn.layer import named
from numsnn.losses import cross_entropy
from numsnn.modes import evaluating
from numsnn.neurons import LIF
from numsnn.norms import BatchNorm
from numsnn.observe import spikes
from numsnn.papers import recipe
from numsnn.plots import save
from numsnn.surrogates import Rectangular
from numsnn.training import train

EPOCHS, SAMPLES = 4, 128
SHAPE = (1, 8, 8)


def main(folder: str = "figures") -> int:
    """Train, analyse, draw; print what was written."""
    digits, out = load("digits"), Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    x, labels = digits.test_x[None, :SAMPLES], digits.test_y[:SAMPLES]
    rng = np.random.default_rng(0)
    seen = {label: _look(method, digits, x, labels) for label, method in METHODS.items()}

    def draw(name: str, figure: Any, data: Any) -> None:
        save(figure, out / f"analysis_{name}.png", data)
        print(out / f"analysis_{name}.png")

    rows = {label: each["activity"] for label, each in seen.items()}
    table = {label: [row._asdict() for row in found] for label, found in rows.items()}
    draw("rates", plots.rates(rows), table)
    draw("entropy", plots.through_layers(rows), table)
    spent = {label: each["costs"] for label, each in seen.items()}
    data = {label: each._asdict() for label, each in spent.items()}
    draw("costs", plots.costs(spent), data)
    norms = {label: each["gradients"] for label, each in seen.items()}
    draw("gradients", plots.gradients(norms), norms)
    shown = seen["tdBN"]["histograms"][-1]
    shares = {name: one.share.tolist() for name, one in shown.items()}
    draw("potentials", plots.potentials(shown, title="Potentials with tdBN"), shares)
    firing = seen["MPD-Loss"]["spikes"]
    epochs = [{name: each[name] for name in firing} for each in seen["MPD-Loss"]["histograms"]]
    by_epoch = [{name: one.share.tolist() for name, one in each.items()} for each in epochs]
    draw("epochs", plots.over_epochs(epochs, title="Potentials under MPD-Loss"), by_epoch)
    fired = {label: each["spikes"] for label, each in seen.items() if label in SHOWN}
    rate = {
        label: {name: s.mean(axis=(0, 1, 3, 4)).tolist() for name, s in each.items()}
        for label, each in fired.items()
    }
    draw("channels", plots.channels(fired), rate)

    steps = np.linspace(-1, 1, 21)
    lines = {
        label: landscape(
            each["loss"], each["params"], [filter_normalised(each["params"], rng)], steps
        )
        for label, each in seen.items()
    }
    values = {label: line.tolist() for label, line in lines.items()}
    draw("landscape", plots.landscapes(steps, lines), {"steps": steps.tolist(), **values})
    coarse = np.linspace(-1, 1, 17)
    grids = {}
    for label in PAIR:
        directions = [filter_normalised(seen[label]["params"], rng) for _ in range(2)]
        grids[label] = landscape(seen[label]["loss"], seen[label]["params"], directions, coarse)
    data = {"steps": coarse.tolist(), **{label: grid.tolist() for label, grid in grids.items()}}
    draw("landscape_2d", plots.landscapes(coarse, grids, "Loss around the trained weights"), data)

    noise = {
        kind: {
            label: robustness(each["network"], each["params"], x, labels, LEVELS, rng, kind=kind)
            for label, each in seen.items()
        }
        for kind in ("mismatch", "thermal")
    }
    data = {
        kind: {label: curve.accuracy.tolist() for label, curve in curves.items()}
        for kind, curves in noise.items()
    }
    draw("robustness", plots.robustness(*noise.values()), {"levels": LEVELS, **data})
    phi = {f"a = {a}": _stack(a, rng) for a in (0.5, 1.0, 2.0)}
    draw("isometry", plots.isometry(phi, "phi(JJ') of conv, tdBN, LIF with slopes of width a"), phi)
    for label, each in seen.items():
        print(label, each["costs"], f"test accuracy {each['accuracy']:.3f}")
    return 0


METHODS = {"tdBN": "tdbn", "BN and MPBN": "mpbn", "MPD-Loss": "recdis", "no norm": "none"}
PAIR = ("tdBN", "BN and MPBN")  # whose landscapes are drawn in two dimensions
SHOWN = ("tdBN", "MPD-Loss", "no norm")  # whose channels are drawn
LEVELS = (0.0, 0.1, 0.2, 0.3, 0.5)  # of noise


def _look(method: str, digits: Any, x: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Train one network and gather what the pictures show of it."""
    plan = recipe(method, SHAPE, 10, T=4)
    first = plan.start(np.random.default_rng(0), np.float32)
    seen = [histograms(plan.network, plan.network.forward(first, x)[1])]
    for state in train(plan, digits, epochs=EPOCHS):
        network = evaluating(plan.network, state.statistics)
        seen.append(histograms(network, network.forward(state.params, x)[1]))

    def loss(params: Any) -> float:
        return float(cross_entropy(network.forward(params, x)[0], labels)[0])

    outputs, saved = network.forward(state.params, x)
    _, d_outputs = cross_entropy(outputs, labels)
    test = evaluate(plan.network, state.params, state.statistics, digits.test_x, digits.test_y)
    return {
        "network": network,
        "params": state.params,
        "loss": loss,
        "activity": activity(network, saved),
        "histograms": seen,  # before the first epoch with the batch's own statistics
        "spikes": spikes(network, saved),
        "gradients": membrane_gradient_norms(network, saved, d_outputs),
        "costs": costs(network, saved, SHAPE),
        "accuracy": test.accuracy,
    }


def _stack(a: float, rng: np.random.Generator) -> dict[int, float]:
    """phi of 1, 2, 4, 8 blocks of convolution, tdBN and neuron, with a slope of width a."""
    found = {}
    for blocks in (1, 2, 4, 8):
        layers: list[Any] = []
        for _ in range(blocks):
            neuron = LIF(decay=0.0, surrogate=Rectangular(), width=a)
            layers += [Conv2d(16, 16, 3, padding=1), BatchNorm((16, 1, 1), scale=0.5), neuron]
        network = named(Serial(*layers))
        x = (rng.random((1, 4, 16, 8, 8)) < 0.3).astype(np.float64)
        params = network.init(rng, np.float64)
        found[blocks] = phi_by_probes(network, params, x, rng, probes=8).phi
    return found


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
