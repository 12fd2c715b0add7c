# SPDX-License-Identifier: MIT
"""Files that other programs read: whole or not there, whatever happens while they are written."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from prorata.errors import InputError

__all__ = ["Row", "csv_text", "write_csv_rows", "write_json", "write_whole"]

Row: TypeAlias = Mapping[str, str | int]
"""One line of a file: cells by column, in the order of the columns."""


def write_whole(path: Path, text: str) -> None:
    """Put `text` in place of what the file said before, in one step.

    Raises: InputError when the folder cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise InputError.of(
            "file", path, f"cannot be written ({reason})", "give another folder"
        ) from None


def write_json(path: Path, content: Any) -> None:
    """JSON that people can read too, written whole."""
    write_whole(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def csv_text(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """The rows as CSV with a header: UTF-8, line feeds."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_csv_rows(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write rows as CSV."""
    path.write_text(csv_text(columns, rows), encoding="utf-8", newline="\n")
