# SPDX-License-Identifier: MIT
"""Countries by their ISO 3166-1 codes: two letters, three letters, or three digits.

The table is `data/countries.csv`, with the short English names.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prorata.errors import InputError

__all__ = ["Country", "all_countries", "bitmap", "codes_in", "country_name", "find_country"]

TABLE = Path(__file__).parent / "data" / "countries.csv"
WORDS = 4


@dataclass(frozen=True)
class Country:
    """A country; `code` is its numeric code."""

    alpha2: str
    alpha3: str
    code: int
    name: str


@cache
def all_countries() -> tuple[Country, ...]:
    """All of them, in order of their two letters."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return tuple(
            Country(row["alpha2"], row["alpha3"], int(row["numeric"]), row["name"]) for row in rows
        )


@cache
def _by_text() -> Mapping[str, Country]:
    found: dict[str, Country] = {}
    for country in all_countries():
        found |= dict.fromkeys((country.alpha2, country.alpha3, f"{country.code:03d}"), country)
    return found


def find_country(value: object, column: str = "country") -> Country:
    """The country that a code names.

    Raises: InputError when it names none, or is not text: YAML takes `NO` for false and `040` for
    thirty-two.
    """
    if isinstance(value, bool):
        rule, remedy = "is yes or no to YAML", 'write Norway in quotes: "NO"'
    elif not isinstance(value, str):
        rule, remedy = "is a number to YAML", 'write the code in quotes, such as "040"'
    elif (found := _by_text().get(value)) is not None:
        return found
    else:
        rule = "is no country of ISO 3166-1"
        remedy = "write its code in capitals or three digits, such as US, USA or 840"
    raise InputError.of(column, value, rule, remedy)


def country_name(code: int) -> str:
    """The name of a country, or `country 999` when there is none of this code."""
    found = _by_text().get(f"{code:03d}")
    return f"country {code}" if found is None else found.name


def bitmap(codes: Iterable[int]) -> tuple[int, ...]:
    """Countries as the contracts list them: bit `c % 256` of word `c / 256` is country `c`."""
    words = [0] * WORDS
    for code in codes:
        words[code // 256] |= 1 << code % 256
    return tuple(words)


def codes_in(words: Iterable[int]) -> tuple[int, ...]:
    """The countries that a bitmap lists, in order."""
    return tuple(
        256 * number + bit
        for number, word in enumerate(words)
        for bit in range(256)
        if word >> bit & 1
    )
