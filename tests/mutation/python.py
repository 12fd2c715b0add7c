"""Mutants of Python, found in its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.mutation.mutant import Mutant

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


def mutants(path: str, text: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    lines = [0]
    for line in text.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))

    def at(line: int, column: int) -> int:
        begin = lines[line - 1]
        row = text[begin : lines[line]]
        return begin + len(row.encode()[:column].decode())

    for node in ast.walk(ast.parse(text)):
        for start, before, after, operator in _changes(node, text, at):
            yield Mutant(path, start, before, after, operator)


def _changes(node: ast.AST, text: str, at) -> Iterator[tuple[int, str, str, str]]:
    def span(part: ast.expr | ast.stmt) -> tuple[int, int]:
        return at(part.lineno, part.col_offset), at(part.end_lineno or 0, part.end_col_offset or 0)

    if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        before, after = BINARY[type(node.op)]
        begin, end = span(node.left)[1], span(node.right)[0]
        place = text[begin:end].find(before)
        # What joins texts is not arithmetic.
        if place >= 0 and not any(isinstance(p, (ast.JoinedStr, ast.Constant)) and not _number(p) for p in (node.left, node.right)):
            yield begin + place, before, after, "operator"
    if isinstance(node, ast.Compare):
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            before, others = COMPARED[type(operator)]
            begin, end = span(left)[1], span(right)[0]
            place = text[begin:end].find(before)
            for after in others if place >= 0 else ():
                yield begin + place, before, after, "compare"
            left = right
    if isinstance(node, ast.BoolOp):
        before, after = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        begin, end = span(node.values[0])[1], span(node.values[1])[0]
        place = text[begin:end].find(before)
        if place >= 0:
            yield begin + place, before, after, "boolean"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        start = span(node)[0]
        yield start, "not ", "", "boolean"
    if isinstance(node, ast.Constant) and _number(node):
        start, end = span(node)
        if text[start:end].replace("_", "").isdigit():
            yield start, text[start:end], str(node.value + 1), "number"  # type: ignore[operator]
            if node.value != 0:
                yield start, text[start:end], str(node.value - 1), "number"  # type: ignore[operator]
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        start, end = span(node)
        yield start, text[start:end], str(not node.value), "number"
    if isinstance(node, (ast.If, ast.IfExp)):
        start, end = span(node.test)
        yield start, text[start:end], f"(not ({text[start:end]}))", "negate"
    if isinstance(node, (ast.AugAssign, ast.Raise)) or (
        isinstance(node, ast.Expr) and isinstance(node.value, (ast.Call, ast.Yield))
    ):
        start, end = span(node)
        yield start, text[start:end], "pass", "remove"
    if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        start, end = span(node.value)
        yield start, text[start:end], "None", "return"


def _number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
