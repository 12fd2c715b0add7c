"""The model is independent: nothing of prorata, of a chain or of another suite can reach it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODULES = sorted(path for path in HERE.glob("*.py") if not path.name.startswith("test_"))


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert not node.level
            yield str(node.module)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_model_imports_itself_and_the_standard_library_only(path: Path) -> None:
    """A fault of the product or of a harness cannot hide in the model."""
    foreign = [
        name
        for name in imported(path)
        if not name.startswith("tests.model.") and name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert foreign == []
