"""Mutants of Solidity, found in the compiler's own syntax tree, so that most of them compile."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from prorata.chain.artifacts import Artifact
from prorata.toolchain import compiler as solidity_compiler
from prorata.toolchain.compiler import CONTRACTS, compile_contracts, standard_json
from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.mutation.killing import PROBES
from tests.assurance.mutation.mutant import Mutant
from tests.conftest import TEST_CONTRACTS

BINARY = {
    "+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "<<": ">>", ">>": "<<", "&": "|", "|": "&",
    "^": "&", "==": "!=", "!=": "==", "&&": "||", "||": "&&",
    "<": "<=", "<=": "<", ">": ">=", ">=": ">",
}  # fmt: skip
TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
COMPOUND = {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "*=": "/=", "/=": "*="}
YUL = {
    "add": "sub", "sub": "add", "mul": "add", "div": "mul", "shl": "shr", "shr": "shl",
    "and": "or", "or": "and", "xor": "and", "lt": "gt", "gt": "lt", "eq": "lt", "not": "iszero",
}  # fmt: skip
ORDERED = ("sub", "div", "mod", "shl", "shr")
"""Whose two operands are not exchanged for nothing."""
REMOVED = ("ExpressionStatement", "EmitStatement")
DAEMON = Path(__file__).with_name("solc_daemon.js")
WANTED = ["evm.bytecode.object", "evm.deployedBytecode.object"]
LIBRARY = 100
"""Bytes: a library whose functions are all internal has no more code than that."""

# Without the sources' hash at its end, code that does the same is the same.
BARE = {"metadata": {"appendCBOR": False}}
PLAIN = {**BARE, "optimizer": {"enabled": False}}


class Compiler:
    """A warm compiler of the contracts."""

    def __init__(self) -> None:
        self.source = standard_json()
        self.source["sources"] = {
            **standard_json(TEST_CONTRACTS)["sources"],
            **self.source["sources"],
        }
        self._process = subprocess.Popen(
            ["node", DAEMON], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT_ROOT
        )

    def ask(
        self, sources: Mapping[str, Any], output: Mapping[str, Any], how: Mapping[str, Any] = PLAIN
    ) -> dict[str, Any]:
        """Compile; the answer has `contracts` and `sources`, or an `error`."""
        settings = {**self.source["settings"], **how, "outputSelection": output}
        line = json.dumps({"language": "Solidity", "sources": sources, "settings": settings})
        there, back = self._process.stdin, self._process.stdout
        assert there is not None
        assert back is not None
        there.write(line.encode() + b"\n")
        there.flush()
        answer: dict[str, Any] = json.loads(back.readline())
        return answer

    def text(self, path: str) -> str:
        """A source as it is."""
        return str(self.source["sources"][path]["content"])

    @cached_property
    def trees(self) -> dict[str, Any]:
        """The syntax trees of our own sources."""
        sources = self.source["sources"]
        own = {path: {"": ["ast"]} for path in sources if path.startswith("contracts/")}
        answer = self.ask(sources, own)
        return {path: made["ast"] for path, made in answer["sources"].items() if "ast" in made}

    def tree(self, path: str) -> Any:
        """The syntax tree of one source, which is quick."""
        sources = {name: self.source["sources"][name] for name in self._imported(path)}
        return self.ask(sources, {path: {"": ["ast"]}})["sources"][path]["ast"]

    def end(self) -> None:
        """Let the compiler go."""
        with self._process:
            self._process.terminate()

    def using(self, path: str, artifacts: Mapping[str, Artifact]) -> list[Artifact]:
        """The contracts whose code a source is part of."""
        found = [
            artifact
            for artifact in artifacts.values()
            if (artifact.source_name.startswith("contracts/") or artifact.name in PROBES)
            and path in self._imported(artifact.source_name)
        ]
        # A library's own code is eighty bytes that say that it is one.
        return [artifact for artifact in found if len(artifact.runtime) > LIBRARY]

    def _imported(self, path: str) -> set[str]:
        known, waiting = set[str](), [path]
        while waiting:
            name = waiting.pop()
            if name in known:
                continue
            known.add(name)
            written = solidity_compiler._IMPORT.findall(self.text(name))
            waiting += [solidity_compiler._resolve(one, name)[0] for one in written]
        return known

    def compiled(
        self, mutant: Mutant, of: list[Artifact], how: Mapping[str, Any] = PLAIN
    ) -> dict[str, tuple[bytes, bytes]] | None:
        """Creation and runtime code of each contract; nothing if it does not compile."""
        needed = set[str]().union(*(self._imported(artifact.source_name) for artifact in of))
        sources = {name: deepcopy(self.source["sources"][name]) for name in needed}
        sources[mutant.path]["content"] = mutant.applied(self.text(mutant.path))
        output: dict[str, dict[str, Any]] = {}
        for artifact in of:
            output.setdefault(artifact.source_name, {})[artifact.name] = WANTED
        answer = self.ask(sources, output, how)
        if "error" in answer:
            return None
        return {
            artifact.name: _code(answer["contracts"][artifact.source_name][artifact.name])
            for artifact in of
        }


def plain(compiler: Compiler) -> dict[str, Artifact]:
    """All contracts as mutants are compiled: ours without the optimiser, the tests' as they are."""
    artifacts = compile_contracts((CONTRACTS, TEST_CONTRACTS))
    ours = {n: a for n, a in compile_contracts().items() if len(a.runtime) > LIBRARY}
    ours |= {name: artifacts[name] for name in PROBES}
    output: dict[str, dict[str, Any]] = {}
    for artifact in ours.values():
        output.setdefault(artifact.source_name, {})[artifact.name] = WANTED
    made = compiler.ask(compiler.source["sources"], output)["contracts"]
    for artifact in ours.values():
        creation, runtime = _code(made[artifact.source_name][artifact.name])
        artifacts[artifact.name] = replace(artifact, bytecode=creation, runtime=runtime)
    return artifacts


def _code(contract: Mapping[str, Any]) -> tuple[bytes, bytes]:
    evm = contract["evm"]
    creation, runtime = evm["bytecode"]["object"], evm["deployedBytecode"]["object"]
    return bytes.fromhex(creation), bytes.fromhex(runtime)


def mutants(tree: Mapping[str, Any], path: str, text: str) -> Iterator[Mutant]:
    """Every mutant of a source. The tree counts bytes, and so does this until it yields."""
    raw = text.encode()
    for within, (start, before, after, operator) in _of_node(tree, raw, ()):
        place = len(raw[:start].decode())
        yield Mutant(path, place, before, after, operator, ".".join(within))


Change = tuple[int, str, str, str]
Within = tuple[str, ...]
NAMED = ("ContractDefinition", "FunctionDefinition", "ModifierDefinition")
"""What a change is within; a constructor goes by its kind, as it has no name."""


def _span(node: Mapping[str, Any]) -> tuple[int, int]:
    start, length, _ = node.get("src", node.get("nativeSrc")).split(":")
    return int(start), int(start) + int(length)


def _statement(node: Mapping[str, Any], raw: bytes) -> tuple[int, str]:
    """Where a statement is and what it says, its semicolon included, which the tree leaves out."""
    start, end = _span(node)
    end += raw[end : end + 1] == b";"
    return start, raw[start:end].decode()


def _of_node(node: Any, raw: bytes, within: Within) -> Iterator[tuple[Within, Change]]:
    if isinstance(node, list):
        for item in node:
            yield from _of_node(item, raw, within)
        return
    if not isinstance(node, dict):
        return
    kind = node.get("nodeType", "")
    # What is fixed at compile time, and the shapes of things, are not behaviour.
    if kind in ("PragmaDirective", "ImportDirective", "ErrorDefinition", "EventDefinition",
                "StructDefinition", "EnumDefinition", "StructuredDocumentation"):  # fmt: skip
        return
    if kind in NAMED:
        within = (*within, node["name"] or node["kind"])
    if "src" in node:
        yield from ((within, change) for change in _changes(node, kind, raw))
    for value in node.values():
        if isinstance(value, dict | list):
            yield from _of_node(value, raw, within)


def _changes(node: Mapping[str, Any], kind: str, raw: bytes) -> Iterator[Change]:
    maker = MAKERS.get(kind)
    if maker:
        yield from maker(node, raw)
    if kind in REMOVED:
        yield *_statement(node, raw), "{}", "remove"


def _between(node: Mapping[str, Any], raw: bytes, operator: str, left: str, right: str) -> int:
    begin, end = _span(node[left])[1], _span(node[right])[0]
    return begin + raw[begin:end].index(operator.encode())


def _binary(node: Mapping[str, Any], raw: bytes) -> Iterator[Change]:
    operator = node["operator"]
    if operator not in BINARY:
        return
    start = _between(node, raw, operator, "leftExpression", "rightExpression")
    yield start, operator, BINARY[operator], "operator"
    if operator in TURNED:
        yield start, operator, TURNED[operator], "turn"


def _assignment(node: Mapping[str, Any], raw: bytes) -> Iterator[Change]:
    operator = node["operator"]
    if operator in COMPOUND:
        start = _between(node, raw, operator, "leftHandSide", "rightHandSide")
        yield start, operator, COMPOUND[operator], "compound"


def _unary(node: Mapping[str, Any], raw: bytes) -> Iterator[Change]:
    start, end = _span(node)
    operator = node["operator"]
    if operator in ("!", "~"):
        yield start, operator, "", "unary"
    if operator in ("++", "--"):
        at = start if node["prefix"] else end - 2
        yield at, operator, "--" if operator == "++" else "++", "unary"


def _literal(node: Mapping[str, Any], raw: bytes) -> Iterator[Change]:
    start, end = _span(node)
    text = raw[start:end].decode()
    if node["kind"] == "bool":
        yield start, text, "false" if text == "true" else "true", "literal"
    if node["kind"] == "number" and text.replace("_", "").isdigit():
        number = int(text.replace("_", ""))
        yield start, text, str(number + 1), "literal"
        if number > 1:
            yield start, text, str(number - 1), "literal"
        if number == 1:
            yield start, text, "0", "literal"
    # Forty digits are an address, and their checksum is part of them.
    if node["kind"] == "number" and text.startswith("0x") and len(text) < 42:
        yield start, text, hex(int(text, 16) ^ 1), "literal"


def _if(node: Mapping[str, Any], raw: bytes) -> Iterator[Change]:
    start, end = _span(node["condition"])
    text = raw[start:end].decode()
    yield start, text, f"!({text})", "negate"
    if not node.get("falseBody"):
        yield *_statement(node, raw), "{}", "remove if"


def _conditional(node: Mapping[str, Any], raw: bytes) -> Iterator[Change]:
    start, end = _span(node["condition"])
    text = raw[start:end].decode()
    yield start, text, f"!({text})", "negate"


def _call(node: Mapping[str, Any], raw: bytes) -> Iterator[Change]:
    given = node["arguments"]
    for one, other in pairwise(given):
        same = _type(one) == _type(other)
        (start, mid), (then, end) = _span(one), _span(other)
        first, second = raw[start:mid].decode(), raw[then:end].decode()
        if same and first != second:
            yield start, raw[start:end].decode(), f"{second}{raw[mid:then].decode()}{first}", "swap"


def _type(node: Mapping[str, Any]) -> str | None:
    kind: str | None = node["typeDescriptions"].get("typeString")
    return kind


def _modifier(node: Mapping[str, Any], raw: bytes) -> Iterator[Change]:
    if node.get("kind") == "modifierInvocation":
        start, end = _span(node)
        yield start, raw[start:end].decode(), "", "modifier"


def _yul_call(node: Mapping[str, Any], raw: bytes) -> Iterator[Change]:
    name = node["functionName"]["name"]
    start, end = _span(node)
    if name in YUL:
        yield start, name, YUL[name], "yul"
    if name == "iszero":
        inner = _span(node["arguments"][0])
        yield start, raw[start:end].decode(), raw[inner[0] : inner[1]].decode(), "yul"
    if name in ORDERED:
        first, second = (raw[slice(*_span(given))].decode() for given in node["arguments"])
        yield start, raw[start:end].decode(), f"{name}({second}, {first})", "yul swap"


def _yul_literal(node: Mapping[str, Any], raw: bytes) -> Iterator[Change]:
    start, end = _span(node)
    text = raw[start:end].decode()
    if node.get("kind") == "number":
        yield start, text, hex(int(text, 0) + 1), "yul literal"


def _yul_statement(node: Mapping[str, Any], raw: bytes) -> Iterator[Change]:
    start, end = _span(node)
    yield start, raw[start:end].decode(), "{}", "yul remove"


def _yul_if(node: Mapping[str, Any], raw: bytes) -> Iterator[Change]:
    start, end = _span(node["condition"])
    text = raw[start:end].decode()
    yield start, text, f"iszero({text})", "negate"


MAKERS = {
    "BinaryOperation": _binary, "Assignment": _assignment, "UnaryOperation": _unary,
    "Literal": _literal, "IfStatement": _if, "Conditional": _conditional, "FunctionCall": _call,
    "ModifierInvocation": _modifier, "YulFunctionCall": _yul_call, "YulLiteral": _yul_literal,
    "YulAssignment": _yul_statement, "YulExpressionStatement": _yul_statement, "YulIf": _yul_if,
}  # fmt: skip
