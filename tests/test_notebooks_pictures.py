"""The notebooks' pictures: each is drawn, and its alt text says what is drawn."""

import numpy as np
import pytest

from numsnn import LIF
from numsnn.errors import NumsnnError
from numsnn.surrogates import SURROGATES
from numsnn.teaching.images import overlaps, selection, sharing, windows
from numsnn.teaching.neuron import trace, unrolled
from numsnn.teaching.slopes import gallery

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (unrolled, "Between columns h[t] leads by the factor 1 - s"),
        (lambda: unrolled(gradient=True), "by the reset from v[t] to s[t] times minus h[t]"),
        (lambda: unrolled(gradient=True, detached=True), "is missing: it is detached"),
        (lambda: gallery(SURROGATES), ", ".join(SURROGATES)),
        (windows, "5 6 7 9 10 11 13 14 15"),  # the third window of a 4x4 image, by hand
        (selection, "36 numbers of rows by 16 pixels"),
        (lambda: overlaps(3, ((2, 1, 0),)), "1 2 1; 2 4 2; 1 2 1"),  # by hand
        (lambda: overlaps(3, ((2, 1, 1),)), "4 4 4; 4 4 4; 4 4 4"),
        (sharing, "so there are 9 means"),
    ],
)
def test_a_picture_is_drawn_and_described(picture, words: str) -> None:
    made = picture()
    assert words in made.alt
    assert made.png().startswith(PNG)


def test_the_graph_loses_only_the_resets_arrows_when_detached() -> None:
    kept, detached = (unrolled(True, off).figure.axes[0].texts for off in (False, True))
    # two arrows, between steps 0 and 1 and between 1 and 2, each with its factor
    assert len(kept) - len(detached) == 4
    assert {t.get_text() for t in kept} - {t.get_text() for t in detached} == {
        r"$\times(-h[0])$",
        r"$\times(-h[1])$",
    }


@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_the_trace_falls_to_where_the_reset_leaves_it(reset: str) -> None:
    neuron = LIF(decay=0.5, threshold=1.0, reset=reset)
    current = np.array([0.75, 1.0, 0.25]).reshape(3, 1, 1)
    params = neuron.init(np.random.default_rng(0), np.float64)
    _, saved = neuron.forward(params, current)
    line = trace(saved, current, "alt").figure.axes[1].lines[0].get_ydata()
    left = 0.0 if reset == "hard" else 0.375
    assert np.allclose(line[:8], [0.75, 0.75, 0.375, 1.375, left, left / 2, 0.25 + left / 2,
                                  0.25 + left / 2])  # fmt: skip


def test_what_cannot_be_drawn_is_one_error() -> None:
    with pytest.raises(NumsnnError, match=r"trace: current must be \[T, N, neurons\]"):
        trace(None, np.zeros((3, 1)), "alt")  # type: ignore[arg-type]
    with pytest.raises(NumsnnError, match="at least one surrogate"):
        gallery({})
    with pytest.raises(NumsnnError, match="size - kernel must be 1"):
        windows(5, 3)
    with pytest.raises(NumsnnError, match="size must exceed kernel"):
        selection(3, 3)
    with pytest.raises(NumsnnError, match="at most 4 channels"):
        sharing(C=5)
