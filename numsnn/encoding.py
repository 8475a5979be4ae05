"""Values as JSON and arrays, and back: layers, surrogates and their parameters, nothing else.

A file names classes; only those of this library are looked up, and none of its names is imported
or run.
"""

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from numsnn.compose import Serial
from numsnn.errors import NumsnnError
from numsnn.firing import Anchored, Relaxed, Step
from numsnn.layer import Layer
from numsnn.norms import Statistics
from numsnn.states import State
from numsnn.surrogates import Surrogate

Arrays = dict[str, np.ndarray]


def encoded(value: Any, place: str, arrays: Arrays) -> Any:
    """A value as JSON; arrays go into ``arrays`` under their place."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, np.generic):
        value = value.item() if isinstance(value, np.integer | np.bool_) else np.asarray(value)
        return encoded(value, place, arrays)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NumsnnError(f"save: {place} must be finite, found {value}")
        return value
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiub" or not np.isfinite(value).all():
            raise NumsnnError(f"save: {place} must be finite numbers, found {value.dtype}")
        arrays[place] = value
        return {"array": place}
    if isinstance(value, dict):
        return {"dict": {str(k): encoded(v, f"{place}/{k}", arrays) for k, v in value.items()}}
    kind = type(value).__qualname__
    if isinstance(value, tuple):
        if not hasattr(value, "_fields"):
            return {"tuple": [encoded(v, f"{place}/{i}", arrays) for i, v in enumerate(value)]}
        parts = dict(zip(value._fields, value, strict=True))
    elif is_dataclass(value):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
    else:
        raise NumsnnError(f"save: {place} is a {kind}, which has no place in a file")
    if known_classes().get(kind) is not type(value):
        raise NumsnnError(
            f"save: {place} is a {kind} of {type(value).__module__}; only layers of numsnn can be "
            "built again from a file"
        )
    return {
        "class": kind,
        "fields": {k: encoded(v, f"{place}/{k}", arrays) for k, v in parts.items()},
    }


def decoded(value: Any, arrays: Arrays, place: str) -> Any:
    """The reverse; what was used of ``arrays`` is taken out."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if not isinstance(value, dict):
        raise NumsnnError(f"{place} is damaged: expected an object, found {value!r:.40}")
    match value:
        case {"array": str(name)}:
            if name not in arrays:
                raise NumsnnError(f"the array {name!r} is missing")
            if arrays[name].dtype.kind not in "fiub":
                raise NumsnnError(f"the array {name!r} must be numbers, found {arrays[name].dtype}")
            if not np.isfinite(arrays[name]).all():
                raise NumsnnError(f"the array {name!r} must be finite")
            return _native(arrays.pop(name))
        case {"tuple": list(parts)}:
            return tuple(decoded(part, arrays, f"{place}/{i}") for i, part in enumerate(parts))
        case {"dict": dict(parts)}:
            return {key: decoded(part, arrays, f"{place}/{key}") for key, part in parts.items()}
        case {"class": str(kind), "fields": dict(parts)}:
            found = {key: decoded(part, arrays, f"{place}/{key}") for key, part in parts.items()}
            return _built(kind, found, place)
    raise NumsnnError(f"{place} is damaged: found {sorted(value)}")


def _native(array: np.ndarray) -> np.ndarray:
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _built(kind: str, parts: dict[str, Any], place: str) -> Any:
    known = known_classes()
    if kind not in known:
        raise NumsnnError(f"{place} is of an unknown kind {kind!r}; known are {', '.join(known)}")
    try:
        return Serial(*parts["layers"]) if kind == "Serial" else known[kind](**parts)
    except (TypeError, KeyError) as error:
        raise NumsnnError(f"{place}, a {kind}, has other fields than here: {error}") from error


def known_classes() -> dict[str, type]:
    """Everything a file may name: layers, surrogates, ways of firing, and their records."""
    import numsnn.papers  # noqa: F401  their layers are known once they are imported

    found: dict[str, type] = {
        kind.__qualname__: kind for kind in (Step, Relaxed, Anchored, Statistics, State)
    }
    for base in (Layer, Surrogate):
        for kind in _subclasses(base):
            if kind.__module__.startswith("numsnn."):
                found[kind.__qualname__] = kind
                params = getattr(kind, "Params", None)
                if params is not None:
                    found[params.__qualname__] = params
    return found


def _subclasses(base: type) -> Iterator[type]:
    direct: list[type] = base.__subclasses__()
    for kind in direct:
        yield kind
        yield from _subclasses(kind)


def require_same(saved: Any, ours: Any, place: str) -> None:
    """Raise NumsnnError at the first place where two encoded networks differ."""
    if isinstance(saved, dict) and isinstance(ours, dict) and saved.keys() == ours.keys():
        for key in saved:
            require_same(saved[key], ours[key], f"{place}/{key}" if key not in _FORM else place)
    elif isinstance(saved, list) and isinstance(ours, list) and len(saved) == len(ours):
        for i, (a, b) in enumerate(zip(saved, ours, strict=True)):
            require_same(a, b, f"{place}/{i}")
    elif saved != ours:
        count = len(saved) if isinstance(saved, list) else f"{saved!r:.60}"
        other = len(ours) if isinstance(ours, list) else f"{ours!r:.60}"
        raise NumsnnError(f"another architecture: {place} is {count}, expected {other}")


_FORM = ("class", "fields", "tuple", "dict")
