"""The five papers' methods: neurons, surrogates, losses and optimizers as each of them sets them.

    recipe("recdis", (1, 8, 8), 10, T=4)          a training but for its data
    recipe("tdbn+im+esg", (3, 32, 32), 10, T=4)   methods the papers combine

One module a paper: ``tdbn``, ``recdis``, ``im_loss``, ``mpbn``, ``psg_pda``.
"""

from collections.abc import Callable
from typing import Any

from numsnn.errors import NumsnnError
from numsnn.papers import baseline, im_loss, mpbn, psg_pda, recdis, tdbn
from numsnn.recipes import Recipe

METHODS: dict[str, Callable[..., Recipe]] = {
    "none": baseline.recipe,
    "tdbn": tdbn.recipe,
    "mpbn": mpbn.recipe,
    "recdis": recdis.recipe,
    "im": im_loss.recipe,
    "esg": im_loss.esg_only,
    "im-esg": im_loss.with_esg,
    "psg": psg_pda.recipe,
    "pda": psg_pda.pda_only,
    "psg-pda": psg_pda.with_pda,
    "tdbn+mpd": recdis.with_tdbn,
    "tdbn+im": im_loss.tdbn_with_im,
    "tdbn+im+esg": im_loss.tdbn_with_im_and_esg,
}
"""A recipe for each method, and for those the papers combine:
``method(input_shape, classes, T, network=, events=, rate=, ...)``."""


def recipe(
    method: str, input_shape: tuple[int, ...], classes: int, T: int, **settings: Any
) -> Recipe:
    """The recipe of a method of ``METHODS``, or of a combination in any order of its parts.

    input_shape: (C, H, W) of one step; T: steps. settings: the method's own, by name. Raises
    NumsnnError for an unknown method or one the papers do not combine, for a setting outside its
    paper's range, and for a T or a network that the method cannot serve.
    """
    return METHODS[method_named(method)](input_shape, classes, T, **settings)


def method_named(method: str) -> str:
    """The name under which ``METHODS`` has a method: "esg+im+tdbn" is "tdbn+im+esg"."""
    if method in METHODS:
        return method
    parts = _parts(method)
    for name in METHODS:
        if _parts(name) == parts:
            return name
    known = {part for name in METHODS for part in _parts(name)}
    unknown = sorted(parts - known)
    if unknown or len(parts) < 2:
        raise NumsnnError(f"unknown method {method!r}; there are {', '.join(METHODS)}")
    combined = ", ".join(name for name in METHODS if len(_parts(name)) > 1)
    raise NumsnnError(
        f"the papers do not combine {' and '.join(sorted(parts))}; what they do combine is {combined}"
    )


def _parts(method: str) -> frozenset[str]:
    """What is combined; "mpd" is the loss of "recdis"."""
    return frozenset("mpd" if p == "recdis" else p for p in method.replace("-", "+").split("+"))
