"""A network with its parameters and statistics in one plain ``.npz``, which needs no code to build it.

Inside are arrays, named by their place, and ``description``: JSON in UTF-8 with the format's
version, every layer with its fields, and where each array belongs. No pickle: a file names classes,
and only layers, surrogates and parameters of this library are looked up by name.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from numsnn.atomic import PathLike, write_atomically
from numsnn.data.npz import read_npz
from numsnn.encoding import Arrays, decoded, encoded, require_same
from numsnn.errors import CheckpointError, DataFormatError, NumsnnError
from numsnn.layer import walk
from numsnn.norms import BatchNorm, Statistics
from numsnn.tree import children
from numsnn.validate import require

FORMAT, VERSION = "numsnn network", 1
OPTIONAL = ("initial", "direction", "amount")  # parameters that ``init`` leaves out


class Stored(NamedTuple):
    """What a file holds."""

    network: Any
    params: Any
    statistics: dict[str, Statistics]
    about: dict[str, Any]


def save(
    path: PathLike,
    network: Any,
    params: Any,
    statistics: Mapping[str, Statistics] | None = None,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write network, params and statistics to ``path``; ``about`` is what else JSON shall hold.

    The file is there whole or not at all. Raises NumsnnError for a layer that is not of this
    library, and for params or statistics that are not the network's.
    """
    _check_params(network, params)
    _check_statistics(network, statistics or {})
    arrays: Arrays = {}
    description = {
        "format": FORMAT,
        "version": VERSION,
        "about": dict(about or {}),
        "network": encoded(network, "network", arrays),
        "params": encoded(params, "params", arrays),
        "statistics": encoded(dict(statistics or {}), "statistics", arrays),
    }
    try:
        text = json.dumps(description, indent=1, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise NumsnnError(f"save: about must be what JSON can hold: {error}") from error
    arrays["description"] = np.frombuffer(text.encode(), np.uint8)
    write_atomically(path, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]


def load(path: PathLike, like: Any = None) -> Stored:
    """Network, params, statistics and ``about`` as they were saved, bit for bit.

    like: a network that the saved one must equal. Raises CheckpointError on a file that is missing,
    damaged, of another version or no saved network, and names what differs from ``like``.
    """
    path = Path(path)
    arrays = _arrays(path)
    description = _description(path, arrays)
    try:
        network, params, statistics = (
            decoded(description[key], arrays, key) for key in ("network", "params", "statistics")
        )
        if like is not None:
            require_same(description["network"], encoded(like, "network", {}), "network")
        _check_params(network, params)
        _check_statistics(network, statistics)
    except (NumsnnError, TypeError, AttributeError, LookupError, OverflowError) as error:
        raise CheckpointError(f"{path}: {error}") from error
    except RecursionError:
        raise CheckpointError(f"{path}: its description is damaged: nested too deep") from None
    if arrays:
        raise CheckpointError(f"{path}: the array {min(arrays)!r} has no place")
    return Stored(network, params, statistics, description["about"])


# -- the file --------------------------------------------------------------------------------------


def _arrays(path: Path) -> Arrays:
    try:
        return {name: np.array(array) for name, array in read_npz(path).items()}
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no such file") from None
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror or error}") from error
    except DataFormatError as error:
        raise CheckpointError(f"no saved network, or a damaged one: {error}") from error


def _description(path: Path, arrays: Arrays) -> dict[str, Any]:
    try:
        description = json.loads(arrays.pop("description").tobytes())
        found = description["format"]
    except (KeyError, TypeError, ValueError, RecursionError):
        found = None
    if found != FORMAT:
        raise CheckpointError(f"{path}: expected a {FORMAT}, found {found or 'another archive'}")
    version = description.get("version")
    if version != VERSION or isinstance(version, bool):
        raise CheckpointError(
            f"{path}: expected version {VERSION} of the format, found "
            f"{version!r}; "
            "another version of numsnn may read it"
        )
    for key in ("about", "network", "params", "statistics"):
        if key not in description:
            raise CheckpointError(f"{path}: its description has no {key}")
    if not isinstance(description["about"], dict):
        raise CheckpointError(
            f"{path}: about must be an object, found {description['about']!r:.40}"
        )
    return description


# -- checks ----------------------------------------------------------------------------------------


def _check_params(network: Any, params: Any) -> None:
    """Raise NumsnnError unless params have the structure and shapes that the network makes."""
    require(hasattr(network, "init"), f"expected a network of layers, found {network!r:.40}")
    _same_form(network.init(_Zeros(), np.float32), params, "")


def _same_form(expected: Any, found: Any, name: str) -> None:
    """The parts of every node, the shape of every leaf; ``OPTIONAL`` ones may be there or not."""
    parts = children(expected)
    if parts is not None:
        others = dict(children(found) or ())
        for key, part in parts:
            place = f"{name}/{key}".lstrip("/")
            if key not in others:
                raise NumsnnError(f"the network has a parameter {place!r}, the params have none")
            _same_form(part, others.pop(key), place)
        for key in others:
            raise NumsnnError(f"the network has no parameter {f'{name}/{key}'.lstrip('/')!r}")
    elif expected is None:
        optional = name.rpartition("/")[2] in OPTIONAL
        require(found is None or optional, f"the network has no parameter {name!r}")
    else:
        require(found is not None, f"the network has a parameter {name!r}, the params have none")
        require(
            np.shape(found) == np.shape(expected),
            f"the parameter {name!r} must be {np.shape(expected)}, found {np.shape(found)}",
        )


def _check_statistics(network: Any, statistics: Any) -> None:
    """Raise NumsnnError unless statistics are those of some of the network's norms."""
    require(
        isinstance(statistics, Mapping), f"statistics must be by name, found {statistics!r:.40}"
    )
    norms = {layer.name: layer for (layer,) in walk(network) if isinstance(layer, BatchNorm)}
    for name, found in statistics.items():
        require(
            name in norms, f"statistics of {name!r}: the norms are {', '.join(norms) or 'none'}"
        )
        good = isinstance(found, Statistics) and all(isinstance(x, np.ndarray) for x in found)
        require(
            good, f"the statistics of {name!r} must be a mean and a variance, found {found!r:.40}"
        )
        for what, x in zip(found._fields, found, strict=True):
            pairs = zip(reversed(x.shape), reversed(norms[name].shape), strict=False)
            require(
                all(size in (1, own) for size, own in pairs),
                f"the {what} of {name!r}, {x.shape}, does not fit the norm of {norms[name].shape}",
            )


class _Zeros:
    """Stands in for a generator where only shapes matter: draws nothing, and takes no memory."""

    def __getattr__(self, name: str) -> Callable[..., np.ndarray]:
        def draw(*args: Any, size: Any = None, **kwargs: Any) -> np.ndarray:
            shape = size if size is not None else args[-1] if args else ()
            return np.zeros(shape)

        return draw
