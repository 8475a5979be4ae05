"""The library's own lines, shown beside the equations they compute."""

import html
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numsnn.errors import NumsnnError


@dataclass(frozen=True)
class Beside:
    """A table of two columns: an equation, and the line of source that computes it."""

    title: str
    rows: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        wide = max(len(equation) for equation, _ in self.rows)
        body = [f"{equation:<{wide}}   {line}" for equation, line in self.rows]
        return "\n".join([self.title, *body])

    def _repr_html_(self) -> str:
        left, code = 'style="text-align: left"', 'style="text-align: left; white-space: pre-wrap"'
        rows = "\n".join(
            f"<tr><td {left}>{_formula(equation)}</td>"
            f"<td {code}><code>{html.escape(line)}</code></td></tr>"
            for equation, line in self.rows
        )
        head = f"<tr><th {left}>equation</th><th {left}>{html.escape(self.title)}</th></tr>"
        return f"<table>\n{head}\n{rows}\n</table>"


def beside(function: Callable[..., Any], rows: Sequence[tuple[str, str]]) -> Beside:
    """Each equation beside the line of ``function`` that holds the given text.

    rows: (equation in plain letters, where _ and ^ lower and lift the word that follows; a text
    that stands in exactly one line of the source). The lines are read by ``inspect.getsource``:
    what is shown is what runs. Raises NumsnnError where a text stands in no line or in several, so
    that a notebook cannot show a line that is gone.
    """
    lines = [line.strip() for line in inspect.getsource(function).splitlines()]
    found = []
    for equation, text in rows:
        hits = [line for line in lines if text in line]
        if len(hits) != 1:
            raise NumsnnError(
                f"beside: {text!r} stands in {len(hits)} lines of {function.__qualname__}, "
                "expected 1"
            )
        found.append((equation, re.sub(r"\s{2,}#", "  #", hits[0])))
    return Beside(f"{function.__module__}, {function.__qualname__}", tuple(found))


def _formula(equation: str) -> str:
    text = re.sub(r"_(\w+)", r"<sub>\1</sub>", html.escape(equation))
    return "<i>" + re.sub(r"\^(\w+)", r"<sup>\1</sup>", text) + "</i>"
