# SPDX-License-Identifier: MIT
"""Names beside addresses, wherever a command shows them: one place that says how.

The names are those of `--names`, or of `names.csv` in the deployment's folder and of the office
beside it. In a sentence a name follows its address. A table on a terminal has the name and the
address shortened; in a pipe an address always stands whole, for the next program. A program reads
the name in JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from prorata.register.address_book import AddressBook

__all__ = [
    "brief",
    "has_address",
    "known_names",
    "learn",
    "named",
    "named_cell",
    "named_facts",
]


_LEARNED = "prorata.names"
_ADDRESS = re.compile(r"(?<![0-9A-Za-z])0x[0-9a-fA-F]{40}(?![0-9A-Za-z])", re.ASCII)
_OWNERS = ("holder", "address", "account", "wallet", "payee")
"""What the address of somebody is called in JSON; the first of them is whose the name is."""

_NOBODY = AddressBook()


# ------------------------------------------------------------------------------------ the names


def learn(found: AddressBook) -> AddressBook:
    """Names that all that the command says then has."""
    if (context := click.get_current_context(silent=True)) is not None:
        context.meta[_LEARNED] = found
    return found


def known_names() -> AddressBook:
    """The names that the running command has learned."""
    context = click.get_current_context(silent=True)
    found: AddressBook = _NOBODY if context is None else context.meta.get(_LEARNED, _NOBODY)
    return found


# ------------------------------------------------------------------------------------ for people


def named(text: str, spelled: Callable[[str], str] = str) -> str:
    """A sentence with the name behind each address that has one, `spelled` as the sentence is."""
    book = known_names()

    def name_it(match: re.Match[str]) -> str:
        name = spelled(book.name_of(match[0]))
        # A name that stands there already is not said twice.
        told = not name or text[match.end() :].startswith((f" ({name})", f" {name}"))
        return match[0] if told else f"{match[0]} ({name})"

    return _ADDRESS.sub(name_it, text) if len(book) else text


def named_cell(cell: str, *, short: bool) -> str:
    """A cell of a table; `short` where a person looks at it and there is little room."""
    if not short:
        return named(cell)
    book = known_names()

    def name_it(match: re.Match[str]) -> str:
        return f"{book.name_of(match[0])} {brief(match[0])}".lstrip()

    return _ADDRESS.sub(name_it, cell)


def brief(address: str) -> str:
    """An address shortened to fit a line, such as `0x5aAeb605…7Ef1BeAe`.

    Eight digits at both ends, since a look-alike with four is cheap to make.
    """
    return f"{address[:10]}…{address[-8:]}"


def has_address(cells: Sequence[str]) -> bool:
    """Whether one of the cells has an address."""
    return any(_ADDRESS.search(cell) for cell in cells)


# ---------------------------------------------------------------------------------- for programs


def named_facts(facts: Any) -> Any:
    """A JSON document with `name` beside each address of somebody whose name is known."""
    book = known_names()
    return _named(facts, book) if len(book) else facts


def _named(value: Any, book: AddressBook) -> Any:
    if isinstance(value, Mapping):
        found = {key: _named(inner, book) for key, inner in value.items()}
        if "name" not in found and "units" not in found and (name := _name(value, book)):
            found["name"] = name
        return found
    if isinstance(value, list | tuple):
        return [_named(inner, book) for inner in value]
    return value


def _name(facts: Mapping[str, Any], book: AddressBook) -> str:
    for key in _OWNERS:
        if isinstance(address := facts.get(key), str):
            return book.name_of(address)
    return ""
