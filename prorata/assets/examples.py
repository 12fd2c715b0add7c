# SPDX-License-Identifier: MIT
"""The example files: assets, cap tables and instructions to start from, found wherever they are."""

from __future__ import annotations

from pathlib import Path

__all__ = ["EXAMPLES"]

_PACKAGE = Path(__file__).resolve().parents[1]
_PACKED = _PACKAGE / "examples"

EXAMPLES = _PACKED if _PACKED.is_dir() else _PACKAGE.parent / "examples"
"""The folder: inside an installed package, beside the package in a checkout."""
