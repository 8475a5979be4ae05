"""When are two runs of a notebook the same? The tolerance, held to what it says."""

import pytest

from numsnn.teaching import Picture, plain, sheet
from numsnn.teaching.comparison import differences, numbers_agree, texts_differ


def code(*outputs: dict, tags: tuple[str, ...] = ()) -> dict:
    return {"cell_type": "code", "outputs": list(outputs), "metadata": {"tags": list(tags)}}


def printed(text: str) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": text}


def drawn(heights: list[float], word: str = "", alt: str = "bars") -> dict:
    figure = sheet(4, 2)
    plain(figure.subplots(), word).bar(range(len(heights)), heights)
    data, metadata = Picture(figure, alt)._repr_mimebundle_()
    return {"output_type": "execute_result", "data": data, "metadata": metadata}


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("1.000000", "1.000001"),  # one unit of the last digit
        ("0.981", "0.982"),
        ("2.46e-17", "0.00e+00"),  # rounding, below 1e-9
        ("1.23456789012", "1.23456789999"),  # 1e-6 of the size
        ("12", "12"),
        ("nan", "nan"),
    ],
)
def test_numbers_that_agree(a: str, b: str) -> None:
    assert numbers_agree(a, b) and numbers_agree(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("1.000000", "1.000003"),
        ("0.981", "0.984"),
        ("12", "13"),  # whole numbers are counts
        ("1.5e-3", "1.8e-3"),
        ("1.0", "-1.0"),
        ("nan", "1.0"),
        ("3.00000000", "3.00001000"),
        ("3", "3.2"),  # one unit of the finer of the two
    ],
)
def test_numbers_that_do_not(a: str, b: str) -> None:
    assert not numbers_agree(a, b) and not numbers_agree(b, a)


def test_words_must_be_equal_and_spaces_need_not() -> None:
    assert texts_differ("passed, error 2.0e-17", "passed,  error 0.0e+00\n") == ""
    assert "failed" in texts_differ("passed, error 2.0e-17", "failed, error 2.0e-17")
    assert texts_differ("loss 0.50", "loss 0.70") == "shows 0.70, committed is 0.50"
    assert texts_differ("[1 2]", "[1 2 3]")


def test_pictures_differ_by_the_numbers_and_words_they_show() -> None:
    bars = [code(drawn([1, 2, 3], "a"))]
    assert differences(bars, [code(drawn([1, 2, 3], "a"))]) == []
    assert differences(bars, [code(drawn([1, 2, 3 + 1e-9], "a"))]) == []
    (number,) = differences(bars, [code(drawn([1, 2, 3.1], "a"))])
    assert number.startswith("cell 0, picture: shows ")
    (word,) = differences(bars, [code(drawn([1, 2, 3], "b"))])
    assert word.startswith("cell 0, picture: says ")
    assert differences(bars, [code(drawn([1, 2, 3, 4], "a"))])
    assert differences(bars, [code(drawn([1, 2, 3], "a", alt="other"))])


@pytest.mark.parametrize("kind", ["plot", "scatter", "vlines", "imshow", "text", "title"])
def test_every_kind_of_drawing_counts(kind: str) -> None:
    def draw(y: float) -> list[str]:
        figure = sheet(2, 1)
        axes = figure.subplots()
        if kind == "imshow":
            axes.imshow([[0.0, 1.0], [2.0, y]])
        elif kind == "vlines":
            axes.vlines([0, 1], 0, [1, y])
        elif kind == "text":
            axes.text(0, 0, f"{y}")
        elif kind == "title":
            axes.set_title(f"{y}")
        elif kind == "scatter":
            axes.plot([0, 1, 2], [0, y, float("nan")], "o")
        else:
            axes.plot([0, 1], [0, y])
        return Picture(figure, "alt").drawn()

    assert draw(3.0) == draw(3.0)
    assert texts_differ("\n".join(draw(3.0)), "\n".join(draw(3.2)))


def test_outputs_are_compared_cell_by_cell() -> None:
    old = [code(printed("a 1.0\n"), printed("b\n")), code(printed("5 ms"), tags=("timed",))]
    same = [code(printed("a 1.0\nb\n")), code(printed("9 ms"), tags=("timed",))]
    assert differences(old, same) == []
    assert differences(old, [code(printed("a 1.2\nb\n")), same[1]]) == [
        "cell 0: shows 1.2, committed is 1.0"
    ]
    assert differences(old, [code(), same[1]]) == ["cell 0: shows [], committed are ['stdout']"]
    assert differences(old, [same[0], code(tags=("timed",))]) == [
        "cell 1: shows [], committed are ['stdout']"
    ]


def test_an_error_in_a_cell_is_a_difference() -> None:
    broken = {"output_type": "error", "ename": "E", "evalue": "x", "traceback": []}
    assert differences([code(printed("a"))], [code(broken)])


def test_of_several_forms_of_an_output_the_one_that_is_shown_counts() -> None:
    def table(cell: str) -> dict:
        data = {"text/html": [f"<td>{cell}</td>"], "text/plain": "table"}
        return code({"output_type": "execute_result", "data": data, "metadata": {}})

    assert differences([table("a")], [table("a")]) == []
    assert differences([table("a")], [table("b")])


def test_text_may_be_kept_as_lines() -> None:
    assert differences([code({**printed(""), "text": ["a\n", "b"]})], [code(printed("a\nb"))]) == []
