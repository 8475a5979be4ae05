"""One wrong backward at a time: edit the source of one function, put it in place, take it back.

The edited text is compiled and only the function's code object is exchanged, so that every module
that holds the function runs the edited one, and putting the old code object back undoes it all.
"""

import importlib
import inspect
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from numsnn.errors import NumsnnError

_one_at_a_time = threading.RLock()


@dataclass(frozen=True)
class Mutant:
    """In the source of ``target`` the text ``old`` becomes ``new``.

    target: ``module:function`` or ``module:Class.method``. old stands exactly once in the source;
    a generated edit gives the place ``at`` in the (dedented) source instead. ``also`` holds further
    pairs (old, new) of the same mistake, and imitates says in words which mistake it is.
    """

    name: str
    target: str
    old: str
    new: str
    imitates: str
    at: int | None = None
    also: tuple[tuple[str, str], ...] = ()
    kind: str = "planted"  # or sign, index, factor, omission where generated

    @property
    def edit(self) -> str:
        """``old -> new``, on one line."""
        pairs = [(self.old, self.new), *self.also]
        return ";  ".join(f"{_flat(old)} -> {_flat(new)}" for old, new in pairs)


def function_of(target: str) -> FunctionType:
    """The plain function behind ``module:path``. Raises NumsnnError where there is none."""
    module, _, path = target.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        held = inspect.getattr_static(found, part, None)
        if held is None:
            raise NumsnnError(f"mutants: {target} does not exist: {found!r} has no {part!r}")
        found = held
    found = getattr(found, "__func__", getattr(found, "fget", found))
    if not isinstance(found, FunctionType):
        raise NumsnnError(f"mutants: {target} is a {type(found).__name__}, not a function")
    return found


@cache
def source_of(target: str) -> str:
    """The function's source, dedented."""
    return textwrap.dedent(inspect.getsource(function_of(target)))


def edited_source(mutant: Mutant) -> str:
    """The source with the edit made. Raises NumsnnError where ``old`` does not stand as declared."""
    source = source_of(mutant.target)
    if mutant.at is not None:
        end = mutant.at + len(mutant.old)
        if source[mutant.at : end] != mutant.old:
            raise NumsnnError(
                f"mutants: {mutant.name} is stale: {mutant.target} does not hold {mutant.old!r} "
                f"at {mutant.at}"
            )
        return source[: mutant.at] + mutant.new + source[end:]
    for old, new in ((mutant.old, mutant.new), *mutant.also):
        count = source.count(old)
        if count != 1:
            raise NumsnnError(
                f"mutants: {mutant.name} is stale: {old!r} stands {count} times in "
                f"{mutant.target}, expected once"
            )
        source = source.replace(old, new)
    return source


@cache
def edited_code(mutant: Mutant) -> CodeType:
    """The code object of the edited function. Raises NumsnnError where it does not compile."""
    function = function_of(mutant.target)
    try:
        module = compile(
            edited_source(mutant), f"<mutant {mutant.name}>", "exec", dont_inherit=True
        )
    except SyntaxError as error:
        raise NumsnnError(f"mutants: {mutant.name} does not compile: {error}") from error
    name = function.__name__
    found = [c for c in module.co_consts if isinstance(c, CodeType) and c.co_name == name]
    if len(found) != 1 or found[0].co_freevars != function.__code__.co_freevars:
        raise NumsnnError(f"mutants: {mutant.name} cannot stand in for {mutant.target}")
    return found[0].replace(co_qualname=function.__code__.co_qualname)


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Within the block the edited function runs; after it, whatever happened, the original."""
    code = edited_code(mutant)
    function = function_of(mutant.target)
    with _one_at_a_time:
        original = function.__code__
        function.__code__ = code
        try:
            yield
        finally:
            function.__code__ = original


def _flat(text: str) -> str:
    return " ".join(text.split()) or "(nothing)"
