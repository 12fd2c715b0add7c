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

Certificates stand in a CSV file with the columns `address,kinds,rate,valid_from,valid_until,
document`, in any order, all needed:

    kinds         all, or several as in dividend+interest
    rate          in place of the table's
    valid_from    2027-01-01 (from the beginning of that day in UTC), or a time with a zone
    valid_until   2027-12-31 (to the end of that day), a time with a zone, or forever
    document      the certificate: a file beside this one, whose SHA-256 is kept, or a hash as 0x…
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import Annotated, Any

from eth_utils.address import to_checksum_address
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from prorata.asset import Address, Label
from prorata.captable import address_fault
from prorata.contracts import FOREVER, Kind
from prorata.errors import InputError
from prorata.money import format_units, parse_units
from prorata.rules import Class, CountryCode
from prorata.settings import parse_time, read_yaml, validated
from prorata.sheet import Sheet
from prorata.withholding import ANY_CLASS, ANY_COUNTRY, Certificate, Rate

__all__ = [
    "COLUMNS",
    "Defaults",
    "Entry",
    "PolicySettings",
    "RateRow",
    "format_rate",
    "parse_certificates",
    "parse_rate",
    "read_certificates",
]

EXAMPLE = "examples/compliant/withholding.yaml"
COLUMNS = ("address", "kinds", "rate", "valid_from", "valid_until", "document")
KINDS: Mapping[str, Kind] = {kind.label.replace(" ", "-"): kind for kind in Kind}

_WRITE_A_RATE = "write a per cent with its sign, such as 15% or 26.37%"
_HASH = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)
_DAY = len("2027-01-01")
_DAY_SECONDS = 86_400


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


def _rate(value: object) -> int:
    try:
        return parse_rate(value)
    except InputError as error:
        problem = error.problems[0]
        raise ValueError(f"{problem.rule}; {problem.remedy}") from None


Percent = Annotated[int, BeforeValidator(_rate), PlainSerializer(format_rate, return_type=str)]


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
    deploying account if nothing is said. `title`, `sources` and `notice` are for people.
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


# ------------------------------------------------------------------------ the file of certificates


@dataclass(frozen=True)
class Entry:
    """A certificate as the file has it, and the line it stands on."""

    line: int
    address: str
    certificate: Certificate


def read_certificates(path: str | PathLike[str]) -> list[Entry]:
    """Read the file at `path`, and the documents that it names; see `parse_certificates`.

    Raises: InputError for every fault in the file, or when it cannot be opened.
    """
    return parse_certificates(Sheet.read(path), str(path), Path(path).parent)


def parse_certificates(
    content: str | bytes, subject: str = "the certificates", folder: Path = Path()
) -> list[Entry]:
    """The entries of a CSV file, in its order; documents are files in `folder`, or hashes.

    Raises: InputError with every fault found, in order of lines.
    """
    reader = _Reader(Sheet(subject, COLUMNS), folder)
    for number, row in reader.sheet.rows(content):
        reader.take(number, row)
    reader.sheet.check()
    return reader.entries


class _Reader:
    """Turns rows into entries; a row with a fault makes none."""

    def __init__(self, sheet: Sheet, folder: Path) -> None:
        self.sheet = sheet
        self.folder = folder
        self.entries: list[Entry] = []

    def take(self, number: int, row: Mapping[str, str]) -> None:
        """Check every cell of one row, whatever the others are like."""
        before = len(self.sheet.problems)
        found = {name: self._cell(number, name, row[name]) for name in COLUMNS}
        if len(self.sheet.problems) > before:
            return
        if found["valid_from"] > found["valid_until"]:
            rule = f"is after {row['valid_until']}, when it ends"
            self.sheet.add(number, "valid_from", row["valid_from"], rule, "begin earlier")
            return
        certificate = Certificate(
            basis_points=found["rate"],
            kinds=found["kinds"],
            valid_from=found["valid_from"],
            valid_until=found["valid_until"],
            document_hash=found["document"],
        )
        entry = Entry(number, found["address"], certificate)
        for other in self.entries:
            if (other.address, other.certificate) == (entry.address, entry.certificate):
                rule = f"has this certificate on line {other.line} already"
                self.sheet.add(number, "address", row["address"], rule, "remove one of them")
        self.entries.append(entry)

    def _cell(self, number: int, name: str, cell: str) -> Any:
        try:
            return getattr(self, f"_{name}")(cell)
        except InputError as error:
            fault = error.problems[0]
            self.sheet.add(number, name, cell, fault.rule, fault.remedy)
            return None

    def _address(self, cell: str) -> str:
        if (fault := address_fault(cell)) is not None:
            raise InputError.of("address", cell, *fault)
        return str(to_checksum_address(cell))

    def _kinds(self, cell: str) -> frozenset[Kind]:
        if cell == "all":
            return frozenset(Kind)
        names = cell.split("+")
        if not all(name in KINDS for name in names):
            rule, remedy = "is no kind of income", f"write all, or some of {'+'.join(KINDS)}"
            raise InputError.of("kinds", cell, rule, remedy)
        return frozenset(KINDS[name] for name in names)

    def _rate(self, cell: str) -> int:
        return parse_rate(cell)

    def _valid_from(self, cell: str) -> int:
        # A day without a time is its last second, where an end is meant; here its first one is.
        second = parse_time("valid_from", cell)
        return second - _DAY_SECONDS + 1 if len(cell) == _DAY else second

    def _valid_until(self, cell: str) -> int:
        return FOREVER if cell == "forever" else parse_time("valid_until", cell)

    def _document(self, cell: str) -> bytes:
        if _HASH.fullmatch(cell):
            if (given := bytes.fromhex(cell[2:])) != bytes(32):
                return given
            raise InputError.of("document", cell, "is the hash of nothing", "give the document's")
        try:
            return sha256((self.folder / cell).read_bytes()).digest()
        except (OSError, ValueError):
            remedy = "give a file beside this one, or a hash of 32 bytes as 0x…"
            raise InputError.of("document", cell, "cannot be read", remedy) from None
