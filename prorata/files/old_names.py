# SPDX-License-Identifier: MIT
"""Columns and keys that had another name once: files that people already have are read with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["OldNames"]


@dataclass
class OldNames:
    """What the names of a file were, and are now; `subject` is the file."""

    subject: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    """The present name of each old one."""
    found: dict[str, str] = field(default_factory=dict, init=False)
    """Those of them that the file has."""

    def current(self, name: str) -> str:
        """The present name, which any other name is already."""
        if name not in self.renamed:
            return name
        self.found[name] = self.renamed[name]
        return self.renamed[name]

    @property
    def notices(self) -> list[str]:
        """One line for whoever keeps the file, if it has old names."""
        said = ", ".join(f"{old} is {new}" for old, new in self.found.items())
        return [f"{self.subject} has old names, which are read as the new: {said}"] if said else []
