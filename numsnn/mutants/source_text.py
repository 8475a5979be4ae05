"""A function's source and where the nodes of its syntax tree stand in it."""

import ast


class Text:
    """Where the nodes of a syntax tree stand in the source."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines = source.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))

    def place(self, line: int, column: int) -> int:
        """The offset of a column that counts UTF-8 bytes, as syntax trees do."""
        before = self.lines[line - 1].encode()[:column].decode()
        return self.starts[line - 1] + len(before)

    def span(self, node: ast.AST) -> tuple[int, int]:
        return (
            self.place(node.lineno, node.col_offset),  # type: ignore[attr-defined]
            self.place(node.end_lineno, node.end_col_offset),  # type: ignore[attr-defined]
        )

    def of(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.source[start:end]

    def line(self, node: ast.AST) -> str:
        """The line on which the node begins, without its comment."""
        return self.lines[node.lineno - 1].split("  #")[0].strip()  # type: ignore[attr-defined]


def short(target: str) -> str:
    """``neurons:LIF._backward`` for ``numsnn.neurons:LIF._backward``."""
    return target.removeprefix("numsnn.")


def brief(text: str) -> str:
    """The text on one line, its middle left out where it is long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 64 else f"{flat[:40]} ... {flat[-19:]}"
