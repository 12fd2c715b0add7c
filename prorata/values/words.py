# SPDX-License-Identifier: MIT
"""Numbers in sentences: one style, and the right word for none, one and many."""

from __future__ import annotations

__all__ = ["counted", "listed"]


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """So many of something: `no holders`, `1 holder`, `1,204 holders`."""
    if number == 1:
        return f"1 {noun}"
    return f"{f'{number:,}' if number else 'no'} {plural or f'{noun}s'}"


def listed(words: list[str]) -> str:
    """Several words as a sentence has them: `2, 3 and 5`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
