"""What stands in a test run for a mutant of a module: a finder that finds it, and few examples."""

from __future__ import annotations

import importlib.abc
import importlib.util
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
