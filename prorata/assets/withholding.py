# SPDX-License-Identifier: MIT
"""What is withheld, as people write it: rates in YAML, certificates in CSV, both read strictly.

Every rate is a per cent with its sign, `15%` or `26.37%`, with two decimals at most, because the
contract counts basis points. A file of rates is a whole policy:

    name: standard
    collector: "0x…"
    default: {dividend: 25%, interest: 25%, rent: 25%, return-of-capital: 0%, principal: 0%}
    rates:
      - {country: DE, dividend: 15%}
      - {country: DE, class: institutional, dividend: 5%}
      - {class: institutional, interest: 0%}

It may also say, under `years:`, in which year income counts: see `prorata.assets.year_rules`.

Certificates stand in a CSV file with the columns `address,kinds,rate,valid_from,valid_until,
document`, in any order, all needed:

    kinds         all, or several as in dividend+interest
    rate          in place of the table's
    valid_from    2027-01-01 (from the beginning of that day in UTC), "2027-01-01 Europe/Berlin"
                  (in that zone), or a time with an offset
    valid_until   2027-12-31 (to the end of that day), the same with a zone, or forever
    document      the certificate: a file beside this one, whose SHA-256 is kept, or a hash as 0x…
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from prorata.assets.asset import Address, Label
from prorata.assets.rules import Class, CountryCode
from prorata.assets.year_rules import YearSettings
from prorata.contracts.withholding import ANY_CLASS, ANY_COUNTRY, Rate
from prorata.errors import InputError
from prorata.files.models import parsed_by, validated
from prorata.files.yaml_reader import read_yaml
from prorata.values.amounts import format_units, parse_units
from prorata.values.kinds import Kind

__all__ = ["KINDS", "Defaults", "PolicySettings", "RateRow", "format_rate", "parse_rate"]

EXAMPLE = "examples/compliant/withholding.yaml"
KINDS: Mapping[str, Kind] = {kind.label.replace(" ", "-"): kind for kind in Kind}

_WRITE_A_RATE = "write a per cent with its sign, such as 15% or 26.37%"


# ------------------------------------------------------------------------------------ single values


def parse_rate(text: object, column: str = "rate") -> int:
    """The basis points that a per cent names, such as `15%` or `26.37%`.

    Raises: InputError when it names none, or more than the whole.
    """
    if not isinstance(text, str) or not text.endswith("%"):
        raise InputError.of(column, text, "is no per cent", _WRITE_A_RATE)
    try:
        basis_points = parse_units(text[:-1].rstrip(" "), 2, grouping=False)
    except InputError as error:
        fault = error.problems[0]
        rule = fault.rule.replace("only 2 exist", "a rate has at most 2")
        raise InputError.of(column, text, rule, _WRITE_A_RATE) from None
    if basis_points > 10_000:
        raise InputError.of(column, text, "is more than the whole", "write at most 100%")
    return basis_points


def format_rate(basis_points: int) -> str:
    """A rate as people write it: `15%`, `26.37%`."""
    return f"{format_units(basis_points, 2, trim=True)}%"


Percent = Annotated[int, parsed_by(parse_rate), PlainSerializer(format_rate, return_type=str)]


# ------------------------------------------------------------------------------ the file of rates


class Defaults(BaseModel):
    """The rate for each kind where nothing else is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dividend: Percent
    interest: Percent
    rent: Percent
    return_of_capital: Annotated[Percent, Field(alias="return-of-capital")]
    principal: Percent

    def rates(self) -> list[Rate]:
        """As the contract has them."""
        return [
            Rate(ANY_COUNTRY, ANY_CLASS, kind, getattr(self, kind.name.lower())) for kind in Kind
        ]


class RateRow(BaseModel):
    """The rates of a country, a class, or a class in a country; kinds left out are not decided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    country: CountryCode | None = None
    investor_class: Annotated[Class | None, Field(alias="class")] = None
    dividend: Percent | None = None
    interest: Percent | None = None
    rent: Percent | None = None
    return_of_capital: Annotated[Percent | None, Field(alias="return-of-capital")] = None
    principal: Percent | None = None

    @property
    def whose(self) -> tuple[int, int]:
        """Country and class, as the contract writes any of them."""
        return (
            ANY_COUNTRY if self.country is None else self.country,
            ANY_CLASS if self.investor_class is None else int(self.investor_class),
        )

    def rates(self) -> list[Rate]:
        """As the contract has them."""
        said = {kind: getattr(self, kind.name.lower()) for kind in Kind}
        return [Rate(*self.whose, kind, rate) for kind, rate in said.items() if rate is not None]


class PolicySettings(BaseModel):
    """A withholding policy, as its YAML file describes it.

    `name` is what later commands call it; `owner` may change rates and appoint agents, and is the
    deploying account if nothing is said. `title`, `sources` and `notice` are for people; `years`
    is for statements, and no contract knows it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    sources: tuple[str, ...] = ()
    notice: str = ""
    name: Label
    collector: Address
    owner: Address | None = None
    default: Defaults
    rates: tuple[RateRow, ...] = ()
    years: YearSettings | None = None

    @classmethod
    def load(cls, path: str | Path) -> PolicySettings:
        """Read a YAML file.

        Raises: InputError with every fault in it.
        """
        return cls.of(read_yaml(path, "rates", EXAMPLE), str(path))

    @classmethod
    def of(cls, content: Mapping[str, Any], subject: str = "the rates") -> PolicySettings:
        """From values.

        Raises: InputError with every fault in them.
        """
        settings = validated(cls, content, EXAMPLE, subject)
        settings.check()
        return settings

    def check(self) -> None:
        """Raises: InputError for rows that say nothing, or the same twice."""
        first: dict[tuple[int, int], int] = {}
        for number, row in enumerate(self.rates):
            column = f"rates.{number}"
            if row.whose == (ANY_COUNTRY, ANY_CLASS):
                raise InputError.of(
                    column, "", "names neither country nor class", "write it under default"
                )
            if not row.rates():
                raise InputError.of(column, "", "has no rate", f"write {', '.join(KINDS)}")
            if first.setdefault(row.whose, number) != number:
                rule = f"is for the same investors as rates.{first[row.whose]}"
                raise InputError.of(column, "", rule, "write one row for them")

    def table(self) -> list[Rate]:
        """The whole table, in the contract's order."""
        rows = [rate for row in self.rates for rate in row.rates()]
        return sorted([*self.default.rates(), *rows])
