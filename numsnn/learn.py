"""numsnn learn: the notebooks, listed, opened, and checked."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from numsnn.errors import NumsnnError
from numsnn.teaching.shelf import Lesson, copied, lesson, lessons

EXTRA = 'pip install "numsnn[notebooks]"'


def add_learn_parser(subparsers: Any) -> None:
    """The parser of `numsnn learn`."""
    parser = subparsers.add_parser(
        "learn",
        help="the notebooks: from an equation to a verified gradient",
        description="Lists the notebooks, or opens a copy of one in Jupyter.",
        epilog=f"All but the list needs Jupyter: {EXTRA}.",
    )
    parser.add_argument(
        "name", nargs="*", help="a notebook: its number, its name or a part of it; none: list all"
    )
    parser.add_argument(
        "--into", type=Path, default=Path(), help="folder for the copy or the pages (default: here)"
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--check",
        action="store_true",
        help="execute the named notebooks, or all, and compare with what is committed",
    )
    instead.add_argument(
        "--refresh", action="store_true", help="make and execute them anew from their scripts"
    )
    instead.add_argument(
        "--html", action="store_true", help="write them as web pages that need no Jupyter to read"
    )
    parser.set_defaults(run=learn)


def learn(args: argparse.Namespace) -> int:
    """List, open, export, check or refresh."""
    chosen = [lesson(name) for name in args.name]
    if args.check:
        _need("jupytext", "nbclient")
        return check(chosen or lessons())
    if args.refresh:
        _need("jupytext", "nbclient")
        return refresh(chosen or lessons())
    if args.html:
        _need("nbconvert")
        return pages(chosen or lessons(), args.into)
    if len(chosen) > 1:
        raise NumsnnError(f"learn: one notebook is opened at a time, found {len(chosen)}")
    return open_one(chosen[0], args.into) if chosen else list_all()


def list_all() -> int:
    """One line a notebook."""
    shelf = lessons()
    wide = max(len(one.name) for one in shelf)
    for one in shelf:
        print(f"{one.name:<{wide}}  {one.about()}")
    print("\n`numsnn learn 1` opens the first in Jupyter.")
    return 0


def open_one(one: Lesson, into: Path, start: Callable[[list[str]], Any] = subprocess.run) -> int:
    """Open a copy of a notebook in ``into``; what is already there is opened as it is."""
    _need("jupyterlab")
    path = copied(one, _folder(into))
    print(f"opening {path}", flush=True)
    return start([sys.executable, "-m", "jupyter", "lab", str(path)]).returncode


def pages(chosen: list[Lesson], into: Path) -> int:
    """Write notebooks as web pages."""
    from numsnn.teaching.pages import page

    for one in chosen:
        print(page(one, _folder(into)))
    return 0


def check(chosen: list[Lesson]) -> int:
    """Execute, compare, and say what differs; exit status 1 where anything does."""
    from numsnn.teaching import execution

    wrong = 0
    for one in chosen:
        found, seconds = execution.check(one)
        wrong += bool(found)
        print(f"{one.name}: {'differs' if found else 'agrees'}, {seconds:.0f} s")
        for reason in found:
            print(f"  {reason}")
    return 1 if wrong else 0


def refresh(chosen: list[Lesson]) -> int:
    """Write the notebooks anew."""
    from numsnn.teaching import execution

    for one in chosen:
        print(f"{one.name}: written, {execution.refresh(one):.0f} s")
    return 0


def _folder(into: Path) -> Path:
    if not into.is_dir():
        raise NumsnnError(f"learn: {into} is no folder")
    return into


def _need(*modules: str) -> None:
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise NumsnnError(f"learn: this needs {' and '.join(missing)}: {EXTRA}")
