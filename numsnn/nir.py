"""Networks to and from NIR, the intermediate representation that other simulators read.

    write_nir("digits.nir", network, params, (1, 8, 8), statistics)
    network, params = read_nir("digits.nir")

A network is folded first, for the format has no normalisation. What it cannot say stands in metadata:
of the graph ``dt`` (seconds a step), ``steps`` (T of a still image), ``readout``; of each neuron
``reset`` ("hard" or "soft"), ``tie``, and the ``amount`` of a soft reset. The format's own neuron
resets to v_reset and fires above its threshold, so another simulator that does not look at the
metadata resets hard. It runs a still image by showing it at every step.

What readers make of one file was tried with snnTorch 1.0.0, SpikingJelly 2.0.0 and Norse 1.1.0:

* They take dt as 1e-4 (snnTorch, fixed), 1e-4 (SpikingJelly), 1e-3 (Norse): write dt = 1e-4 and hand
  dt to Norse.
* Norse ignores the resistance r, so r = 1 here and thresholds are scaled to it: then all three agree.
* SpikingJelly fires on the threshold, the others above it. At a margin from it they agree.
* SpikingJelly and snnTorch take one threshold a layer; thresholds of MPBN, one a channel or one a
  neuron, only Norse reads.
* SpikingJelly counts Flatten's axes without the batch, as the format does; snnTorch and Norse count
  it with the batch, and give the right numbers for one sample at a time.
* Norse has no average pooling: it leaves the node out, and then raises an error or runs a part of
  the graph, from one run to the next. SpikingJelly and snnTorch read it.
* A decay of 1 becomes an IF node, which SpikingJelly and Norse read rightly; snnTorch leaks there
  all the same. A decay of 0 is refused by SpikingJelly.
"""

import io
import math
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from numsnn.atomic import PathLike, write_atomically
from numsnn.errors import NumsnnError
from numsnn.folding import folded
from numsnn.nir_export import Export
from numsnn.nir_import import Import
from numsnn.norms import Statistics
from numsnn.validate import choice, require

DT = 1e-4  # what snnTorch and SpikingJelly assume, in seconds


def to_nir(
    network: Any,
    params: Any,
    input_shape: tuple[int, ...],
    statistics: Mapping[str, Statistics] | None = None,
    *,
    dt: float = DT,
    resistance: str = "one",
) -> Any:
    """The folded network as a ``nir.NIRGraph``.

    h[t] = decay v[t-1] + current[t]  is a step dt of  tau dv/dt = -v + r current  with
    tau = dt/(1 - decay), in units in which r is 1 (resistance "one": thresholds times 1 - decay), or
    with r = tau/dt (resistance "matched": thresholds unchanged). input_shape: of one step, (C, H, W)
    or (features,). Convolutions with groups are written out with zeros between the groups.

    Raises NumsnnError for a layer that has no node there, a network that cannot be folded into
    weights and thresholds, and where the package ``nir`` is missing.
    """
    choice("to_nir", "resistance", resistance, ("one", "matched"))
    _positive(dt)
    require(
        isinstance(input_shape, tuple | list) and all(n >= 1 for n in input_shape),
        f"to_nir: input_shape must be (C, H, W) or (features,), found {input_shape!r}",
    )
    bare, inside = folded(network, params, statistics or {}, signs="negated")
    export = Export(package(), tuple(input_shape), dt, resistance == "matched")
    export.add(bare, inside)
    return export.graph()


def from_nir(
    graph: Any, *, dt: float | None = None, reset: str | None = None, tie: str | None = None
) -> tuple[Any, Any]:
    """(network, params) of a ``nir.NIRGraph``: a chain of layers, with residual blocks.

    dt, reset, tie: for graphs whose metadata do not say; else reset is "hard" and tie "silent", as
    the format defines its neurons, and dt must be given. Raises NumsnnError for a node that has no
    layer here, naming it, its shape and what there is, and for a graph that is not made of chains
    and sums of branches.
    """
    if dt is not None:
        _positive(dt)
    return Import(package(), graph, dt, reset, tie).network()


def write_nir(
    path: PathLike,
    network: Any,
    params: Any,
    input_shape: tuple[int, ...],
    statistics: Mapping[str, Statistics] | None = None,
    **settings: Any,
) -> None:
    """``to_nir`` into a file, which is there whole or not at all."""
    graph = to_nir(network, params, input_shape, statistics, **settings)
    content = io.BytesIO()
    package().write(content, graph)
    write_atomically(path, lambda file: file.write(content.getvalue()))


def read_nir(path: PathLike, **settings: Any) -> tuple[Any, Any]:
    """``from_nir`` of a file. Raises NumsnnError on a file that is missing or no NIR file."""
    nir = package()
    if not Path(path).is_file():
        raise NumsnnError(f"{path}: there is no such file")
    try:
        graph = nir.read(path)
    except Exception as error:  # HDF5 and the package raise many kinds
        raise NumsnnError(f"{path}: no NIR file, or a damaged one: {error}") from error
    return from_nir(graph, **settings)


def package() -> ModuleType:
    """The package ``nir``. Raises NumsnnError where it is missing."""
    try:
        import nir
    except ImportError:
        raise NumsnnError('NIR needs the package nir: pip install "numsnn[nir]"') from None
    return nir


def _positive(dt: float) -> None:
    good = isinstance(dt, int | float | np.number) and math.isfinite(dt) and dt > 0
    require(good, f"nir: dt must be a positive number of seconds, found {dt!r}")
