"""A pytest plugin that puts a mutant of a module in its place, as the environment says."""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from hypothesis import Phase, settings

PROFILE = "mutant"

settings.register_profile(
    PROFILE, max_examples=20, deadline=None, derandomize=True, database=None,
    # A failure is enough; its smallest example is of no interest here.
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip


class Finder(importlib.abc.MetaPathFinder):
    """Finds one module's source elsewhere."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The mutant's, if it is asked for."""
        del path, target
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path)


if told := os.environ.get("PRORATA_MUTANT"):
    module, _, source = told.partition("=")
    if module in sys.modules:
        raise RuntimeError(f"{module} was imported before its mutant")
    sys.meta_path.insert(0, Finder(module, Path(source)))
