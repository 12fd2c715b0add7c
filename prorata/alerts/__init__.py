# SPDX-License-Identifier: MIT
"""Alerts on what the ledger holds: decided once, withdrawn when their cause is gone, delivered.

Needs the extras `store` and `alerts`.
"""

from __future__ import annotations

__all__: list[str] = []
