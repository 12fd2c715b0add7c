"""words.py: none, one and many; lists as sentences have them; never JSON."""

from __future__ import annotations

import pytest

from prorata.values.words import counted, listed, spelled


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "no holders"), (1, "1 holder"), (2, "2 holders"), (1_204, "1,204 holders")],
)
def test_so_many_of_something(number: int, said: str) -> None:
    assert counted(number, "holder") == said


def test_a_plural_of_its_own() -> None:
    assert [counted(n, "entry", "entries") for n in range(3)] == [
        "no entries",
        "1 entry",
        "2 entries",
    ]


def test_words_are_listed() -> None:
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "nothing"),
        ([], "nothing"),
        (True, "true"),
        (0, "0"),
        ("Ann", "Ann"),
        (["Ann", "Ben"], "Ann and Ben"),
        ({"USD": {1: "0x12"}, "EUR": "0x34"}, "USD 1 0x12 and EUR 0x34"),
        ({"of": ["Ann", "Ben", "Cat"], "needed": 2}, "of Ann, Ben and Cat and needed 2"),
    ],
)
def test_a_value_out_of_a_file_is_no_json(value: object, said: str) -> None:
    assert spelled(value) == said
