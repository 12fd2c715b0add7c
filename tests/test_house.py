"""The house: imports go down the list of rooms, never in a circle, and files stay readable."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from prorata.toolchain.paths import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "prorata"
ROOMS = (
    "cli",
    "demo",
    "service",
    "reports",
    "market",
    "income",
    "tax",
    "ledger",
    "alerts",
    "analysis",
    "register",
    "store",
    "deployments",
    "toolchain",
    "assets",
    "contracts",
    "chain",
    "files",
    "values",
    "apportion",
    "errors",
    "version",
)
"""From top to bottom: each may import from those after it, and from no other."""

LONGEST = 600
"""Lines of a file; a reader stops long before."""

MODULES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT_ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules of the package that a module imports, wherever in it."""
    names = {name_of(path) for path in MODULES}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("prorata"):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in names else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("prorata"))


def room(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("path", sorted(MODULES), ids=name_of)
def test_imports_go_down(path):
    """The package's own face and `__main__` stand above all rooms."""
    if path.parent == PACKAGE and path.name in ("__init__.py", "__main__.py"):
        return
    here = ROOMS.index(room(name_of(path)))
    for module in imported(MODULES[path]):
        if module != "prorata":
            assert ROOMS.index(room(module)) >= here, f"{name_of(path)} imports {module}"


def test_nothing_goes_in_a_circle():
    graph = {name_of(path): set(imported(tree)) for path, tree in MODULES.items()}
    graph["prorata"] = set()
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above, module))
        if module not in done:
            for below in sorted(graph[module] - {module}):
                visit(below, (*above, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())


def test_every_room_is_in_the_list_and_says_its_promise():
    rooms = {path.parent.name for path in MODULES if path.parent.parent == PACKAGE}
    assert rooms | {"apportion", "errors", "version"} == set(ROOMS)
    for name in rooms:
        promise = ast.get_docstring(MODULES[PACKAGE / name / "__init__.py"]) or ""
        assert len(promise.splitlines()[0]) > 20


@pytest.mark.parametrize("path", sorted(MODULES), ids=name_of)
def test_every_file_opens_alike_and_is_readable(path):
    """Its licence, what it promises, and no more lines than a reader has patience for."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# SPDX-License-Identifier: MIT\n")
    assert ast.get_docstring(MODULES[path])
    assert text.count("\n") <= LONGEST


def test_what_a_file_hands_out_is_sorted():
    for path, tree in MODULES.items():
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                handed = ast.literal_eval(node.value)
                assert len(set(handed)) == len(handed), path


GONE = re.compile(
    r"\b(door|doors|lane|desk_of|heir|heirs|course|untold|diversion|diversions|witness|"
    r"ageing|passed_over|carry_out|pass_on|teller|mortals|ordeal|weather|stream|streams)\b"
)
"""Words that stood for something else, which no name of the package may bring back."""


def test_private_words_do_not_come_back():
    for path, tree in MODULES.items():
        named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        named |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        named |= {
            node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        assert not {name for name in named if GONE.fullmatch(name)}, path


def test_the_root_has_few_entries():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert len({line.split("/")[0] for line in listed.stdout.splitlines()}) <= 18
