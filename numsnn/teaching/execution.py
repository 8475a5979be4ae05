"""Make a notebook from its script, execute it, and hold it against what is committed."""

import tempfile
import time
from pathlib import Path
from typing import Any

from numsnn.atomic import write_text
from numsnn.errors import NumsnnError
from numsnn.teaching import comparison
from numsnn.teaching.shelf import Lesson, solutions

TIMEOUT = 300  # seconds a cell may take before it counts as hung
QUIET = ["--log-level=40"]  # what the kernel says about itself: errors only
METADATA = {
    "jupytext": {"formats": "ipynb,py:percent"},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def refresh(lesson: Lesson) -> float:
    """Make and execute the notebook anew, and write it; the seconds that it took."""
    began = time.perf_counter()
    notebook = executed(lesson.script)
    write_text(lesson.path, _text(notebook))
    return time.perf_counter() - began


def check(lesson: Lesson) -> tuple[list[str], float]:
    """What is wrong with a committed notebook, and the seconds that its run took.

    Wrong is: a pair that differs, a cell that raises or warns, a solution that does not hold, an
    output that is not the committed one (see ``comparison``).
    """
    import nbformat

    began = time.perf_counter()
    committed = nbformat.read(lesson.path, as_version=4)
    found = pair_differs(made(lesson.script), committed)
    if not found:
        try:
            found = comparison.differences(committed.cells, executed(lesson.script).cells)
        except NumsnnError as error:
            found = [str(error)]
    return found, time.perf_counter() - began


def made(script: Path) -> Any:
    """The notebook that a script stands for, not executed, with settled ids and metadata."""
    import jupytext
    import nbformat

    notebook = jupytext.read(script, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for place, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{place:03d}"
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k == "tags"})
    return notebook


def executed(script: Path) -> Any:
    """That notebook with its outputs. Raises NumsnnError where a cell raises or warns.

    It runs in an empty folder, in a kernel of its own, from top to bottom; then the folded
    solutions run in the same kernel, and must raise nothing either.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError
    from nbformat.v4 import new_code_cell

    notebook = made(script)
    answers = [code for cell in notebook.cells for code in solutions(cell)]
    with tempfile.TemporaryDirectory() as empty:
        client = NotebookClient(
            notebook,
            timeout=TIMEOUT,
            kernel_name="python3",
            resources={"metadata": {"path": empty}},
            record_timing=False,
            extra_arguments=QUIET,
            store_widget_state=False,
        )
        place = ""
        try:
            with client.setup_kernel():
                for number, cell in enumerate(notebook.cells):
                    place = f"cell {number}"
                    client.execute_cell(cell, number)
                    _quiet(cell, place)
                for number, code in enumerate(answers):
                    place = f"solution {number + 1}"
                    cell = new_code_cell(code)
                    notebook.cells.append(cell)
                    client.execute_cell(cell, len(notebook.cells) - 1)
                    _quiet(notebook.cells.pop(), place)
        except (CellExecutionError, CellTimeoutError) as error:
            raise NumsnnError(f"{script.name}, {place}: {_reason(error)}") from error
    for number, cell in enumerate(c for c in notebook.cells if c.cell_type == "code"):
        cell.execution_count = number + 1
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number + 1
    return notebook


def pair_differs(script: Any, notebook: Any) -> list[str]:
    """Where a notebook is not the one that its script stands for."""
    if len(script.cells) != len(notebook.cells):
        return [f"the script has {len(script.cells)} cells, the notebook {len(notebook.cells)}"]
    found = []
    for place, (a, b) in enumerate(zip(script.cells, notebook.cells, strict=True)):
        if (a.cell_type, a.source, a.metadata) != (b.cell_type, b.source, b.metadata):
            found.append(f"cell {place}: script and notebook differ")
    return found


def _reason(error: Any) -> str:
    """The exception of a cell in one line."""
    name, value = getattr(error, "ename", ""), getattr(error, "evalue", "")
    return f"{name}: {value}" if name else str(error)


def _quiet(cell: Any, place: str) -> None:
    """Refuse a cell that wrote to stderr: a warning, most likely."""
    for output in cell.get("outputs", []):
        if output.get("name") == "stderr":
            raise NumsnnError(f"{place} warns: {comparison.joined(output['text']).strip()}")


def _text(notebook: Any) -> str:
    import nbformat

    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"
