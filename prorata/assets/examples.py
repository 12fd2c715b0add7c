# SPDX-License-Identifier: MIT
"""The example files to start from: assets, cap tables, distributions and tax rates."""

from __future__ import annotations

from pathlib import Path

__all__ = ["EXAMPLES"]

_PACKAGE = Path(__file__).resolve().parents[1]
_PACKED = _PACKAGE / "examples"

EXAMPLES = _PACKED if _PACKED.is_dir() else _PACKAGE.parent / "examples"
"""The folder: inside an installed package, beside the package in a checkout."""
