# SPDX-License-Identifier: MIT
"""Live events: what the ledger's table of changes says, told to whoever listens, as it comes."""

from __future__ import annotations

__all__: list[str] = []
