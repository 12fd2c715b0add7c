# SPDX-License-Identifier: MIT
"""Numbers in sentences: one style, and the right word for none, one and many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["counted", "listed", "spelled"]


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """So many of something: `no holders`, `1 holder`, `1,204 holders`."""
    if number == 1:
        return f"1 {noun}"
    return f"{f'{number:,}' if number else 'no'} {plural or f'{noun}s'}"


def spelled(value: Any) -> str:
    """A value out of a file, as a sentence has it: `nothing`, `true`, `Ann and Ben`, never JSON.

    Of a mapping each name stands before its value.
    """
    if value is None or value in ("", [], (), {}):
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return listed([f"{name} {spelled(inner)}" for name, inner in value.items()])
    if isinstance(value, Sequence) and not isinstance(value, str):
        return listed([spelled(inner) for inner in value])
    return str(value)


def listed(words: Sequence[str]) -> str:
    """Several words as a sentence has them: `2, 3 and 5`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
