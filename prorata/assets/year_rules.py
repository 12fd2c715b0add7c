# SPDX-License-Identifier: MIT
"""In which year income counts, as people write it: which date decides, in whose calendar.

years:
  default: { date: paid, zone: UTC }
  US: { date: payable, zone: America/New_York, source: "26 CFR 1.301-1(b)" }

date      `payable`: the year at whose end the income is, or was, unqualifiedly at the holder's
          demand; `paid`: the year in which it was paid. A claim is paid in the same
          transaction, so that `claimed` and `received` say the same as `paid`
zone      whose calendar: an IANA name such as Europe/Berlin, or UTC
source    what says so, for those who read the statement
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from prorata.assets.rules import CountryCode
from prorata.errors import InputError
from prorata.files.models import parsed_by
from prorata.values.amounts import strange_character
from prorata.values.countries import find_country
from prorata.values.times import parse_zone

__all__ = ["DATES", "PAID", "PAYABLE", "YearRule", "YearSettings", "parse_deciding_date"]

PAYABLE, PAID = "payable", "paid"
DATES: Mapping[str, str] = {PAYABLE: PAYABLE, PAID: PAID, "claimed": PAID, "received": PAID}
"""What people call the date that decides, and what it is."""

LONGEST_SOURCE = 200

_WORDS = {
    PAYABLE: "at whose end it was unqualifiedly at the holder's demand, or before in which it was "
    "paid",
    PAID: "in which it was paid",
}


def parse_deciding_date(value: object, column: str = "date") -> str:
    """`payable` or `paid`.

    Raises: InputError for anything else.
    """
    found = DATES.get(value) if isinstance(value, str) else None
    if found is None:
        rule = "is no date that decides the year of income"
        raise InputError.of(column, value, rule, f"write {', '.join(DATES)}")
    return found


def _zone(value: object) -> object:
    parse_zone(str(value))
    return value


def _source(value: object) -> object:
    text = str(value)
    if len(text) > LONGEST_SOURCE or strange_character(text, printable=True) is not None:
        raise ValueError(f"is no source; write one line of at most {LONGEST_SOURCE} characters")
    return text


class YearRule(BaseModel):
    """Which date decides the year of income, in whose calendar, and what says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: Annotated[str, parsed_by(parse_deciding_date)]
    zone: Annotated[str, parsed_by(_zone)] = "UTC"
    source: Annotated[str, BeforeValidator(_source)] = ""

    @property
    def calendar(self) -> tzinfo:
        """The zone."""
        return parse_zone(self.zone)

    def __str__(self) -> str:
        """As a statement says it."""
        source = f", by {self.source}" if self.source else ""
        return f"Income counts in the year ({self.zone}) {_WORDS[self.date]}{source}."


class YearSettings(BaseModel):
    """The rules of a file: `default`, and those of countries; what is not there stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: YearRule | None = None
    countries: Mapping[CountryCode, YearRule] = {}

    @model_validator(mode="before")
    @classmethod
    def _by_country(cls, value: Any) -> Any:
        """The file has countries beside `default`."""
        if not isinstance(value, dict) or "countries" in value:
            return value
        default = {"default": value["default"]} if "default" in value else {}
        others = {name: rule for name, rule in value.items() if name != "default"}
        for name in others:
            try:
                find_country(name)
            except InputError as error:
                fault = error.problems[0]
                raise ValueError(f"names {name!s}, which {fault.rule}; {fault.remedy}") from None
        return {**default, "countries": others}

    def as_written(self) -> dict[str, Any]:
        """As the file has it, by numeric codes."""
        rules = {f"{code:03d}": rule.model_dump() for code, rule in self.countries.items()}
        return rules if self.default is None else {"default": self.default.model_dump(), **rules}
