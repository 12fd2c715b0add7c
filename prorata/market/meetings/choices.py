# SPDX-License-Identifier: MIT
"""What a vote chooses, as people write it and as the contract has it: two bits a resolution.

    for                              all resolutions
    1 for, 2-4 against, rest abstain
    for, against, for                one after the other

Each resolution is named once: what is left out is a slip, and is refused. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from prorata.errors import InputError

__all__ = ["ABSTAIN", "AGAINST", "FOR", "WORDS", "choices_in_words", "each_choice", "parse_choices"]

ABSTAIN, FOR, AGAINST = range(3)
WORDS: Final = ("abstain", "for", "against")
"""The words of the choices, by their numbers."""

WRITE: Final = 'write "for", or "1 for, 2-4 against, rest abstain"'
_ITEM: Final = re.compile(
    r"(?:(?P<first>\d{1,2})(?:-(?P<last>\d{1,2}))?|(?P<rest>rest)) (?P<word>\w+)"
)


def parse_choices(text: str, count: int, column: str = "vote") -> int:
    """The choices on `count` resolutions.

    Raises: InputError when a word is none of the three, or a resolution is missing, unknown or
    named twice.
    """
    items = [" ".join(item.split()).lower() for item in text.split(",")]
    if all(item in WORDS for item in items):
        if len(items) not in (1, count):
            rule = f"names {len(items)} choices, and there are {count} resolutions"
            raise InputError.of(column, text, rule, WRITE)
        named = items * count if len(items) == 1 else items
        return _packed(WORDS.index(word) for word in named)
    found: dict[int, int] = {}
    for item in items:
        _add(found, item, count, column, text)
    if missing := [number for number in range(1, count + 1) if number not in found]:
        rule = f"says nothing of resolution {missing[0]}"
        raise InputError.of(column, text, rule, 'name it, or end with "rest abstain"')
    return _packed(found[number] for number in range(1, count + 1))


def each_choice(choices: int, count: int) -> list[int]:
    """The choice on each resolution."""
    return [choices >> 2 * at & 3 for at in range(count)]


def choices_in_words(choices: int, count: int) -> list[str]:
    """The same in words."""
    return [WORDS[choice] for choice in each_choice(choices, count)]


def _add(found: dict[int, int], item: str, count: int, column: str, text: str) -> None:
    said = _ITEM.fullmatch(item)
    if said is None or said["word"] not in WORDS:
        raise InputError.of(column, text, f'has "{item}", which is no choice', WRITE)
    if said["rest"]:
        numbers = [number for number in range(1, count + 1) if number not in found]
    else:
        first = int(said["first"])
        numbers = list(range(first, int(said["last"] or first) + 1))
    for number in numbers or [0]:
        if not 1 <= number <= count:
            rule = f'has "{item}", and the resolutions are 1 to {count}'
            raise InputError.of(column, text, rule, "name those only")
        if number in found:
            raise InputError.of(column, text, f"names resolution {number} twice", "name it once")
        found[number] = WORDS.index(said["word"])


def _packed(each: Iterable[int]) -> int:
    return sum(choice << 2 * at for at, choice in enumerate(each))
