# SPDX-License-Identifier: MIT
"""Files that other programs read: whole or not there, whatever happens while they are written."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, TypeAdapter, model_serializer

from prorata.errors import InputError
from prorata.values.amounts import Amount

__all__ = [
    "Cell",
    "Row",
    "csv_text",
    "json_object",
    "json_pieces",
    "prepare_folder",
    "write_csv_rows",
    "write_json",
    "write_whole",
    "written_whole",
]

Cell: TypeAlias = Amount | str | int | None
"""What stands in one column of a row."""


# -------------------------------------------------------------------------------------------- rows


class Row(BaseModel):
    """One line of a file: its fields are the columns, in their order."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The header."""
        return tuple(cls.model_fields)

    @property
    def values(self) -> Mapping[str, Cell]:
        """What stands in each column."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    @property
    def cells(self) -> dict[str, str]:
        """The same as CSV has it: amounts with all decimals, nothing for what is unknown."""
        return {name: _cell(value) for name, value in self.values.items()}

    @model_serializer
    def _as_json(self) -> Mapping[str, Cell]:
        return self.values


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    return value.cell if isinstance(value, Amount) else str(value)


def csv_text(kind: type[Row], rows: Iterable[Row]) -> str:
    """The rows as CSV with a header: UTF-8, line feeds."""
    text = io.StringIO()
    writer = csv.DictWriter(text, kind.columns(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.cells for row in rows)
    return text.getvalue()


_ANYTHING = TypeAdapter(Any)


def _plain(content: object) -> Any:
    """What pydantic makes of a model, or of whatever has models in it, for JSON."""
    return _ANYTHING.dump_python(content, mode="json")


def json_object(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content as JSON has it: rows and amounts in it become objects, tuples lists."""
    return dict(_plain(content))


# ------------------------------------------------------------------------------------------- files


@contextlib.contextmanager
def written_whole(
    path: Path, *, column: str = "file", make_folder: bool = True, durable: bool = True
) -> Iterator[Path]:
    """A name to write to; what is there in the end takes the place of `path`, in one step.

    A `durable` file is on the disk before that. One of thousands, which can all be made again, need
    not be: waiting for the disk takes some milliseconds each time.

    Raises: InputError, which calls the path `column`, when it cannot be written.
    """
    # Two runs may write the same file: each has a name of its own, and the last one wins.
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        if durable:
            with part.open("rb+") as file:
                os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise _not_written(column, path, error, "give another path") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def prepare_folder(folder: Path, leftovers: Iterable[str] = ()) -> None:
    """Make a folder, and remove from it the `leftovers` of an earlier run, by pattern.

    Raises: InputError when it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for pattern in leftovers:
            # A run that was killed leaves a file that it had begun.
            for earlier in [*folder.glob(pattern), *folder.glob(f"{pattern}.*.part")]:
                earlier.unlink()
    except OSError as error:
        raise _not_written("folder", folder, error, "give another") from None


def _not_written(column: str, path: Path, error: OSError, remedy: str) -> InputError:
    """What the disk refused, as a sentence for whoever named the path."""
    reason = str(error.strerror or error).lower()
    return InputError.of(column, path, f"cannot be written ({reason})", remedy)


def write_whole(
    path: Path,
    text: str,
    *,
    column: str = "file",
    make_folder: bool = True,
    durable: bool = True,
) -> None:
    """Put `text` in place of what the file said before, in one step, as `written_whole` does.

    Raises: InputError when it cannot be written.
    """
    with written_whole(path, column=column, make_folder=make_folder, durable=durable) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def json_pieces(content: Any) -> Iterator[str]:
    """JSON that people can read too, in pieces: a document of ten thousand is never one text."""
    encoder = json.JSONEncoder(indent=2, ensure_ascii=False, default=_plain)
    pieces = encoder.iterencode(content)
    while piece := "".join(islice(pieces, 10_000)):
        yield piece
    yield "\n"


def write_json(path: Path, content: Any, *, column: str = "file", durable: bool = True) -> None:
    """Write JSON that people can read too, as `written_whole` does."""
    with (
        written_whole(path, column=column, durable=durable) as part,
        part.open("w", encoding="utf-8", newline="\n") as file,
    ):
        file.writelines(json_pieces(content))


def write_csv_rows(
    path: Path,
    kind: type[Row],
    rows: Iterable[Row],
    *,
    column: str = "file",
    make_folder: bool = True,
    durable: bool = True,
) -> None:
    """Write rows as CSV, as `write_whole` does."""
    text = csv_text(kind, rows)
    write_whole(path, text, column=column, make_folder=make_folder, durable=durable)
