"""The edits: what a slip may do to a statement or to an expression in it.

sign      + for -, - for +, a minus dropped or put in front, a comparison or condition turned round
index     another step, axis, bound or position; an order not reversed
factor    a factor or divisor dropped, a product doubled, a division turned, a constant one off
omission  a term, a statement, a branch, a call or an argument left out
"""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from numsnn.mutants.source_text import Text

OTHER = {ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<", ast.Eq: "!=", ast.NotEq: "=="}
OTHER |= {ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in"}
# calls that may be left out, their first argument or their array standing in their place
OF_ARRAYS = {"sum", "mean", "cumsum", "exp", "log", "log1p", "sqrt", "square", "tanh", "abs"}
OF_ARRAYS |= {"broadcast_to", "moveaxis", "transpose", "swapaxes", "reshape", "astype", "max"}
BY_HAND = {"sum_to", "contract", "magnitude", "logistic", "softplus", "tree_sum"}
NOT_ARRAYS = {"tuple", "list", "len", "_replace", "cls", "_initial", "of", "slice", "get"}
ALLOCATING = ("zeros", "empty", "scratch")  # minus 0 is 0, and what is empty is yet to be filled


class Edit(NamedTuple):
    kind: str
    node: ast.AST  # what is replaced
    new: str


def of_statement(row: ast.stmt, text: Text, bound: set[str], mixed: bool) -> Iterator[Edit]:
    if isinstance(row, ast.AugAssign):
        yield Edit("omission", row, "pass")
        left, right = text.of(row.target), text.of(row.value)
        if isinstance(row.op, ast.Add | ast.Sub):
            sign = "-" if isinstance(row.op, ast.Add) else "+"
            yield Edit("sign", row, f"{left} {sign}= {right}")
            yield Edit("omission", row, f"{left} = {right}")
    if isinstance(row, ast.Expr):
        yield Edit("omission", row, "pass")
    if isinstance(row, ast.Assign):
        names = [n for t in row.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
        if all(n.id in bound for n in names):
            yield Edit("omission", row, "pass")
        if isinstance(row.targets[0], ast.Tuple) and len(row.targets[0].elts) > 1:
            first, second, *rest = (text.of(part) for part in row.targets[0].elts)
            exchanged = ", ".join([second, first, *rest])
            yield Edit("index", row, f"{exchanged} = {text.of(row.value)}")
        elif numeric(row.value):
            yield Edit("sign", row.value, f"-({text.of(row.value)})")
            yield Edit("factor", row.value, f"2 * ({text.of(row.value)})")
        elif isinstance(row.value, ast.Constant):
            yield Edit("omission", row, "pass")
        else:
            yield Edit("omission", row.value, "None")
    if isinstance(row, ast.AnnAssign) and row.value is not None:
        yield Edit("omission", row.value, "None")
    if isinstance(row, ast.If):
        if not isinstance(row.test, ast.Compare | ast.UnaryOp):
            yield Edit("sign", row.test, f"not ({text.of(row.test)})")
        yield Edit("omission", row.test, "False")
        yield Edit("omission", row.test, "True")
    if isinstance(row, ast.Return) and isinstance(row.value, ast.Tuple):
        for part in row.value.elts[1:] if mixed else row.value.elts:
            if numeric(part) and not (isinstance(part, ast.Constant) and part.value is None):
                yield Edit("sign", part, f"-({text.of(part)})")
                yield Edit("factor", part, f"2 * ({text.of(part)})")
    elif isinstance(row, ast.Return) and row.value is not None and numeric(row.value):
        yield Edit("sign", row.value, f"-({text.of(row.value)})")
        yield Edit("factor", row.value, f"2 * ({text.of(row.value)})")


def numeric(node: ast.expr) -> bool:
    """Whether an expression may well be an array: not a tree, a list, a slice or a generator."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        return not (name[:1].isupper() or name in NOT_ARRAYS or name.startswith(ALLOCATING))
    return isinstance(node, ast.BinOp | ast.Name | ast.Subscript | ast.UnaryOp)


def of_expression(
    node: ast.AST, text: Text, integers: set[str], places: set[ast.AST]
) -> Iterator[Edit]:
    if isinstance(node, ast.BinOp):
        yield from _of_operator(node, text)
    elif isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.USub):
            yield Edit("sign", node, text.of(node.operand))
        elif isinstance(node.op, ast.Not):
            yield Edit("sign", node, f"({text.of(node.operand)})")
    elif isinstance(node, ast.Constant):
        yield from _of_constant(node, node in places)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = text.of(node.left), text.of(node.comparators[0])
        yield Edit("sign", node, f"{left} {OTHER[type(node.ops[0])]} {right}")
    elif isinstance(node, ast.BoolOp):
        for i in range(len(node.values)):
            word = " and " if isinstance(node.op, ast.And) else " or "
            kept = word.join(text.of(v) for j, v in enumerate(node.values) if j != i)
            yield Edit("omission", node, f"({kept})")
    elif isinstance(node, ast.IfExp):
        yield Edit("omission", node, f"({text.of(node.body)})")
        yield Edit("omission", node, f"({text.of(node.orelse)})")
    elif isinstance(node, ast.Subscript):
        yield from _of_subscript(node, text, integers)
    elif isinstance(node, ast.Attribute):
        if node.attr == "real":
            yield Edit("omission", node, text.of(node.value))
    elif isinstance(node, ast.Call):
        yield from _of_call(node, text)


def _of_operator(node: ast.BinOp, text: Text) -> Iterator[Edit]:
    left, right = text.of(node.left), text.of(node.right)
    if isinstance(node.op, ast.Add | ast.Sub):
        minus = isinstance(node.op, ast.Sub)
        yield Edit("sign", node, f"({left} {'+' if minus else '-'} ({right}))")
        yield Edit("omission", node, f"({left})")
        yield Edit("omission", node, f"({'-' if minus else ''}({right}))")
    elif isinstance(node.op, ast.Mult):
        yield Edit("factor", node, f"({left})")
        yield Edit("factor", node, f"({right})")
    elif isinstance(node.op, ast.Div):
        yield Edit("factor", node, f"({left})")
        yield Edit("factor", node, f"(({left}) * ({right}))")
    elif isinstance(node.op, ast.FloorDiv):
        yield Edit("factor", node, f"({left})")


def _of_constant(node: ast.Constant, place: bool) -> Iterator[Edit]:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    kind = "index" if place else "factor"
    yield Edit(kind, node, f"({value + 1})")
    yield Edit(kind, node, f"({value - 1})")


def _of_subscript(node: ast.Subscript, text: Text, integers: set[str]) -> Iterator[Edit]:
    whole = text.of(node.value)
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for part in parts:
        if isinstance(part, ast.Name) and part.id in integers:
            yield Edit("index", part, f"{part.id} - 1")
            yield Edit("index", part, f"-1 - {part.id}")
        elif isinstance(part, ast.Slice):
            lower, upper, step = (
                "" if p is None else text.of(p) for p in (part.lower, part.upper, part.step)
            )
            end = f":{step}" if step else ""
            if lower:
                yield Edit("index", part, f":{upper}{end}")
            if upper:
                yield Edit("index", part, f"{lower}:{end}")
            if step:
                yield Edit("index", part, f"{lower}:{upper}")
            if not (lower or upper or step):
                yield Edit("index", part, "::-1")
    if len(parts) == 1 and isinstance(parts[0], ast.Slice):
        yield Edit("omission", node, whole)


def _of_call(node: ast.Call, text: Text) -> Iterator[Edit]:
    name = text.of(node.func)
    last = name.rpartition(".")[2]
    arguments = [text.of(a) for a in node.args]
    keywords = [text.of(k) for k in node.keywords]
    if name in ("reversed", "sum"):
        yield Edit("index" if name == "reversed" else "omission", node, arguments[0])
    elif name == "range":
        start, stop, *step = arguments if len(arguments) > 1 else ["0", *arguments]
        yield Edit("index", node, f"range({', '.join([start, f'{stop} - 1', *step])})")
        yield Edit("index", node, f"range({', '.join([f'{start} + 1', stop, *step])})")
    elif isinstance(node.func, ast.Attribute) and last in OF_ARRAYS and not name.startswith("np."):
        yield Edit("omission", node, text.of(node.func.value))
    elif node.args and last in OF_ARRAYS | BY_HAND:
        yield Edit("omission", node, f"({arguments[0]})")
    for i in range(len(keywords)):
        rest = ", ".join(arguments + keywords[:i] + keywords[i + 1 :])
        yield Edit("omission", node, f"{name}({rest})")
    if any(isinstance(a, ast.Starred) for a in node.args):
        return
    if last == "where" and len(arguments) == 3:
        condition, yes, no = arguments
        yield Edit("index", node, f"np.where({condition}, {no}, {yes})")
        yield Edit("omission", node, f"({yes})")
        yield Edit("omission", node, f"({no})")
    if last[:1].isupper():
        for i in range(len(arguments) - 1):
            swapped = [*arguments]
            swapped[i : i + 2] = reversed(arguments[i : i + 2])
            yield Edit("index", node, f"{name}({', '.join(swapped + keywords)})")
        for i, part in enumerate(node.args):
            if numeric(part):
                yield Edit("sign", part, f"-({arguments[i]})")
                yield Edit("factor", part, f"2 * ({arguments[i]})")
