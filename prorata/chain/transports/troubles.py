# SPDX-License-Identifier: MIT
"""How often each node has not answered a question, in this process: for whoever measures."""

from __future__ import annotations

from collections import Counter

__all__ = ["TROUBLES", "Trouble"]

Trouble = tuple[str, str]
"""A node's host, as people are told of it, and the kind of trouble."""

TROUBLES: Counter[Trouble] = Counter()
"""Counted by each connection; `busy`, `slow` or `failed`."""
