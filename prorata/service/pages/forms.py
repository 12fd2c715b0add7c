# SPDX-License-Identifier: MIT
"""Forms of actions, made of what each needs to be told; and what people write in them, read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prorata.errors import InputError
from prorata.files.models import validated
from prorata.service.bodies import Fields
from prorata.service.preparing.actions import Action, Arguments

__all__ = ["Field", "fields_of", "read_arguments"]

LABELS = {
    "amount": "Amount",
    "at": "Closes at",
    "choice": "Choices, resolution by resolution",
    "deadline": "Claimable until",
    "distributions": "Numbers of distributions; empty: all that are open",
    "document": "SHA-256 of the document that it rests on",
    "meeting": "Number of the meeting",
    "numbers": "Numbers of the signed orders",
    "offering": "Number or name of the offering",
    "order": "Number of the order",
    "exclude": "Accounts that earn nothing",
    "holder": "Holder; empty: the account itself",
    "holders": "Holders: an address, a comma and shares on each line",
    "kind": "Kind of income",
    "payable_from": "Payable from",
    "record": "Record; empty: the last that has closed",
    "sweep_to": "Who gets what nobody claims",
    "taker": "For whom; empty: for anybody",
    "until": "Valid until",
}
HINTS = {
    "at": "2027-03-31T23:59:59Z",
    "until": "2027-03-31T23:59:59Z",
    "deadline": "2028-03-31",
    "payable_from": "2027-04-01",
    "amount": "1,250.00",
    "kind": "rent",
    "choice": "1 for, 2 against",
}


@dataclass(frozen=True)
class Field:
    """One field of a form; `rows` are the lines of a longer one, `choices` what may be chosen."""

    name: str
    label: str
    required: bool
    hint: str = ""
    rows: int = 1
    choices: tuple[str, ...] = ()


def fields_of(action: Action) -> Iterator[Field]:
    """What the form of an action asks for."""
    schema = action.arguments.model_json_schema()
    for name, told in schema["properties"].items():
        plain = name.replace("_", " ").capitalize()
        yield Field(
            name,
            LABELS.get(name, plain),
            name in schema.get("required", ()),
            HINTS.get(name, ""),
            rows=4 if told.get("type") == "array" else 1,
            choices=tuple(told.get("enum", ())),
        )


def read_arguments(action: Action, fields: Fields) -> Arguments:
    """The arguments that a form has; what is empty is not said.

    Raises: InputError for what does not fit.
    """
    properties = action.arguments.model_json_schema()["properties"]
    said: dict[str, Any] = {}
    for name, text in fields.items():
        if text.strip():
            said[name] = _value(name, text.strip(), properties.get(name, {}))
    return validated(action.arguments, said, "what the form asks for", "the form")


def _value(name: str, text: str, told: Mapping[str, Any]) -> Any:
    kinds = {told.get("type"), *(one.get("type") for one in told.get("anyOf", ()))}
    if "array" in kinds:
        return _list(name, text, told["items"])
    if "integer" in kinds and text.isascii() and text.isdigit() and len(text) < 20:
        return int(text)
    return text


def _list(name: str, text: str, items: Mapping[str, Any]) -> list[Any]:
    if "$ref" in items:
        return [_row(name, line) for line in text.splitlines() if line.strip()]
    parts = re.split(r"[\s,;]+", text)
    return [_value(name, one, items) for one in parts if one]


def _row(name: str, line: str) -> dict[str, str]:
    address, comma, shares = line.partition(",")
    if not comma:
        rule = "has no comma between address and shares"
        raise InputError.of(name, line, rule, "write 0x…, 1,250")
    return {"address": address.strip(), "shares": shares.strip()}
