# SPDX-License-Identifier: MIT
"""Which wallet each stakeholder has: the Open Cap Format does not say, so that a file beside does.

It is the file `x-prorata.json` that prorata writes into its own packages, or a table with the
columns `stakeholder_id` and `address`, in CSV or in a workbook.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from os import PathLike
from typing import Annotated, Literal

from pydantic import AfterValidator

from prorata.files.csv_reader import Sheet
from prorata.files.models import forwarded, validated
from prorata.files.tabular import read_tabular
from prorata.register.ocf.objects import Value
from prorata.register.ocf.packages import BESIDE, Package
from prorata.values.addresses import parse_address

__all__ = ["Beside", "Wallet", "read_wallets", "wallets_beside"]

Address = Annotated[str, AfterValidator(lambda text: str(forwarded(parse_address)(text)))]


class Wallet(Value):
    """A stakeholder's wallet, and the kind of holder as cap tables have it."""

    stakeholder_id: str
    address: Address
    kind: Literal["", "company", "fund", "individual", "treasury"] = ""


class Beside(Value):
    """What prorata knows of the shares of a package, and the format has no place for."""

    format: Literal["x-prorata"]
    version: Literal[1]
    chain_id: int
    token: Address
    symbol: str
    decimals: int
    as_of: str
    stock_class_id: str
    wallets: list[Wallet]


@dataclass(frozen=True)
class _Line:
    stakeholder_id: str
    address: str


def wallets_beside(package: Package) -> dict[str, Wallet]:
    """The wallets that prorata wrote beside the package, by stakeholder.

    Raises: InputError for every fault in them.
    """
    if package.beside is None:
        return {}
    remedy = "take the file as prorata wrote it, or give --wallets"
    beside = validated(Beside, package.beside, "", BESIDE, remedy)
    return {wallet.stakeholder_id: wallet for wallet in beside.wallets}


def read_wallets(path: str | PathLike[str], *, sheet: str | None = None) -> dict[str, Wallet]:
    """The wallets in a table, by stakeholder.

    Raises: InputError for every fault in it, or when it cannot be read.
    """
    return read_tabular(path, partial(_parse, str(path)), sheet=sheet)


def _parse(subject: str, content: str | bytes) -> dict[str, Wallet]:
    sheet = Sheet(subject, ("stakeholder_id", "address"), row="stakeholder")
    found = {}
    for number, row in sheet.rows(content):
        id_ = sheet.cell(number, row, "stakeholder_id", partial(_once, sheet, number))
        address = sheet.cell(number, row, "address", parse_address)
        if id_ is not None and address is not None:
            found[id_] = Wallet(stakeholder_id=id_, address=address)
    sheet.check()
    return found


def _once(sheet: Sheet, number: int, cell: str) -> str:
    return sheet.once(number, "stakeholder_id", cell, cell, "stakeholder")


def unknown(wallets: Mapping[str, Wallet], package: Package) -> list[str]:
    """Stakeholders with a wallet who are not in the package."""
    there = {stakeholder.id for stakeholder in package.stakeholders}
    return [id_ for id_ in wallets if id_ not in there]
