"""The notebooks' form, and the tools that make and check them. Their execution is `numsnn learn --check`."""

import re
import shutil
from types import SimpleNamespace

import pytest

from numsnn import learn
from numsnn.cli import main
from numsnn.errors import NumsnnError
from numsnn.teaching import Picture, beside, sheet
from numsnn.teaching.comparison import joined
from numsnn.teaching.shelf import Lesson, cells, copied, folder, lesson, lessons, solutions

SECTIONS = ["Goal", "The equations", "Failure first", "Derivation", "The library's lines", "Figure",
            "Exercises"]  # fmt: skip
LESSONS = lessons()
every = pytest.mark.parametrize("one", LESSONS, ids=lambda one: one.name)


def texts(one: Lesson, kind: str) -> list[str]:
    return [joined(cell["source"]) for cell in cells(one.path) if cell["cell_type"] == kind]


def test_there_are_three() -> None:
    names = [one.name for one in LESSONS]
    assert names[:3] == ["01_lif_and_bptt", "02_surrogates", "03_convolution_by_im2col"]


@every
def test_sections_stand_in_one_order(one: Lesson) -> None:
    found = re.findall(r"^## (.*)$", "\n".join(texts(one, "markdown")), re.MULTILINE)
    assert [title for title in found if title in SECTIONS] == SECTIONS


@every
def test_committed_executed_from_top_to_bottom_without_error_or_warning(one: Lesson) -> None:
    code = [cell for cell in cells(one.path) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert outputs
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]


@every
def test_every_picture_has_an_alt_text(one: Lesson) -> None:
    pictures = [
        output
        for cell in cells(one.path)
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert pictures
    for picture in pictures:
        assert len(picture["metadata"]["image/png"]["alt"]) > 40
        assert picture["metadata"]["image/png"]["alt"] in joined(picture["data"]["text/plain"])


@every
def test_every_exercise_has_a_folded_solution_that_asserts(one: Lesson) -> None:
    text = "\n".join(texts(one, "markdown"))
    exercises = re.findall(r"^### \d\. ", text.partition("## Exercises")[2], re.MULTILINE)
    codes = [code for cell in cells(one.path) for code in solutions(cell)]
    assert len(exercises) == len(codes) >= 3
    assert all(re.search(r"^assert ", code, re.MULTILINE) for code in codes)
    assert text.count("<details>") == text.count("</details>") == len(exercises)


@every
def test_plants_an_error_and_shows_the_librarys_source(one: Lesson) -> None:
    code = "\n".join(texts(one, "code"))
    assert "with applied(" in code
    assert "beside(" in code or "inspect.getsource(" in code


@every
def test_plots_stay_under_ten_lines(one: Lesson) -> None:
    for source in texts(one, "code"):
        if "sheet(" in source:
            plot = source[source.index("figure = sheet(") : source.rindex("Picture(")]
            assert len(plot.strip().splitlines()) < 10, plot


@every
def test_names_no_machine(one: Lesson) -> None:
    text = one.path.read_text("utf-8") + one.script.read_text("utf-8")
    assert not re.search(r"/(home|root|tmp|work|Users)/", text)
    assert len(text) < 1_500_000


@every
def test_is_in_the_readme(one: Lesson) -> None:
    assert f"[{one.name}]({one.path.name})" in (folder() / "README.md").read_text("utf-8")


# -- the shelf and the command ----------------------------------------------------------------------


def test_learn_lists_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for one, line in zip(LESSONS, lines, strict=False):
        assert line.startswith(one.name)
        assert len(line.split(maxsplit=1)[1]) > 40


@pytest.mark.parametrize("name", ["2", "02", "02_surrogates", "02_surrogates.ipynb", "surr"])
def test_a_notebook_is_found_by_number_name_or_part(name: str) -> None:
    assert lesson(name).name == "02_surrogates"


@pytest.mark.parametrize("name", ["9", "nothing", "0", ""])
def test_an_unknown_or_ambiguous_name_is_one_error(name: str) -> None:
    with pytest.raises(NumsnnError, match=r"learn: (there is none|several fit) for"):
        lesson(name)


def test_opening_copies_and_keeps_what_is_there(
    tmp_path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(learn, "find_spec", lambda name: object())
    started = []

    def start(command):
        started.append(command)
        return SimpleNamespace(returncode=7)

    assert learn.open_one(LESSONS[0], tmp_path, start) == 7
    path = tmp_path / LESSONS[0].path.name
    assert started[0][1:] == ["-m", "jupyter", "lab", str(path)]
    assert "jupytext" not in path.read_text("utf-8").partition('"metadata": {\n')[2][-400:]
    assert cells(path) == cells(LESSONS[0].path)
    path.write_text("mine")
    learn.open_one(LESSONS[0], tmp_path, start)
    assert path.read_text() == "mine"


def test_without_jupyter_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(learn, "find_spec", lambda name: None)
    assert main(["learn", "1"]) == 2
    assert 'jupyterlab: pip install "numsnn[notebooks]"' in capsys.readouterr().err
    assert main(["learn", "--check"]) == 2
    assert "jupytext and nbclient" in capsys.readouterr().err


def test_the_copy_is_cut_loose_from_its_script(tmp_path) -> None:
    assert '"jupytext"' in LESSONS[0].path.read_text("utf-8")
    assert '"jupytext"' not in copied(LESSONS[0], tmp_path).read_text("utf-8")


def test_a_file_that_is_no_notebook_is_one_error(tmp_path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text("{}")
    with pytest.raises(NumsnnError, match="not a notebook"):
        cells(path)


# -- what notebooks show ----------------------------------------------------------------------------


def test_a_picture_carries_its_alt_text() -> None:
    data, metadata = Picture(sheet(2, 1), 'a "quoted" text')._repr_mimebundle_()
    about = metadata["image/png"]
    assert (about["alt"], about["width"], about["height"]) == ('a "quoted" text', 192, 96)
    assert data["text/plain"] == 'Figure: a "quoted" text'
    with pytest.raises(NumsnnError, match="alt text"):
        Picture(sheet(2, 1), " ")


def shown_function(x):
    y = x * 2
    return y + 1


def test_beside_shows_the_line_that_runs() -> None:
    table = beside(shown_function, [("y_i = 2 x^k", "y = x")])
    assert table.rows == (("y_i = 2 x^k", "y = x * 2"),)
    assert "<i>y<sub>i</sub> = 2 x<sup>k</sup></i>" in table._repr_html_()
    for text, count in (("z = x", 0), ("y", 2)):
        with pytest.raises(NumsnnError, match=f"stands in {count} lines of shown_function"):
            beside(shown_function, [("", text)])


# -- making and checking; these need the extra ------------------------------------------------------

jupytext = pytest.mark.skipif(
    learn.find_spec("nbclient") is None  # another environment's jupytext may be on the path
    or (shutil.which("jupytext") is None and learn.find_spec("jupytext") is None),
    reason='making notebooks needs pip install "numsnn[notebooks]"',
)


@jupytext
@every
def test_script_and_notebook_are_a_pair(one: Lesson) -> None:
    import nbformat

    from numsnn.teaching.execution import made, pair_differs

    committed = nbformat.read(one.path, as_version=4)
    assert pair_differs(made(one.script), committed) == []
    committed.cells[3].source += " "
    assert pair_differs(made(one.script), committed) == ["cell 3: script and notebook differ"]
    del committed.cells[3]
    assert len(pair_differs(made(one.script), committed)) == 1


@jupytext
def test_a_page_has_the_alt_texts(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn", "3", "--html", "--into", str(tmp_path)]) == 0
    page = (tmp_path / "03_convolution_by_im2col.html").read_text("utf-8")
    assert str(tmp_path) in capsys.readouterr().out
    images = re.findall(r"<img[^>]*?(alt=\"[^\"]*\")", page, re.DOTALL)
    assert len(images) == page.count("<img") >= 4
    assert all(len(alt) > 40 and "No description" not in alt for alt in images)


SCRIPT = """# %% [markdown]
# # Tiny
#
# *One line.*

# %%
x = {x}
print(f"x is {{x:.3f}}")

# %% [markdown]
# <details>
#
# ```python
# assert x {holds}
# ```
# </details>
"""


@jupytext
def test_a_notebook_is_made_executed_and_compared(tmp_path) -> None:
    from numsnn.teaching import execution

    one = Lesson(tmp_path / "01_tiny.ipynb")
    one.script.write_text(SCRIPT.format(x="1 / 3", holds="< 1"))
    execution.refresh(one)
    assert "x is 0.333" in one.path.read_text()
    assert execution.check(one)[0] == []
    one.path.write_text(one.path.read_text().replace("x is 0.333", "x is 0.335"))
    assert execution.check(one)[0] == ["cell 1: shows 0.333, committed is 0.335"]
    one.script.write_text(SCRIPT.format(x="1 / 4", holds="< 1"))
    assert execution.check(one)[0] == ["cell 1: script and notebook differ"]


@jupytext
@pytest.mark.parametrize(
    ("x", "holds", "message"),
    [
        ("1", "> 1", "01_tiny.py, solution 1: AssertionError"),
        ("1 / 0", "> 1", "01_tiny.py, cell 1: ZeroDivisionError: division by zero"),
        ("1; import warnings; warnings.warn('look')", "== 1", "cell 1 warns: .*look"),
    ],
)
def test_errors_warnings_and_wrong_solutions_are_found(tmp_path, x, holds, message) -> None:
    from numsnn.teaching import execution

    script = tmp_path / "01_tiny.py"
    script.write_text(SCRIPT.format(x=x, holds=holds))
    with pytest.raises(NumsnnError, match=re.compile(message, re.DOTALL)):
        execution.executed(script)
