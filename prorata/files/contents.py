# SPDX-License-Identifier: MIT
"""What a file is by its first bytes, so that one of another kind is called by its name."""

from __future__ import annotations

import zipfile
from io import BytesIO

__all__ = ["is_archive", "kind_of"]

WORKBOOK = "an Excel workbook"

_ZIP = b"PK\x03\x04"
_MAGIC = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)"),
    (b"%PDF-", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"SQLite format 3\0", "a database"),
    (b"PAR1", "a Parquet file"),
)
_MARKUP = (
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML document"),
)
_MEMBERS = (
    ("xl/", WORKBOOK),
    ("content.xml", "an OpenDocument spreadsheet"),
    ("Index/", "a Numbers spreadsheet"),
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def is_archive(content: bytes) -> bool:
    """Whether it is a ZIP archive, as workbooks of Excel are."""
    return content.startswith(_ZIP)


def kind_of(content: bytes) -> str | None:
    """What the file is, with its article, or None for what may be plain text."""
    if is_archive(content):
        return _archive(content)
    for magic, called in _MAGIC:
        if content.startswith(magic):
            return called
    begins = content[:200].removeprefix(_BYTE_ORDER_MARK).lstrip()
    for magic, called in _MARKUP:
        if begins.lower().startswith(magic):
            return called
    return "a JSON document" if begins[:1] in (b"{", b"[") else None


def _archive(content: bytes) -> str:
    """Which archive: only the list of what is in it is read."""
    try:
        names = zipfile.ZipFile(BytesIO(content)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return "a damaged ZIP archive"
    for member, called in _MEMBERS:
        if any(name.startswith(member) for name in names):
            return called
    return "a ZIP archive"
