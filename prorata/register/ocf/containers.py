# SPDX-License-Identifier: MIT
"""Where the files of a package are: a folder of a disk, or a ZIP archive."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from prorata.errors import InputError

__all__ = ["MOST_BYTES", "Archive", "Container", "Folder"]

MOST_BYTES = 64 * 2**20
"""Of one file: ten thousand holders and their shares have six million."""

_WHOLE = "give the whole package"


class Container(Protocol):
    """Where the files of a package are."""

    @property
    def names(self) -> list[str]:
        """Of all files."""

    def read(self, name: str) -> bytes:
        """What a file says.

        Raises: InputError when there is no such file.
        """


@dataclass(frozen=True)
class Folder:
    """A folder of a disk; nothing outside it is read."""

    path: Path

    @cached_property
    def names(self) -> list[str]:
        """Of all files that are in it itself."""
        return sorted(path.name for path in self.path.glob("*.json") if path.is_file())

    def read(self, name: str) -> bytes:
        """What a file says.

        Raises: InputError when it cannot be read, or is too large.
        """
        try:
            if (self.path / name).stat().st_size > MOST_BYTES:
                rule = f"has more than {MOST_BYTES:,} bytes"
                raise InputError.of("file", name, rule, "export the cap table alone")
            return (self.path / name).read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError.of(
                "file", name, f"cannot be read ({reason.lower()})", _WHOLE
            ) from None


@dataclass(frozen=True)
class Archive:
    """A ZIP archive, whose size has been checked."""

    parts: zipfile.ZipFile

    @cached_property
    def names(self) -> list[str]:
        """Of all files in it."""
        return sorted(name for name in self.parts.namelist() if name.endswith(".json"))

    def read(self, name: str) -> bytes:
        """What a file says.

        Raises: InputError when it is not in the archive.
        """
        if name not in self.names:
            raise InputError.of("file", name, "is not in the archive", _WHOLE)
        return self.parts.read(name)
