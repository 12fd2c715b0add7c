# SPDX-License-Identifier: MIT
"""What is asked of an event's arguments: each compared with values, and nothing is ever run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from prorata.alerts.fields import Duration, Strict, Value, Whole
from prorata.chain.artifacts import artifacts
from prorata.values.words import listed

__all__ = ["Predicate", "check_kind", "event_inputs"]

OPERATORS = (
    "equals",
    "differs_from",
    "one_of",
    "above",
    "at_least",
    "below",
    "at_most",
    "later_than",
    "outside",
)


class Predicate(Strict):
    """One argument of an event, compared with one thing.

    `later_than` is for times: later than so long after the block. `outside: powers` is for
    addresses: neither an owner nor an agent of a contract of the asset.
    """

    argument: str
    equals: Value | None = None
    differs_from: Value | None = None
    one_of: tuple[Value, ...] | None = Field(default=None, min_length=1)
    above: Whole | None = None
    at_least: Whole | None = None
    below: Whole | None = None
    at_most: Whole | None = None
    later_than: Duration | None = None
    outside: Literal["powers"] | None = None

    @model_validator(mode="after")
    def _compares_once(self) -> Predicate:
        said = [name for name in OPERATORS if getattr(self, name) is not None]
        if len(said) != 1:
            raise ValueError(
                f"has {listed(said) if said else 'no comparison'}; "
                f"write one of {listed(list(OPERATORS))}"
            )
        return self

    @property
    def operator(self) -> str:
        """The comparison."""
        return next(name for name in OPERATORS if getattr(self, name) is not None)


# ------------------------------------------------------------------------------- what events have


def event_inputs(event: str, of: str | None) -> list[dict[str, str]]:
    """The arguments of every event of that name, each with its type."""
    known: Mapping[str, Any] = artifacts()
    return [
        {entry["name"]: entry["type"] for entry in one["inputs"]}
        for name, artifact in known.items()
        if of in (None, name)
        for one in artifact.abi
        if one["type"] == "event" and one["name"] == event
    ]


def check_kind(predicate: Predicate, kind: str) -> None:
    """Raises: ValueError when the argument's type cannot be compared so."""
    name, operator = predicate.argument, predicate.operator
    number = kind.startswith(("uint", "int")) and not kind.endswith("]")
    if kind not in ("address", "bool", "string") and not number and not kind.startswith("bytes"):
        raise ValueError(f"compares {name}, which is a {kind}; use another argument")
    if kind.endswith("]"):
        raise ValueError(f"compares {name}, which is a list; use another argument")
    if operator in ("above", "at_least", "below", "at_most", "later_than") and not number:
        raise ValueError(f"compares {name} as a number, and it is a {kind}; use equals or one_of")
    if operator == "outside" and kind != "address":
        raise ValueError(f"asks who {name} is, and it is a {kind}; use an address")
    if operator in ("equals", "differs_from", "one_of"):
        found = getattr(predicate, operator)
        for value in found if operator == "one_of" else (found,):
            wanted = bool if kind == "bool" else int if number else str
            if type(value) is not wanted:
                raise ValueError(
                    f"compares {name}, a {kind}, with {value!r}; "
                    f"write {'true or false' if wanted is bool else 'digits' if number else 'text'}"
                )
