"""Where the notebooks are, what each is about, and a copy of one to work in."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from numsnn.atomic import write_text
from numsnn.errors import NumsnnError

PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Lesson:
    """One notebook: the executed ``.ipynb``, and beside it the script it is made from."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def script(self) -> Path:
        return self.path.with_suffix(".py")

    def about(self) -> str:
        """The one line under the title."""
        first = "".join(cells(self.path)[0]["source"])
        lines = [line for line in first.splitlines() if line.strip()]
        return lines[1].strip("*_ ") if len(lines) > 1 else ""


def folder() -> Path:
    """The folder of the notebooks: in an installed package its own, in a checkout the one at the top.

    Raises NumsnnError where neither is there.
    """
    for found in (PACKAGE / "notebooks", PACKAGE.parent / "notebooks"):
        if any(found.glob("[0-9]*.py")):
            return found
    raise NumsnnError(f"learn: no notebooks in {PACKAGE / 'notebooks'} nor beside the package")


def lessons(where: Path | None = None) -> list[Lesson]:
    """All notebooks in reading order."""
    scripts = sorted((where or folder()).glob("[0-9]*.py"))
    return [Lesson(path.with_suffix(".ipynb")) for path in scripts]


def lesson(name: str, where: Path | None = None) -> Lesson:
    """The notebook called ``name``: its number, its name, or a part of it that no other has.

    Raises NumsnnError where none or several fit.
    """
    shelf = lessons(where)
    wanted = name.removesuffix(".ipynb").removesuffix(".py")
    exact = [one for one in shelf if one.name == wanted]
    number = [one for one in shelf if wanted.isdigit() and int(one.name[:2]) == int(wanted)]
    part = [one for one in shelf if wanted and wanted.lower() in one.name]
    found = exact or number or part
    if len(found) != 1:
        fits = "several fit" if found else "there is none"
        known = ", ".join(one.name for one in (found or shelf))
        raise NumsnnError(f"learn: {fits} for {name!r}: {known}")
    return found[0]


def copied(one: Lesson, into: Path) -> Path:
    """A copy of a notebook to write in, cut loose from its script; one that is there is kept."""
    path = into / one.path.name
    if not path.exists():
        notebook = json.loads(one.path.read_text("utf-8"))
        notebook["metadata"].pop("jupytext", None)
        write_text(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    return path


def cells(path: Path) -> list[dict]:
    """The cells of a notebook file. Raises NumsnnError where it is none."""
    try:
        found = json.loads(path.read_text("utf-8"))["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise NumsnnError(f"{path}: not a notebook: {error}") from error
    return found


def solutions(cell: dict) -> list[str]:
    """The Python blocks inside the folded parts of a text cell."""
    if cell["cell_type"] != "markdown":
        return []
    folded = re.findall(r"<details>(.*?)</details>", "".join(cell["source"]), re.DOTALL)
    return [code for part in folded for code in re.findall(r"```python\n(.*?)```", part, re.DOTALL)]
