# SPDX-License-Identifier: MIT
"""Excel workbooks as files: recognised by their content, and opened once their size is known.

A small file can unpack to a very large one, and XML can name entities that grow without end. Both
are looked for before anything is opened.
"""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prorata.errors import InputError

if TYPE_CHECKING:
    from openpyxl import Workbook

__all__ = ["check_size", "is_workbook", "opened", "parts_of"]

MOST_PARTS = 2_000
MOST_BYTES = 64 * 2**20
MOST_RATIO = 200
MOST_TAGS = 4_000_000
_SMALL = 2**20

_DOCTYPE = tuple("<!DOCTYPE".encode(coding) for coding in ("utf-8", "utf-16-le", "utf-16-be"))
_STRICT = b"http://purl.oclc.org/ooxml/"
_OLD = b"\xd0\xcf\x11\xe0"
_TORN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError)
_SAVE = "save it as an Excel workbook (.xlsx)"


def is_workbook(content: bytes) -> bool:
    """Whether these are the bytes of an .xlsx file.

    Raises: InputError for spreadsheets of another kind, which are named.
    """
    if content.startswith(_OLD):
        rule = "is an old Excel file (.xls), or one with a password"
        raise InputError.of("file", "the file", rule, f"{_SAVE} without a password")
    if not content.startswith(b"PK"):
        return False
    names = set(parts_of(content).namelist())
    if "xl/workbook.bin" in names:
        raise InputError.of("file", "the file", "is a binary workbook (.xlsb)", _SAVE)
    if "content.xml" in names and "mimetype" in names:
        raise InputError.of("file", "the file", "is an OpenDocument file", _SAVE)
    if "xl/workbook.xml" not in names:
        return False
    if _STRICT in parts_of(content).read("xl/workbook.xml")[:_SMALL]:
        remedy = "save it as Excel Workbook (.xlsx), not as Strict Open XML"
        raise InputError.of("file", "the file", "is a workbook in Strict Open XML", remedy)
    return True


def opened(content: bytes) -> Workbook:
    """The workbook in these bytes, formulas as formulas, once its size has been checked.

    Raises: InputError when it is damaged or too large.
    """
    check_size(parts_of(content))
    # Loaded here only: commands that read no workbook shall not wait for it.
    from openpyxl import load_workbook  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            # Of parts that it cannot keep; nothing of them is read.
            warnings.simplefilter("ignore")
            return load_workbook(io.BytesIO(content), keep_links=False)
    except Exception as error:  # noqa: BLE001 - a damaged part raises whatever its reader raises
        raise _damaged(error) from None


def parts_of(content: bytes) -> zipfile.ZipFile:
    """The parts of a file that begins like a zip file.

    Raises: InputError when it is damaged.
    """
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _damaged(error) from None


def _damaged(error: Exception) -> InputError:
    reason = f"{type(error).__name__}: {error}".strip(": ")
    return InputError.of("file", "the file", f"is damaged ({reason})", "save it again")


def check_size(parts: zipfile.ZipFile) -> None:
    """Raises: InputError when it unpacks to more than a cap table needs, or has a DTD."""
    entries = parts.infolist()
    packed, unpacked = (sum(getattr(e, s) for e in entries) for s in ("compress_size", "file_size"))
    if len(entries) > MOST_PARTS:
        raise _too_large(f"has {len(entries):,} parts, and {MOST_PARTS:,} is the most")
    if unpacked > MOST_BYTES or unpacked > max(MOST_RATIO * packed, _SMALL):
        raise _too_large(f"unpacks from {packed:,} bytes to {unpacked:,}")
    tags = 0
    try:
        for entry in entries:
            # Its real content: what a part says of its own size is checked with it.
            for piece in _pieces(parts, entry):
                if any(mark in piece for mark in _DOCTYPE):
                    raise InputError.of("file", entry.filename, "declares XML entities", _SAVE)
                tags += piece.count(b"<")
                if tags > MOST_TAGS:
                    raise _too_large(f"has more than {MOST_TAGS:,} XML tags")
    except _TORN as error:
        raise _damaged(error) from None


def _pieces(parts: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile(f"{entry.filename} is packed in an unusual way")
    with parts.open(entry) as part:
        while piece := part.read(2**16):
            yield piece


def _too_large(rule: str) -> InputError:
    return InputError.of("file", "the file", rule, "keep the cap table alone in it")
