"""Mutants of Python, found in its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.assurance.mutation.mutant import Mutant

BINARY: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "//"), ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"), ast.Pow: ("**", "*"), ast.BitOr: ("|", "&"), ast.BitAnd: ("&", "|"),
}  # fmt: skip
COMPARED: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">")), ast.LtE: ("<=", ("<", ">=")), ast.Gt: (">", (">=", "<")),
    ast.GtE: (">=", (">", "<=")), ast.Eq: ("==", ("!=",)), ast.NotEq: ("!=", ("==",)),
    ast.In: ("in", ("not in",)), ast.NotIn: ("not in", ("in",)),
    ast.Is: ("is", ("is not",)), ast.IsNot: ("is not", ("is",)),
}  # fmt: skip


Change = tuple[int, str, str, str]


class Source:
    """A module's text, in which a tree's places can be found."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = [0]
        for line in text.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def at(self, line: int, column: int) -> int:
        """The character at a line and a column, which the tree counts in bytes."""
        begin = self._lines[line - 1]
        row = self.text[begin : self._lines[line]].encode()
        return begin + len(row[:column].decode())

    def span(self, part: ast.expr | ast.stmt) -> tuple[int, int]:
        """Where a part begins and ends."""
        end = self.at(part.end_lineno or 0, part.end_col_offset or 0)
        return self.at(part.lineno, part.col_offset), end

    def of(self, part: ast.expr | ast.stmt) -> tuple[int, str]:
        """Where a part begins, and what it says."""
        start, end = self.span(part)
        return start, self.text[start:end]

    def between(self, left: ast.expr, right: ast.expr, word: str) -> int | None:
        """Where a word stands between two parts."""
        begin, end = self.span(left)[1], self.span(right)[0]
        place = self.text[begin:end].find(word)
        return None if place < 0 else begin + place


def mutants(path: str, text: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    source = Source(text)
    for node, within in _walk(ast.parse(text), ()):
        for maker in MAKERS:
            for start, before, after, operator in maker(node, source):
                yield Mutant(path, start, before, after, operator, ".".join(within))


def _walk(node: ast.AST, within: tuple[str, ...]) -> Iterator[tuple[ast.AST, tuple[str, ...]]]:
    """Every node, and the definitions that it is in; a decorator is part of what it decorates."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        within = (*within, node.name)
    yield node, within
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, within)


def executed(text: str) -> str:
    """What of a module is ever run: all but what its functions say of their types."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)


def _binary(node: ast.AST, source: Source) -> Iterator[Change]:
    if not isinstance(node, ast.BinOp) or type(node.op) not in BINARY:
        return
    # What joins texts is not arithmetic.
    if any(isinstance(part, ast.JoinedStr) or _text(part) for part in (node.left, node.right)):
        return
    before, after = BINARY[type(node.op)]
    place = source.between(node.left, node.right, before)
    if place is not None:
        yield place, before, after, "operator"


def _compare(node: ast.AST, source: Source) -> Iterator[Change]:
    if not isinstance(node, ast.Compare):
        return
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        before, others = COMPARED[type(operator)]
        place = source.between(left, right, before)
        for after in () if place is None else others:
            yield place or 0, before, after, "compare"
        left = right


def _boolean(node: ast.AST, source: Source) -> Iterator[Change]:
    if isinstance(node, ast.BoolOp):
        before, after = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        place = source.between(node.values[0], node.values[1], before)
        if place is not None:
            yield place, before, after, "boolean"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield source.span(node)[0], "not ", "", "boolean"


def _constant(node: ast.AST, source: Source) -> Iterator[Change]:
    if not isinstance(node, ast.Constant):
        return
    start, text = source.of(node)
    if isinstance(node.value, bool):
        yield start, text, str(not node.value), "constant"
    elif isinstance(node.value, int) and text.replace("_", "").isdigit():
        yield start, text, str(node.value + 1), "constant"
        if node.value:
            yield start, text, str(node.value - 1), "constant"


def _condition(node: ast.AST, source: Source) -> Iterator[Change]:
    if isinstance(node, ast.If | ast.IfExp):
        start, text = source.of(node.test)
        yield start, text, f"(not ({text}))", "negate"


def _statement(node: ast.AST, source: Source) -> Iterator[Change]:
    if isinstance(node, ast.AugAssign | ast.Raise) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Yield)
    ):
        yield (*source.of(node), "pass", "remove")
    if isinstance(node, ast.Return) and node.value is not None:
        start, text = source.of(node.value)
        if text != "None":
            yield start, text, "None", "return"


def _text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


MAKERS = (_binary, _compare, _boolean, _constant, _condition, _statement)
