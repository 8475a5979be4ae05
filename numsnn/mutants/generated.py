"""Sign, index, factor and omission edits on every line of a function, from its syntax tree."""

import ast
from collections.abc import Iterator

from numsnn.mutants.edit import Mutant, source_of
from numsnn.mutants.operators import Edit, of_expression, of_statement
from numsnn.mutants.source_text import Text, brief, short


def generated(target: str, only: str = "") -> list[Mutant]:
    """Every edit of the function ``target``, each once, in the order of its lines.

    only: where a function computes a loss and its gradient, the comma-separated prefixes of the
    names that belong to the gradient (``"d_"``); other assignments are left alone, and so is the
    first of several returned values.
    """
    source = source_of(target)
    text = Text(source)
    function = ast.parse(source).body[0]
    seen = {_shape(source)}
    found: list[Mutant] = []
    names: dict[str, int] = {}
    left_to_find = _left_to_find(function)
    for edit in _edits(function, text, tuple(filter(None, only.split(",")))):
        if edit.node in left_to_find and edit.new == "(2)":
            continue  # reshape(-2) is reshape(-1): any negative extent is the one left to find
        start, end = text.span(edit.node)
        edited = source[:start] + edit.new + source[end:]
        try:
            shape = _shape(edited)
        except SyntaxError:
            continue
        if shape in seen:
            continue
        seen.add(shape)
        line = text.line(edit.node)
        change = f"{brief(source[start:end])} -> {brief(edit.new)}"
        name = f"{short(target)} | {line} | {edit.kind}: {change}"
        names[name] = names.get(name, 0) + 1
        if names[name] > 1:
            name = f"{name} #{names[name]}"
        found.append(
            Mutant(
                name,
                target,
                source[start:end],
                edit.new,
                f"{edit.kind} edit in `{line}`",
                at=start,
                kind=edit.kind,
            )
        )
    return found


def statements(function: ast.AST) -> Iterator[ast.stmt]:
    """Every statement in the body, inner functions' too, but no docstring and no ``def``."""
    for node in ast.walk(function):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.AnnAssign) and node.value is None:
            continue
        if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef):
            yield node


def backward_part(statement: ast.stmt, only: tuple[str, ...]) -> bool:
    """Whether a statement is one of the gradient's: it assigns such a name, or returns."""
    if not only or isinstance(statement, ast.Return):
        return True
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AugAssign | ast.AnnAssign):
        targets = [statement.target]
    roots = [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return any(root.startswith(only) for root in roots)


def _edits(function: ast.AST, text: Text, only: tuple[str, ...]) -> Iterator[Edit]:
    integers = {n.target.id for n in ast.walk(function) if _counts(n)}  # type: ignore[attr-defined]
    places = _places(function)
    rows = sorted(statements(function), key=lambda s: (s.lineno, s.col_offset))
    bound = {a.arg for n in ast.walk(function) if isinstance(n, ast.arguments) for a in n.args}
    for row in rows:
        if not backward_part(row, only):
            continue
        yield from of_statement(row, text, bound, bool(only))
        for part in _expressions(row, bool(only)):
            for node in ast.walk(part):
                if isinstance(node, ast.expr | ast.keyword | ast.comprehension):
                    yield from of_expression(node, text, integers, places)
        bound |= {n.id for n in ast.walk(row) if isinstance(n, ast.Name)}


def _places(function: ast.AST) -> set[ast.AST]:
    """The numbers that say where, not how much: in subscripts and in calls' arguments."""
    found: set[ast.AST] = set()
    for node in ast.walk(function):
        parts: list[ast.AST] = []
        if isinstance(node, ast.Subscript):
            parts = [node.slice]
        elif isinstance(node, ast.Call):
            parts = [*node.args, *(k.value for k in node.keywords)]
        for part in parts:
            numbers = part.elts if isinstance(part, ast.Tuple) else [part]
            found |= {n for n in numbers if isinstance(n, ast.Constant)}
            found |= {n for n in ast.walk(part) if isinstance(node, ast.Subscript)}
    return found


def _left_to_find(function: ast.AST) -> set[ast.AST]:
    """The 1 of every -1 among the extents of a reshape."""
    calls = [n for n in ast.walk(function) if isinstance(n, ast.Call)]
    calls = [n for n in calls if isinstance(n.func, ast.Attribute) and n.func.attr == "reshape"]
    minus = [a for n in calls for a in n.args if isinstance(a, ast.UnaryOp)]
    return {a.operand for a in minus if isinstance(a.operand, ast.Constant)}


def _counts(node: ast.AST) -> bool:
    """A loop over a range: its variable is an index."""
    return (
        isinstance(node, ast.For)
        and isinstance(node.target, ast.Name)
        and "range" in ast.dump(node.iter)
    )


def _expressions(row: ast.stmt, mixed: bool) -> list[ast.expr]:
    """The expressions that stand directly in a statement."""
    if isinstance(row, ast.Assign):
        return [row.value, *(t for t in row.targets if isinstance(t, ast.Subscript))]
    if isinstance(row, ast.AugAssign):
        return [row.value, *([row.target] if isinstance(row.target, ast.Subscript) else [])]
    if isinstance(row, ast.AnnAssign) and row.value is not None:
        return [row.value]
    if isinstance(row, ast.Return) and row.value is not None:
        if mixed and isinstance(row.value, ast.Tuple):
            return row.value.elts[1:]
        return [row.value]
    if isinstance(row, ast.Expr):
        return [row.value]
    if isinstance(row, ast.If):
        return [row.test]
    if isinstance(row, ast.For):
        return [row.iter]
    return []


def _shape(source: str) -> str:
    """The syntax tree as text: equal for two edits that are the same code."""
    return ast.dump(ast.parse(source))
