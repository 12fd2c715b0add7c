"""Solidity that says where it has been: marks in a copy of the sources, never in what is deployed.

A mark copies nothing from the code of an address that only this mark has, so that the EVM looks
that address up; and an EVM in this process remembers every address it ever looked up, whether the
call was a view, or reverted, or ran out of gas. A mark needs no storage, log or return value of the
contract's, and leaves what a call before it returned as it was.

What counts, by the compiler's syntax tree:

- a line is one on which a statement starts, of Solidity or of assembly; a loop's head is one;
- a branch is either outcome of a condition: of `if`, a loop, `require`, `assert` and `?:`, and of
  each operand of `&&` and `||`; each clause of a `try`; each case of a `switch`, with the one that
  is not written.

What the compiler makes by itself (decoding, overflow, array bounds) counts as neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prorata.toolchain.compiler import compile_standard

Node = Mapping[str, Any]

# Marks' addresses: nobody else's, and short, since they are in the bytecode.
FIRST = 0xC07E_0000_0000
FOLDER = "contracts/"

# All that the contracts have, and what they might; another kind is an error, not a gap.
STATEMENTS = {
    "Break", "Continue", "EmitStatement", "ExpressionStatement", "ForStatement", "IfStatement",
    "InlineAssembly", "PlaceholderStatement", "Return", "RevertStatement", "TryStatement",
    "VariableDeclarationStatement", "WhileStatement",
}  # fmt: skip
YUL_STATEMENTS = {
    "YulAssignment", "YulBreak", "YulContinue", "YulExpressionStatement", "YulForLoop", "YulIf",
    "YulLeave", "YulSwitch", "YulVariableDeclaration",
}  # fmt: skip
BLOCKS = {"Block", "UncheckedBlock", "YulBlock"}


@dataclass(frozen=True, order=True)
class Place:
    """What one mark stands for: the start of a statement, or one outcome of a branch."""

    file: str
    line: int
    column: int
    what: str

    @property
    def is_branch(self) -> bool:
        """Whether it is an outcome; otherwise a statement."""
        return self.what != "statement"


@dataclass
class Marked:
    """The marks in use, by what they stand for: the same in every build."""

    marks: dict[Place, int] = field(default_factory=dict)

    def new(self, *places: Place) -> int:
        """The address of the first of these marks; the others follow it."""
        if places[0] not in self.marks:
            self.marks.update(
                {place: FIRST + len(self.marks) + i for i, place in enumerate(places)}
            )
        return self.marks[places[0]]


def with_marks(source: Mapping[str, Any], marked: Marked) -> dict[str, Any]:
    """The compiler's whole input with marks in the product's sources.

    A mark looks at the chain, so that nothing is `pure` any more, in whatever source.
    """
    own = [name for name in source["sources"] if name.startswith(FOLDER)]
    settings = {"outputSelection": {name: {"": ["ast"]} for name in own}, "stopAfter": "parsing"}
    output = compile_standard({**source, "settings": {**source["settings"], **settings}})
    contents = {name: entry["content"] for name, entry in source["sources"].items()}
    for name in own:
        marker = Marker(name, contents[name], marked)
        contents[name] = marker.marked(output["sources"][name]["ast"])
    sources = {
        name: {"content": re.sub(r"\bpure\b", "view", text)} for name, text in contents.items()
    }
    return {**source, "sources": sources}


class Marker:
    """Marks one source. Offsets are of bytes, as the compiler counts."""

    def __init__(self, name: str, content: str, marked: Marked) -> None:
        self.name, self.text, self.all = name, content.encode(), marked
        # Where, in which order there, and what.
        self.edits: list[tuple[int, int, int, bytes]] = []
        self.wraps = False

    def marked(self, tree: Node) -> str:
        """The source with its marks."""
        for function in every(tree, "FunctionDefinition", "ModifierDefinition"):
            if function.get("body"):
                self._block(function["body"])
                self._expressions(function["body"])
        return self._edited() + (WRAPPER if self.wraps else "")

    # -------------------------------------------------------------------------------- the syntax

    def _block(self, block: Node) -> None:
        for statement in block.get("statements", ()):
            self._statement(statement)

    def _statement(self, node: Node) -> None:
        kind = node["nodeType"]
        if kind in BLOCKS:
            self._block(node)
            return
        if kind == "YulFunctionDefinition":
            self._block(node["body"])
            return
        start = span(node)[0]
        if kind in STATEMENTS:
            self._insert(start, solidity(self._mark(node, "statement")))
        elif kind in YUL_STATEMENTS:
            self._insert(start, yul(self._mark(node, "statement")))
        else:
            raise LookupError(f"{self.name} has a statement of a kind unknown here, {kind}")
        inside = {
            "ForStatement": self._in_loop,
            "IfStatement": self._in_if,
            "InlineAssembly": self._in_assembly,
            "TryStatement": self._in_try,
            "WhileStatement": self._in_loop,
            "YulForLoop": self._in_yul_body,
            "YulIf": self._in_yul_body,
            "YulSwitch": self._in_switch,
        }.get(kind)
        if inside:
            inside(node)

    def _in_if(self, node: Node) -> None:
        self._condition(node["condition"], "if")
        self._body(node["trueBody"])
        if node.get("falseBody"):
            self._body(node["falseBody"])

    def _in_loop(self, node: Node) -> None:
        if node.get("condition"):
            self._condition(node["condition"], "loop")
        self._body(node["body"])

    def _in_try(self, node: Node) -> None:
        for i, clause in enumerate(node["clauses"]):
            outcome = "caught" if i else "succeeded"
            start = span(clause["block"])[0] + 1
            self._insert(start, solidity(self._mark(clause["block"], f"try: {outcome}")))
            self._block(clause["block"])

    def _in_assembly(self, node: Node) -> None:
        root = node["AST"]
        before = len(self.edits)
        self._block(root)
        for found in every(root, "YulIf", "YulForLoop"):
            self._yul_condition(found["condition"])
        if len(self.edits) > before:
            self._insert(span(root)[0] + 1, YUL_WRAPPER)

    def _in_yul_body(self, node: Node) -> None:
        self._block(node["body"])

    def _in_switch(self, node: Node) -> None:
        for case in node["cases"]:
            value = case["value"]
            outcome = "default" if value == "default" else f"case {value['value']}"
            start = span(case["body"])[0] + 1
            self._insert(start, yul(self._mark(case["body"], f"switch: {outcome}")))
            self._block(case["body"])
        if all(case["value"] != "default" for case in node["cases"]):
            mark = yul(self._mark(node, "switch: default"))
            self._insert(span(node)[1], b" default { " + mark + b"}", late=True)

    def _body(self, node: Node) -> None:
        """A body gets braces if it has none, so that there is room for a mark."""
        if node["nodeType"] in BLOCKS:
            self._block(node)
            return
        self._insert(span(node)[0], b"{ ")
        self._statement(node)
        self._insert(self._end(node), b" }", late=True)

    def _end(self, node: Node) -> int:
        """Where a statement ends, its semicolon included."""
        inner = node.get("falseBody") or node.get("trueBody") or node.get("body")
        if node["nodeType"] in BLOCKS:
            return span(node)[1]
        if inner:
            return self._end(inner)
        if node["nodeType"] == "TryStatement":
            return span(node["clauses"][-1]["block"])[1]
        return self.text.index(b";", span(node)[1] - 1) + 1

    # ----------------------------------------------------------------------------- the conditions

    def _expressions(self, body: Node) -> None:
        for node in every(body, "Conditional"):
            self._condition(node["condition"], "?:")
        for node in every(body, "FunctionCall"):
            if node["expression"].get("name") in {"require", "assert"}:
                self._condition(node["arguments"][0], node["expression"]["name"])
        for node in every(body, "BinaryOperation"):
            if node["operator"] in {"&&", "||"}:
                for side in ("leftExpression", "rightExpression"):
                    if not is_junction(node[side]):
                        self._condition(node[side], f"operand of {node['operator']}")

    def _condition(self, node: Node, what: str) -> None:
        # `while (true)` has one outcome.
        if node["nodeType"] == "Literal":
            return
        self.wraps = True
        start, end = span(node)
        first = self._outcomes(node, what)
        # Of two that start or end together the longer one is the outer.
        self._insert(start, b"((", order=-end)
        self._insert(
            end,
            b") ? _was(%d, true) : _was(%d, false))" % (first + 1, first),
            late=True,
            order=-start,
        )

    def _yul_condition(self, node: Node) -> None:
        start, end = span(node)
        first = self._outcomes(node, "assembly")
        self._insert(start, b"_outcome_(%d, " % first, order=-end)
        self._insert(end, b")", late=True, order=-start)

    def _outcomes(self, node: Node, what: str) -> int:
        return self.all.new(
            *(self._place(node, f"{what}: {outcome}") for outcome in ("false", "true"))
        )

    # ---------------------------------------------------------------------------------- the text

    def _mark(self, node: Node, what: str) -> int:
        return self.all.new(self._place(node, what))

    def _place(self, node: Node, what: str) -> Place:
        start = span(node)[0]
        line_start = self.text.rfind(b"\n", 0, start) + 1
        column = len(self.text[line_start:start].decode()) + 1
        return Place(self.name, self.text.count(b"\n", 0, start) + 1, column, what)

    def _insert(self, at: int, text: bytes, *, late: bool = False, order: int = 0) -> None:
        # What closes at a place stands before what opens there; statements before conditions.
        rank = 0 if late else 1 if order == 0 else 2
        self.edits.append((at, rank, order, text))

    def _edited(self) -> str:
        done, parts = 0, []
        for at, _, _, text in sorted(self.edits, key=lambda edit: edit[:3]):
            parts += [self.text[done:at], text]
            done = at
        return b"".join([*parts, self.text[done:]]).decode()


def yul(mark: int) -> bytes:
    """The mark in assembly. Nothing cheaper survives the optimizer."""
    return b"extcodecopy(%d, 0, 0, 0) " % mark


def solidity(mark: int) -> bytes:
    """The mark as a statement."""
    return b'assembly ("memory-safe") { ' + yul(mark) + b"} "


# A condition is weighed where it stands, since it may need the last slot of the stack in reach.
WRAPPER = """
function _was(uint256 mark, bool outcome) view returns (bool) {
    assembly ("memory-safe") {
        extcodecopy(mark, 0, 0, 0)
    }
    return outcome;
}
"""
YUL_WRAPPER = (
    b" function _outcome_(mark_, found_) -> same_"
    b" { same_ := found_ extcodecopy(add(mark_, iszero(iszero(found_))), 0, 0, 0) } "
)


def span(node: Node) -> tuple[int, int]:
    """Where a node starts and ends."""
    start, length, _ = node["src"].split(":")
    return int(start), int(start) + int(length)


def is_junction(node: Node) -> bool:
    """Whether an expression is itself `&&` or `||`, whose operands are counted."""
    while node["nodeType"] == "TupleExpression" and len(node["components"]) == 1:
        node = node["components"][0]
    return node["nodeType"] == "BinaryOperation" and node["operator"] in {"&&", "||"}


def every(node: Any, *kinds: str) -> Iterator[Node]:
    """The nodes of these kinds within one, itself included."""
    if isinstance(node, Mapping):
        if node.get("nodeType") in kinds:
            yield node
        for value in node.values():
            yield from every(value, *kinds)
    elif isinstance(node, list):
        for item in node:
            yield from every(item, *kinds)
