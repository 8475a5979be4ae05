"""PSG's rule for gamma and the exact one, side by side on one example.

python -m numsnn.papers.psg_figure --out figures/psg_rules.png
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from numsnn.compose import Serial
from numsnn.layer import named
from numsnn.linear import Linear
from numsnn.losses import cross_entropy
from numsnn.modes import relaxed
from numsnn.neurons import LIF
from numsnn.papers.potential import PotentialLIF
from numsnn.papers.psg_surrogates import FORMS, PSGArctangent, PSGSoftplus
from numsnn.readouts import MeanOverTime

SURROGATES = {"arctangent": PSGArctangent, "softplus": PSGSoftplus}
RULES = ("paper", "rescaled")
PAPER, EXACT, OTHER, INK = "#D55E00", "#0072B2", "#999999", "#333333"
TITLES = {
    "arctangent": "layers that fire: eq. 12 beside\nthe partial that belongs to eq. 11",
    "softplus": "layers that put out potentials: eq. 17\nbeside the partial that belongs to eq. 16",
}


def slopes(kind: str, gamma: float, z: np.ndarray) -> dict[str, np.ndarray]:
    """The slope in gamma under each of ``FORMS``, and by central differences of the primitive."""
    surrogate, h = SURROGATES[kind], 1e-6
    found = {form: surrogate(form).slopes(z, np.float64(gamma))[1] for form in FORMS}
    above, below = (surrogate("rescaled").value(z, np.float64(gamma + s)) for s in (h, -h))
    return found | {"differences": (above - below) / (2 * h)}


class Example:
    """Two layers on 32 random samples, one step: the loss as a function of the first one's gamma.

    The spikes are replaced by the primitive, (1/gamma) arctan(gamma z) + 1/2 or its softplus twin:
    with spikes gamma does not touch the loss, and its true derivative is 0 (eq. 18).
    """

    def __init__(self, kind: str, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.neuron = {"arctangent": LIF, "softplus": PotentialLIF}[kind]
        self.kind = kind
        self.x = 1.5 * rng.standard_normal((1, 32, 6))
        self.labels = rng.integers(3, size=32)
        self.params = self.network("paper").init(rng, np.float64)

    def network(self, form: str) -> Any:
        """The same network whatever the form: only its backward pass differs."""
        neuron = self.neuron(0.5, 0.4, 1.0, SURROGATES[self.kind](form))
        return relaxed(named(Serial(Linear(6, 12), neuron, Linear(12, 3), MeanOverTime())))

    def loss(self, gamma: float, form: str) -> tuple[float, float]:
        """The loss at gamma, and its derivative by the rule of this form."""
        network = self.network(form)
        first, neuron, *rest = self.params
        params = (first, neuron._replace(width=np.float64(gamma)), *rest)
        outputs, saved = network.forward(params, self.x)
        loss, d_outputs = cross_entropy(outputs, self.labels)
        _, d_params = network.backward(saved, d_outputs)
        return float(loss), float(d_params[1].width)

    def descent(self, gamma: float, form: str, updates: int, rate: float) -> list[list[float]]:
        """[gamma, loss] before each update gamma <- gamma - rate dL/dgamma, and after the last."""
        path = []
        for _ in range(updates + 1):
            loss, slope = self.loss(gamma, form)
            path.append([gamma, loss])
            gamma -= rate * slope
        return path


def side_by_side(
    gamma: float = 2.0,
    at: Sequence[float] = (0.8, 1.4, 2.2, 3.5),
    begin: Sequence[float] = (1.0, 2.0, 5.0),
    updates: int = 200,
    rate: float = 2.0,
) -> dict[str, Any]:
    """All the numbers of the figure: slopes in gamma, the loss over gamma with tangents, descents."""
    z = np.linspace(-4, 4, 161)
    curve = np.linspace(0.55, 5.5, 100)
    data: dict[str, Any] = {"gamma": gamma, "z": z.tolist(), "rate": rate}
    for kind in SURROGATES:
        example = Example(kind)
        rows = {name: row.tolist() for name, row in slopes(kind, gamma, z).items()}
        h = 1e-5
        tangents = []
        for g in at:
            row = {rule: example.loss(g, rule)[1] for rule in RULES}
            ends = [example.loss(g + s, "paper")[0] for s in (h, -h)]
            row |= {"gamma": g, "loss": example.loss(g, "paper")[0]}
            tangents.append(row | {"differences": (ends[0] - ends[1]) / (2 * h)})
        data[kind] = {
            "slopes": rows,
            "curve": [[float(g), example.loss(g, "paper")[0]] for g in curve],
            "tangents": tangents,
            "descents": {
                rule: [example.descent(g, rule, updates, rate) for g in begin] for rule in RULES
            },
        }
    return data


def figure(data: dict[str, Any]) -> Figure:
    """``side_by_side`` as a picture: a row for each surrogate."""
    result = Figure(figsize=(12.5, 7.0), dpi=160, layout="constrained")
    for row, kind in zip(result.subplots(2, 3), SURROGATES, strict=True):
        part = data[kind]
        _slopes(row[0], data, kind)
        _tangents(row[1], part)
        _descents(row[2], part, data["rate"])
        for axes in row:
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(alpha=0.25, linewidth=0.6)
            axes.title.set_fontsize(10)
    return result


def _slopes(axes: Any, data: dict[str, Any], kind: str) -> None:
    z, rows = np.array(data["z"]), data[kind]["slopes"]
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.plot(z, rows["paper"], color=PAPER, label="the paper's, rescaled as printed")
    axes.plot(z, rows["exact"], color=OTHER, linestyle="--", label="before rescaling")
    axes.plot(z, rows["rescaled"], color=EXACT, label="exact")
    axes.plot(z[::10], rows["differences"][::10], "o", color=EXACT, markersize=3.5, fillstyle="none",
              label="exact, by differences")  # fmt: skip
    axes.set(xlabel="u - V_th", ylabel="slope in gamma", ylim=(-0.6, 1.4), title=TITLES[kind])
    axes.legend(frameon=False, fontsize=8, loc="upper left")


def _tangents(axes: Any, part: dict[str, Any]) -> None:
    gammas, losses = np.array(part["curve"]).T
    axes.plot(gammas, losses, color=INK, label="loss of the smooth network")
    reach = 0.5
    for i, tangent in enumerate(part["tangents"]):
        ends = np.array([-reach, reach])
        for rule, colour in (("paper", PAPER), ("rescaled", EXACT)):
            name = {"paper": "the paper's slope", "rescaled": "the exact slope"}[rule]
            axes.plot(
                tangent["gamma"] + ends, tangent["loss"] + ends * tangent[rule], color=colour,
                linewidth=2, label=name if i == 0 else None,
            )  # fmt: skip
    low, high = losses.min(), losses.max()
    margin = 0.25 * (high - low)
    axes.set(xlabel="gamma", ylabel="loss", ylim=(low - margin, high + margin))
    axes.set_title("the loss over gamma, and what\neach rule says its slope is")
    axes.legend(frameon=False, fontsize=8)


def _descents(axes: Any, part: dict[str, Any], rate: float) -> None:
    for rule, colour, name in (("paper", PAPER, "the paper's"), ("rescaled", EXACT, "exact")):
        for i, path in enumerate(part["descents"][rule]):
            gammas, _ = np.array(path).T
            axes.plot(gammas, color=colour, label=name if i == 0 else None)
    axes.axhline(0, color=INK, linewidth=0.6)
    axes.set(xlabel="updates", ylabel="gamma")
    axes.set_title(f"gamma <- gamma - {rate:g} dL/dgamma,\neverything else held")
    axes.legend(frameon=False, fontsize=8, loc="center right")


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figure and write its numbers beside it."""
    from numsnn.plots import save

    parser = argparse.ArgumentParser(prog="python -m numsnn.papers.psg_figure", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("figures/psg_rules.png"), metavar="FILE")
    args = parser.parse_args(argv)
    data = side_by_side()
    save(figure(data), args.out, data)
    print(args.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
