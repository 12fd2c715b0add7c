# SPDX-License-Identifier: MIT
"""Certificates of holders, read from CSV: the reduced rate that each claims, and until when."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from os import PathLike
from pathlib import Path

from prorata.assets.withholding import (
    KINDS,
    parse_rate,
)
from prorata.contracts.withholding import Certificate
from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.files.tabular import read_tabular
from prorata.register.dialects import recognise_holders
from prorata.values.addresses import parse_address
from prorata.values.kinds import FOREVER, Kind
from prorata.values.times import parse_beginning, parse_time

__all__ = ["COLUMNS", "CertificateRow", "parse_certificates", "parse_document", "read_certificates"]
COLUMNS = ("address", "kinds", "rate", "valid_from", "valid_until", "document")
DATES, INFORMATION = ("valid_from", "valid_until"), ("name", "kind", "shares", "percent")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)


# ------------------------------------------------------------------------ the file of certificates


@dataclass(frozen=True)
class CertificateRow:
    """A certificate as the file has it, and the line it stands on."""

    line: int
    address: str
    certificate: Certificate


def read_certificates(
    path: str | PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
) -> list[CertificateRow]:
    """Read the file at `path`, CSV or a workbook, and the documents that it names.

    Raises: InputError for every fault in the file, or when it cannot be opened; see
    `parse_certificates`.
    """
    folder = Path(path).parent
    parse = partial(parse_certificates, subject=str(path), folder=folder, columns=columns)
    return read_tabular(path, parse, sheet=sheet, dates=DATES, ignored=INFORMATION)


def parse_certificates(
    content: str | bytes,
    subject: str = "the certificates",
    folder: Path = Path(),
    *,
    columns: Mapping[str, str] | None = None,
) -> list[CertificateRow]:
    """The entries of a CSV file, in its order; documents are files in `folder`, or hashes.

    `columns` has the file's name of a column of ours, where it is another one.

    Raises: InputError with every fault found, in order of lines.
    """
    sheet = Sheet(
        subject, COLUMNS, information=INFORMATION, mapped=columns or {}, recognise=_recognise
    )
    reader = _CertificateReader(sheet, folder)
    for number, row in reader.sheet.rows(content):
        reader.take(number, row)
    reader.sheet.check()
    return reader.entries


def _recognise(header: Sequence[str]) -> tuple[str, str] | None:
    """What is given in place of certificates for tax."""
    if "kinds" in header or "rate" in header:
        return None
    if {"address", "shares"} <= set(header):
        return "is the header of a cap table, which has no certificates", "give those, for tax"
    return recognise_holders(header)


class _CertificateReader:
    """Turns rows into entries; a row with a fault makes none."""

    def __init__(self, sheet: Sheet, folder: Path) -> None:
        self.sheet = sheet
        self.folder = folder
        self.entries: list[CertificateRow] = []

    def take(self, number: int, row: Mapping[str, str]) -> None:
        """Check every cell of one row, whatever the others are like."""
        cell = self.sheet.cell
        address = cell(number, row, "address", parse_address)
        kinds = cell(number, row, "kinds", _kinds)
        rate = cell(number, row, "rate", parse_rate)
        since = cell(number, row, "valid_from", _valid_from)
        until = cell(number, row, "valid_until", _valid_until)
        document = cell(number, row, "document", lambda text: parse_document(text, self.folder))
        if (
            address is None
            or kinds is None
            or rate is None
            or since is None
            or until is None
            or document is None
        ):
            return
        if since > until:
            rule = f"is after {row['valid_until']}, when it ends"
            self.sheet.add(number, "valid_from", row["valid_from"], rule, "begin earlier")
            return
        entry = CertificateRow(number, address, Certificate(rate, kinds, since, until, document))
        for other in self.entries:
            if (other.address, other.certificate) == (entry.address, entry.certificate):
                rule = f"has this certificate on line {other.line} already"
                self.sheet.add(number, "address", row["address"], rule, "remove one of them")
        self.entries.append(entry)


def parse_document(cell: str, folder: Path = Path()) -> bytes:
    """The SHA-256 of a file in `folder`, or the hash that stands in its place.

    Raises: InputError when there is no such file, or it is the hash of nothing.
    """
    if _HASH.fullmatch(cell):
        if (given := bytes.fromhex(cell[2:])) != bytes(32):
            return given
        raise InputError.of("document", cell, "is the hash of nothing", "give the document's")
    try:
        return sha256((folder / cell).read_bytes()).digest()
    except (OSError, ValueError):
        remedy = "give a file beside this one, or a hash of 32 bytes as 0x…"
        raise InputError.of("document", cell, "cannot be read", remedy) from None


def _kinds(cell: str) -> frozenset[Kind]:
    if cell == "all":
        return frozenset(Kind)
    names = cell.split("+")
    if not all(name in KINDS for name in names):
        rule, remedy = "is no kind of income", f"write all, or some of {'+'.join(KINDS)}"
        raise InputError.of("kinds", cell, rule, remedy)
    return frozenset(KINDS[name] for name in names)


def _valid_from(cell: str) -> int:
    return parse_beginning("valid_from", cell)


def _valid_until(cell: str) -> int:
    return FOREVER if cell == "forever" else parse_time("valid_until", cell)
