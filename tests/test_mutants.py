"""The mutation gate catches what is planted, and would itself be noticed if it could not fail."""

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import numsnn
from numsnn import norms, reduce
from numsnn.mutants import (
    PLANTED,
    TARGETS,
    Mutant,
    all_generated,
    applied,
    generated,
    reasons,
    run_gate,
)
from numsnn.mutants.edit import edited_code, edited_source, source_of
from numsnn.mutants.equivalents import REASONS, Reason
from numsnn.mutants.generated import backward_part, statements
from numsnn.mutants.no_errors import NO_ERRORS
from numsnn.mutants.source_text import Text

PRODUCT = "product(rows[n], weight, out=d_x[n])"
SIGN = Mutant(
    "a minus",
    "numsnn.linear:Linear.backward",
    PRODUCT,
    PRODUCT.replace("weight", "-weight"),
    "test",
)
NEUTRAL = replace(
    SIGN,
    name=f"linear:Linear.backward | {PRODUCT} | factor: weight -> 1 * weight",
    new=PRODUCT.replace("weight", "1 * weight"),
)


def gate(*mutants: Mutant, **options):
    return run_gate(
        **({"mutants": mutants, "on": ("Linear",), "networks": 20, "workers": 1} | options)
    )


# -- edits -----------------------------------------------------------------------------------------


def test_every_planted_edit_stands_where_it_says():
    for mutant in PLANTED:
        edited_code(mutant)
        before, after = source_of(mutant.target), edited_source(mutant)
        assert ast.dump(ast.parse(before)) != ast.dump(ast.parse(after)), mutant.name


def test_there_are_enough_of_them_and_each_has_its_own_name():
    names = [mutant.name for mutant in (*PLANTED, *all_generated())]
    assert len(PLANTED) >= 40
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"old": "product(rows[n], weights"}, "stands 0 times"),
        ({"old": "weight"}, "expected once"),
        ({"also": (("rows.T @ z", "0"),)}, "stands 0 times"),
        ({"at": 3}, "does not hold"),
        ({"new": "np.matmul("}, "does not compile"),
        ({"target": "numsnn.linear:Linear.backwards"}, "does not exist"),
        ({"target": "numsnn.linear:Linear.Params"}, "not a function"),
    ],
)
def test_a_stale_edit_is_noticed(change, message):
    stale = replace(SIGN, **change)
    with pytest.raises(numsnn.NumsnnError, match=message):
        edited_code(stale)
    with pytest.raises(numsnn.NumsnnError, match=message):
        gate(stale)


def test_the_original_comes_back_whatever_happens():
    original = numsnn.Linear.backward.__code__
    with pytest.raises(ZeroDivisionError), applied(SIGN):
        assert numsnn.Linear.backward.__code__ is not original
        raise ZeroDivisionError
    assert numsnn.Linear.backward.__code__ is original


def test_every_module_that_holds_the_function_runs_the_edited_one():
    halved = Mutant("half", "numsnn.reduce:sum_to", "return x.sum(", "return 0.5 * x.sum(", "test")
    x = np.ones((3, 2))
    with applied(halved):
        assert norms.sum_to(x, (3, 1))[0] == reduce.sum_to(x, (3, 1))[0] == 1
    assert norms.sum_to(x, (3, 1))[0] == 2


def test_inner_functions_and_class_methods_are_edited_too():
    """A closure's and a class method's edit changes what the function does, not only its text."""
    layer, rng = numsnn.Conv2d(1, 1, 3, padding=1), np.random.default_rng(0)
    params = layer.init(rng, np.float64)
    _, saved = layer.forward(params, rng.standard_normal((1, 1, 1, 3, 3)))
    d_y = rng.standard_normal((1, 1, 1, 3, 3))
    before = layer.backward(saved, d_y)[0]
    inner = next(m for m in PLANTED if m.name == "every conv lane reads the first one's cotangent")
    with applied(replace(inner, new=inner.old.replace("d_out", "-d_out"))):
        assert np.array_equal(layer.backward(saved, d_y)[0], -before)

    trace = np.ones((1, 1, 1))
    named = next(m for m in PLANTED if m.name == "regularizer under another name")
    assert numsnn.MembraneCotangent.of("a", {"a": trace}, trace.shape).trace is trace
    with applied(named):
        assert numsnn.MembraneCotangent.of("a", {"a": trace}, trace.shape).trace is None


# -- what is generated -----------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.path.removeprefix("numsnn."))
def test_every_statement_of_a_backward_is_edited(target):
    source = source_of(target.path)
    text = Text(source)
    places = [m.at for m in generated(target.path, target.only)]
    only = tuple(filter(None, target.only.split(",")))
    for statement in statements(ast.parse(source).body[0]):
        start, end = text.span(statement)
        if backward_part(statement, only) and not isinstance(statement, ast.Pass):
            assert any(start <= at < end for at in places), text.of(statement)


def test_every_backward_is_a_target():
    """Found in the source by their names; analyses, checks and demonstrations have none of their own."""
    root = Path(numsnn.__file__).parent
    apart = ("analysis", "bench", "checks", "data", "errata", "mutants", "notebooks", "registry")
    listed = {target.path for target in TARGETS} | {
        "numsnn.layer:Layer.backward",  # only raise NotImplementedError
        "numsnn.surrogates:Surrogate.slopes",
        "numsnn.surrogates:Bump.slope",
    }
    for path in sorted(root.rglob("*.py")):
        if path.relative_to(root).parts[0] in apart:
            continue
        module = ".".join(("numsnn", *path.relative_to(root).with_suffix("").parts))
        for outer in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(outer, ast.Module | ast.ClassDef):
                continue
            inside = f"{outer.name}." if isinstance(outer, ast.ClassDef) else ""
            names = [node.name for node in outer.body if isinstance(node, ast.FunctionDef)]
            for name in names:
                if name.endswith("backward") or (inside and name in ("slope", "slopes")):
                    assert f"{module}:{inside}{name}" in listed


def test_each_kind_of_edit_is_generated():
    found = {m.kind: m.edit for m in generated("numsnn.neurons:LIF._backward")}
    assert set(found) == {"sign", "index", "factor", "omission"}
    edits = [m.edit for m in generated("numsnn.readouts:MeanOverTime.backward")]
    assert "d_y / saved.shape[0] -> (d_y)" in edits
    assert "0 -> (1)" in edits


def test_every_reason_is_one_for_an_edit_that_is_made():
    names = [m.name.split(" | ") for t in TARGETS for m in generated(t.path, t.only)]
    made = [(t, line, re.sub(r" #\d+$", "", e.partition(": ")[2])) for t, line, e in names]
    for row in (*REASONS, *NO_ERRORS):
        assert row.edits and row.why
        for edit in row.edits:
            assert any(
                t == row.target and line.startswith(row.line) and e == edit for t, line, e in made
            ), (row.line, edit)


def test_what_is_no_error_is_not_made():
    names = {mutant.name for mutant in all_generated()}
    apart = [m for t in TARGETS for m in generated(t.path, t.only) if m.name not in names]
    assert len(apart) == sum(len(row.edits) for row in NO_ERRORS)


# -- the gate --------------------------------------------------------------------------------------


def test_a_planted_error_is_caught_and_the_check_named():
    result = gate(SIGN)
    assert (result.planted, result.caught, result.equivalent, result.passed) == (1, 1, 0, True)
    assert result.by == {"adjoint": 1}
    assert "a minus: adjoint" in result.table()


def test_an_exception_counts_as_caught_by_error():
    result = gate(replace(SIGN, new=PRODUCT.replace("weight", "wait")))
    assert result.by == {"error": 1}


def test_not_a_number_counts_as_caught():
    result = gate(replace(SIGN, new=PRODUCT.replace("weight", "np.nan * weight")))
    assert result.passed and result.caught == 1


def test_a_neutral_edit_is_equivalent_but_needs_its_reason(monkeypatch):
    result = gate(NEUTRAL)
    assert (result.caught, result.equivalent, result.survivors) == (0, 1, [])
    assert result.unexplained and not result.passed
    assert "NO REASON GIVEN" in result.table()
    row = Reason(
        "linear:Linear.backward",
        PRODUCT,
        ("weight -> 1 * weight",),
        "a product with one",
    )
    monkeypatch.setattr(reasons, "REASONS", (row,))
    result = gate(NEUTRAL)
    assert result.passed and "a product with one" in result.table()


def test_checks_that_cannot_fail_let_mutants_survive():
    result = gate(SIGN, NEUTRAL, checks=())
    assert [o.mutant.name for o in result.survivors] == ["a minus"]
    assert not result.passed and "SURVIVED" in result.table()


def test_what_only_exchanges_the_last_bit_is_not_equivalent():
    rounded = replace(SIGN, name="rounded", new=PRODUCT.replace("weight", "(1 + 2.3e-16) * weight"))
    assert not gate(rounded).equivalent


def test_a_function_that_nothing_calls_is_a_hole():
    result = gate(next(m for m in PLANTED if m.target == "numsnn.dropout:Dropout.backward"))
    assert "no operation of the registry calls" in result.survivors[0].reason


def test_checks_that_fail_unmutated_are_refused():
    with applied(SIGN), pytest.raises(numsnn.NumsnnError, match="although nothing is mutated"):
        gate(NEUTRAL)


def test_unknown_operations_are_refused():
    with pytest.raises(numsnn.NumsnnError, match="no operation"):
        gate(SIGN, operations=("Lineal",))
    with pytest.raises(numsnn.NumsnnError, match="no operation"):
        gate(SIGN, on=("Lineal",))


def test_operations_choose_the_mutants():
    dropout = next(m for m in PLANTED if m.target == "numsnn.dropout:Dropout.backward")
    result = gate(SIGN, dropout, on=("Linear", "Dropout"), operations=("Dropout",))
    assert [o.mutant for o in result.outcomes] == [dropout]


def test_processes_find_the_same():
    rows = [m for m in PLANTED if m.target.startswith("numsnn.linear:Linear.backward")]
    here, there = gate(*rows), gate(*rows, workers=2)
    assert here.outcomes == there.outcomes
    assert here.passed and len(rows) >= 5


def test_the_report_is_json_and_adds_up():
    result = gate(
        SIGN, NEUTRAL, replace(SIGN, name="another", new=PRODUCT.replace("weight", "2 * weight"))
    )
    found = json.loads(json.dumps(result.as_json()))
    assert found["planted"] == 3 and found["equivalent"] == 1
    assert sum(found["by"].values()) == found["caught"] == 2
    assert [row["verdict"] for row in found["list"]] == ["caught", "equivalent", "caught"]


ON = (
    *(
        "Linear",
        "Conv2d",
        "Conv2d/bands",
        "Conv2d/winograd",
        "AvgPool2d",
        "BatchNorm",
        "Dropout",
        "Accumulate",
    ),
    *("Residual", "Repeat", "sums"),
    *("LIF/hard", "LIF/soft", "LIF/soft-detached", "LIF/lateral", "LIF/folded"),
    *("LIF/norm-raw", "LIF/norm-normalised", "loss/cross-entropy", "regularizer/MPDLoss", "SGD"),
    *(f"surrogate/{name}" for name in numsnn.surrogates.SURROGATES),
)


def test_a_sample_of_all_mutants_is_caught():
    """One in 8 of those that a few operations call; ``numsnn verify --mutants`` tries them all.

    They are tried on every operation, as there: what only one of them catches may be in any sample.
    """
    rows = (*PLANTED[::4], *all_generated()[::8])
    result = run_gate(mutants=rows, operations=ON, networks=200, workers=1)
    assert result.planted > 200
    assert result.passed, result.table()
    assert result.equivalent < 0.1 * result.planted
