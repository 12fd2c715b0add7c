# SPDX-License-Identifier: MIT
"""A cap table as a package of the Open Cap Format 1.2.0, which reads back to the same table.

The package has a stakeholder and an issuance for each holder, and one class of stock. Wallets and
kinds of holders, for which the format has no place, stand beside it in `x-prorata.json`. What
prorata does not know and the format wants is the plainest there is, and a comment says so: a price
of nothing, one vote, common stock. The same table always gives the same bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from typing import Any

from prorata.errors import InputError, Problem
from prorata.files.writer import prepare_folder, write_whole, written_whole
from prorata.register.captable import CapTable, Holding, write_csv
from prorata.register.ocf.packages import BESIDE
from prorata.values.amounts import format_units
from prorata.values.times import iso

__all__ = ["Facts", "package_files", "write_package"]

VERSION = "1.2.0"
MANIFEST = "Manifest.ocf.json"
MOST_DECIMALS = 10

_CLASS, _ISSUER = "shares", "issuer"
_PARTS = {
    "stakeholders_files": "Stakeholders.ocf.json",
    "stock_classes_files": "StockClasses.ocf.json",
    "transactions_files": "Transactions.ocf.json",
}
_EMPTY = (
    "stock_plans_files", "stock_legend_templates_files", "vesting_terms_files", "valuations_files",
)  # fmt: skip
_UNKNOWN_KIND = "Whether this is a person or an institution is not known to prorata."
_UNKNOWN_PRICE = "The price is not known to prorata."
_UNKNOWN_TERMS = "Votes, seniority and price are not known to prorata."


@dataclass(frozen=True)
class Facts:
    """What a package says besides who holds what.

    `country` is of two letters and `formed` a day, of the company `issuer`; `authorised` are whole
    shares; `time` is the second for which the table holds.
    """

    issuer: str
    country: str
    formed: str
    name: str
    symbol: str
    authorised: int
    chain_id: int
    token: str
    time: int

    @property
    def day(self) -> str:
        """The day of it, in UTC."""
        return iso(self.time)[:10]


def write_package(path: Path, table: CapTable, facts: Facts) -> list[str]:
    """Write the package: as a ZIP archive where the path ends so, else into a folder.

    Returns the names of its files.

    Raises: InputError, and then nothing is written, when a holder has more decimals than the format
    has, or the table could not be read back; InputError when it cannot be written.
    """
    files = package_files(table, facts)
    if path.suffix.lower() == ".zip":
        with written_whole(path, make_folder=False) as part:
            part.write_bytes(_packed(files))
    else:
        prepare_folder(path)
        for name, text in files.items():
            write_whole(path / name, text)
    return list(files)


def package_files(table: CapTable, facts: Facts) -> dict[str, str]:
    """The files of the package by name.

    Raises: as `write_package` does.
    """
    write_csv(table)  # says so
    _check_decimals(table)
    contents = {
        "Stakeholders.ocf.json": ("OCF_STAKEHOLDERS_FILE", [_stakeholder(h) for h in table]),
        "StockClasses.ocf.json": ("OCF_STOCK_CLASSES_FILE", [_class(facts)]),
        "Transactions.ocf.json": ("OCF_TRANSACTIONS_FILE", list(_issuances(table, facts))),
    }
    files = {
        name: _text({"file_type": kind, "items": items}) for name, (kind, items) in contents.items()
    }
    return {
        MANIFEST: _text(_manifest(files, facts)),
        **files,
        BESIDE: _text(_beside(table, facts)),
    }


def _check_decimals(table: CapTable) -> None:
    """Raises: InputError for every holder whose shares the format cannot write."""
    problems = []
    for holding in table:
        shares = _shares(holding.shares, table.decimals)
        if len(shares.partition(".")[2]) > MOST_DECIMALS:
            rule = f"has more than the {MOST_DECIMALS} decimals of the Open Cap Format"
            remedy = "write --xlsx or --csv, or settle the fractions first"
            problems.append(Problem(None, holding.address, shares, rule, remedy))
    if problems:
        raise InputError(problems, "the cap table")


def _shares(units: int, decimals: int) -> str:
    return format_units(units, decimals, grouping=False, trim=True)


# ----------------------------------------------------------------------------------------- objects


def _stakeholder(holding: Holding) -> dict[str, Any]:
    found: dict[str, Any] = {
        "object_type": "STAKEHOLDER",
        "id": _id(holding),
        "name": {"legal_name": holding.name or holding.address},
        "stakeholder_type": "INDIVIDUAL" if holding.kind == "individual" else "INSTITUTION",
    }
    return found if holding.kind else {**found, "comments": [_UNKNOWN_KIND]}


def _id(holding: Holding) -> str:
    return f"holder-{holding.address}"


def _class(facts: Facts) -> dict[str, Any]:
    return {
        "object_type": "STOCK_CLASS",
        "id": _CLASS,
        "name": facts.name,
        "class_type": "COMMON",
        "default_id_prefix": f"{facts.symbol}-",
        "initial_shares_authorized": str(facts.authorised),
        "votes_per_share": "1",
        "seniority": "1",
        "comments": [_UNKNOWN_TERMS],
    }


def _issuances(table: CapTable, facts: Facts) -> Iterator[dict[str, Any]]:
    for number, holding in enumerate(table, start=1):
        yield {
            "object_type": "TX_STOCK_ISSUANCE",
            "id": f"issuance-{holding.address}",
            "security_id": f"security-{holding.address}",
            "date": facts.day,
            "custom_id": f"{facts.symbol}-{number}",
            "stakeholder_id": _id(holding),
            "stock_class_id": _CLASS,
            "share_price": {"amount": "0", "currency": "USD"},
            "quantity": _shares(holding.shares, table.decimals),
            "security_law_exemptions": [],
            "stock_legend_ids": [],
            "comments": [_UNKNOWN_PRICE],
        }


def _manifest(files: Mapping[str, str], facts: Facts) -> dict[str, Any]:
    return {
        "ocf_version": VERSION,
        "file_type": "OCF_MANIFEST_FILE",
        "issuer": {
            "object_type": "ISSUER",
            "id": _ISSUER,
            "legal_name": facts.issuer,
            "formation_date": facts.formed,
            "country_of_formation": facts.country,
        },
        "as_of": facts.day,
        "generated_at": iso(facts.time),
        **{part: [_file(name, files[name])] for part, name in _PARTS.items()},
        **{part: [] for part in _EMPTY},
    }


def _file(name: str, text: str) -> dict[str, str]:
    digest = md5(text.encode(), usedforsecurity=False).hexdigest()
    return {"filepath": f"./{name}", "md5": digest}


def _beside(table: CapTable, facts: Facts) -> dict[str, Any]:
    return {
        "format": "x-prorata",
        "version": 1,
        "chain_id": facts.chain_id,
        "token": facts.token,
        "symbol": facts.symbol,
        "decimals": table.decimals,
        "as_of": iso(facts.time),
        "stock_class_id": _CLASS,
        "wallets": [
            {"stakeholder_id": _id(h), "address": h.address, "kind": h.kind} for h in table
        ],
    }


# ------------------------------------------------------------------------------------------- bytes


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _packed(files: Mapping[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, text)
    return file.getvalue()
