# SPDX-License-Identifier: MIT
"""Who sends a statement and who receives it: names and addresses for the letter.

They stand in two files of the issuer, beside what the chain knows of nobody. The issuer's is YAML:

    name: Harbor Twelve Ltd
    address: ["1 Quay Street", "Rotterdam 3011", "Netherlands"]
    country: NL
    contact: holders@harbor.example
    logo: logo.png                        # PNG, JPEG or SVG beside this file, 200 kB at most
    formed: 2019-05-01                    # the day of its formation, for the Open Cap Format

The holders' is CSV: `address` is the wallet, and every other column may be left out:

    address       the wallet
    account       the account number, which also names the files; else the wallet does
    name          of the person
    street        and postal_code, city, region: the letter's address
    country       ISO 3166-1: US, USA or 840; the register's where it knows the wallet
    us_person     yes or no; a person of the United States has the boxes of its forms

Columns that a cap table has, `shares`, `kind` and `percent`, are passed over.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.files.models import parsed_by, validated
from prorata.files.yaml_reader import read_yaml
from prorata.values.addresses import parse_address
from prorata.values.amounts import strange_character
from prorata.values.countries import find_country

__all__ = ["UNITED_STATES", "Issuer", "Recipient", "read_recipients"]

EXAMPLE = "examples/building/issuer.yaml"
UNITED_STATES = "US"

MOST_LOGO_BYTES = 200_000
_LOGOS = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".svg": "image/svg+xml"}
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_PASSED_OVER = ("shares", "kind", "percent")
_LINES = ("street", "postal_code", "city", "region")


def _line(text: str) -> str:
    if (strange := strange_character(text, printable=True)) is not None:
        raise ValueError("; ".join(strange))
    return text


def _country(value: object) -> str:
    return find_country(value).alpha2 if value != "" else ""


def _day(value: object) -> object:
    """YAML reads a plain day as one."""
    text = value.isoformat() if type(value) is date else value
    try:
        date.fromisoformat(str(text))
    except ValueError:
        raise ValueError("is no day; write one such as 2019-05-01") from None
    return text


Line = Annotated[str, AfterValidator(_line)]


class Issuer(BaseModel):
    """Who sends the statements; `logo` is the picture as an address that holds it, or empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line
    address: tuple[Line, ...] = ()
    country: Annotated[str, parsed_by(_country)] = ""
    contact: Line = ""
    logo: str = ""
    formed: Annotated[str, BeforeValidator(_day)] = ""

    @classmethod
    def load(cls, path: Path) -> Issuer:
        """Read a YAML file.

        Raises: InputError with every fault in it.
        """
        issuer = validated(cls, read_yaml(path, "issuer", EXAMPLE), EXAMPLE, str(path))
        if not issuer.logo:
            return issuer
        return issuer.model_copy(update={"logo": _picture(path.parent / issuer.logo)})


def _picture(path: Path) -> str:
    """A picture as an address that holds all of it, so that a page loads nothing."""
    kind = _LOGOS.get(path.suffix.lower())
    if kind is None:
        rule = "is no picture by its name"
        raise InputError.of("logo", path, rule, f"give one that ends in {', '.join(_LOGOS)}")
    try:
        content = path.read_bytes()
    except OSError as error:
        rule = f"cannot be read ({str(error.strerror).lower()})"
        raise InputError.of("logo", path, rule, "name a file beside the issuer's") from None
    if len(content) > MOST_LOGO_BYTES:
        rule = f"has {len(content):,} bytes, and every statement has it in it"
        raise InputError.of("logo", path, rule, f"give one of at most {MOST_LOGO_BYTES:,}")
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


# --------------------------------------------------------------------------------------- recipients


@dataclass(frozen=True)
class Recipient:
    """Who receives a statement: `country` is of two letters, or empty where nobody knows it.

    `us_person` is None where nothing tells. `account` names the files.
    """

    wallet: str
    account: str = ""
    name: str = ""
    lines: tuple[str, ...] = ()
    country: str = ""
    stated_us_person: bool | None = None

    @property
    def number(self) -> str:
        """The account number, or the wallet in its place."""
        return self.account or self.wallet

    @property
    def us_person(self) -> bool | None:
        """Whether it is a person of the United States, as far as is known."""
        if self.stated_us_person is not None:
            return self.stated_us_person
        return self.country == UNITED_STATES if self.country else None

    def with_(self, name: str, country: str) -> Recipient:
        """The same, with what is known from elsewhere where the file says nothing."""
        return replace(self, name=self.name or name, country=self.country or country)


def read_recipients(path: Path) -> dict[str, Recipient]:
    """The recipients of a CSV file, by wallet.

    Raises: InputError with every fault in it.
    """
    sheet = Sheet(
        str(path),
        ("address",),
        optional=("account", "name", *_LINES, "country", "us_person", *_PASSED_OVER),
        row="wallet",
    )
    found = list(_recipients(sheet, path))
    sheet.check()
    return {recipient.wallet: recipient for recipient in found}


def _recipients(sheet: Sheet, path: Path) -> Iterator[Recipient]:
    for number, row in sheet.rows(Sheet.read(path)):
        wallet = sheet.cell(number, row, "address", partial(_wallet, sheet, number))
        account = sheet.cell(number, row, "account", partial(_account, sheet, number))
        country = sheet.cell(number, row, "country", _optional_country)
        stated = sheet.cell(number, row, "us_person", _yes_or_no)
        if wallet is not None:
            yield Recipient(
                wallet,
                account or "",
                row.get("name", ""),
                _address_lines(row),
                country or "",
                stated,
            )


def _wallet(sheet: Sheet, number: int, cell: str) -> str:
    return sheet.once(number, "address", cell, parse_address(cell), "wallet")


def _account(sheet: Sheet, number: int, cell: str) -> str:
    if not cell:
        return ""
    if not _ACCOUNT.fullmatch(cell):
        rule = "is no account number that can name a file"
        remedy = "use up to 64 letters, digits, points, hyphens and underscores"
        raise InputError.of("account", cell, rule, remedy)
    # Some disks take capitals and small letters for the same name.
    sheet.once(number, "account", cell, cell.lower(), "account")
    return cell


def _optional_country(cell: str) -> str:
    return find_country(cell).alpha2 if cell else ""


def _yes_or_no(cell: str) -> bool | None:
    if cell not in ("yes", "no", ""):
        raise InputError.of("us_person", cell, "is neither yes nor no", "write yes, no or nothing")
    return None if not cell else cell == "yes"


def _address_lines(row: Mapping[str, str]) -> tuple[str, ...]:
    town = " ".join(row[part] for part in ("postal_code", "city") if row.get(part))
    return tuple(line for line in (row.get("street", ""), town, row.get("region", "")) if line)
