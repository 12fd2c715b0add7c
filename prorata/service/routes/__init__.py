# SPDX-License-Identifier: MIT
"""What can be asked, by the first part of its path."""

from __future__ import annotations

__all__: list[str] = []
