# SPDX-License-Identifier: MIT
"""What is published of an asset: the tables, the files of each, and the manifest that lists them.

    FOLDER/<token>/manifest.json
    FOLDER/<token>/<generation>/<table>/<first>-<last>.parquet

Whoever reads opens the files that a manifest lists and no others, after their digests were held
against it: a file that is being written, or was left behind, is in no manifest. Neither the tables
nor the files say who a person is. This module needs no extra, so that a machine which only asks
needs no database.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, PlainSerializer, ValidationError

from prorata.errors import InputError, StoreError
from prorata.values.words import listed

__all__ = [
    "FORMAT",
    "LIMIT",
    "MANIFEST",
    "TABLES",
    "Column",
    "Manifest",
    "Publication",
    "PublishedFile",
    "PublishedSource",
    "amounts_of",
    "digest_of_file",
    "exact",
    "folder_of",
]

FORMAT = 1
MANIFEST = "manifest.json"

LIMIT = 10**31
"""An amount below it is a DECIMAL(38, 0), of which ten million add up to less than 10^38."""

_PIECE = 2**20

EXACT_DIGITS = 78
"""All of 2^256, so that text sorts as the numbers do."""

Type = Literal["text", "integer", "amount"]
TextInteger = Annotated[int, PlainSerializer(str, when_used="json")]
"""Text in JSON, since many readers round whole numbers above 2^53."""

PUBLISH_AGAIN = "publish into another folder: `prorata ledger publish --to FOLDER`"


# ------------------------------------------------------------------------------------------ tables


@dataclass(frozen=True)
class Column:
    """A column of a published table; an amount has a second one beside it, see `exact`."""

    name: str
    type: Type


def exact(name: str) -> str:
    """The text column that has an amount of `LIMIT` or more, with all 78 digits; else NULL."""
    return f"{name}_exact"


def _columns(texts: str = "", integers: str = "", amounts: str = "") -> tuple[Column, ...]:
    """The columns of a table: those that all have, then its own."""
    named: tuple[tuple[Type, str], ...] = (
        ("text", "asset"),
        ("integer", "block"),
        ("integer", "time"),
        ("integer", "year"),
        ("text", "month"),
        ("integer", integers),
        ("text", texts),
        ("amount", amounts),
    )
    return tuple(Column(name, kind) for kind, names in named for name in names.split())


TABLES: Mapping[str, tuple[Column, ...]] = {
    "transfers": _columns("giver receiver", "log_index", "amount"),
    # What a holder had after the last event of a block that changed it.
    "holdings": _columns("holder", amounts="amount"),
    "supply": _columns(integers="holders", amounts="total"),
    "records": _columns(integers="log_index number closes_at cancelled"),
    "distributions": _columns(
        "vault token currency declarer",
        "log_index distribution record payable_from deadline",
        "received carried_in",
    ),
    "settlements": _columns(
        "vault currency holder payee", "log_index part distribution record", "gross tax"
    ),
}
"""Every published table. `year` and `month` (`2027-03`) are UTC's, since each engine has a time
zone of its own; `asset` is the token."""


def amounts_of(table: str) -> list[str]:
    """The amounts of a table, by name."""
    return [column.name for column in TABLES[table] if column.type == "amount"]


# ------------------------------------------------------------------------------------ the manifest


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PublishedSource(_Part):
    """A contract whose events are in the files."""

    address: str
    kind: str
    first_block: int


class PublishedFile(_Part):
    """A file: rows of blocks `first` to `last`, and what a reader must know before it adds them."""

    path: str
    first: int
    last: int
    rows: int
    bytes: int
    sha256: str
    largest: Mapping[str, TextInteger]
    """By amount: the largest that is below `LIMIT`."""
    exact: Mapping[str, int]
    """By amount: how many rows have a larger one, as text."""


class Manifest(_Part):
    """All that is published of one asset, to one block; `digest` is of all else in it."""

    format: int
    chain_id: int
    genesis: str
    token: str
    name: str
    symbol: str
    decimals: int
    epoch: str
    generation: str
    first: int
    last: int
    sources: tuple[PublishedSource, ...]
    tables: Mapping[str, tuple[PublishedFile, ...]]
    digest: str = ""

    @property
    def own_digest(self) -> str:
        """SHA-256 of everything else in it, as JSON with sorted names and no spaces."""
        content = self.model_dump(mode="json", exclude={"digest"})
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def sealed(self) -> Manifest:
        """The same with its digest."""
        return self.model_copy(update={"digest": self.own_digest})

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """That of a folder; None when there is none.

        Raises: StoreError when it cannot be read, or is not as it was written.
        """
        path = folder / MANIFEST
        try:
            found = cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _damaged(path, str(error.strerror).lower()) from None
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"])) or "the file"
            raise _damaged(path, f"{where}: {fault['msg'].lower()}") from None
        if found.format != FORMAT:
            raise _damaged(path, f"it has format {found.format}, and this version reads {FORMAT}")
        if found.digest != found.own_digest:
            raise _damaged(path, "its digest is not that of what it says")
        if found.tables.keys() - TABLES.keys() or not all(found.placed()):
            raise _damaged(path, "it lists what no version publishes")
        return found

    def placed(self) -> Iterator[bool]:
        """Of each file, whether it is where its table and range belong, and nowhere else."""
        for table, files in self.tables.items():
            for file in files:
                yield file.path == place_of(self.generation, table, file.first, file.last)

    @property
    def paths(self) -> set[str]:
        """The files that it lists."""
        return {file.path for files in self.tables.values() for file in files}


def place_of(generation: str, table: str, first: int, last: int) -> str:
    """Where in an asset's folder the rows of a range are."""
    return f"{generation}/{table}/{first}-{last}.parquet"


def folder_of(folder: Path, token: str) -> Path:
    """Where in a folder an asset is published."""
    return folder / token.lower()


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _damaged(path: Path, reason: str) -> StoreError:
    return StoreError(f"{path} is no manifest that can be trusted ({reason})", PUBLISH_AGAIN)


# ----------------------------------------------------------------------------------------- reading


@dataclass(frozen=True)
class Publication:
    """The assets that are published in a folder, all of one chain."""

    folder: Path
    parts: tuple[tuple[Path, Manifest], ...]

    @classmethod
    def open(cls, folder: Path, tables: Iterable[str] = TABLES) -> Publication:
        """Those of a folder, or the one asset whose own folder it is.

        Every file of the tables is verified: no others should be read.

        Raises: InputError when nothing is published there, StoreError when a manifest or a file is
        not as it was published, or the manifests are of two chains.
        """
        found = tuple(_manifests(folder))
        if not found:
            remedy = "name one that `prorata ledger publish --to FOLDER` wrote"
            raise InputError.of("from", folder, "has no manifest of a published ledger", remedy)
        chains = {(manifest.chain_id, manifest.genesis) for _, manifest in found}
        if len(chains) > 1:
            named = listed([f"{chain} ({genesis[:10]}…)" for chain, genesis in sorted(chains)])
            raise StoreError(
                f"{folder} has assets of the chains {named}, whose blocks are counted apart",
                "publish each chain into a folder of its own",
            )
        opened = cls(folder, found)
        opened.verify(tables)
        return opened

    @property
    def last(self) -> int:
        """The block to which every asset of it is complete."""
        return min(manifest.last for _, manifest in self.parts)

    @cached_property
    def chain_id(self) -> int:
        """The chain that all assets are on."""
        return self.parts[0][1].chain_id

    def verify(self, tables: Iterable[str]) -> None:
        """Hold every listed file of the tables against its manifest.

        Raises: StoreError, which names the first that differs.
        """
        for table in tables:
            for path, file in self.files(table):
                _verify(path, file)

    def files(self, table: str, at: int | None = None) -> list[tuple[Path, PublishedFile]]:
        """The files of a table; with `at`, those that have blocks at or before it."""
        return [
            (place / file.path, file)
            for place, manifest in self.parts
            for file in manifest.tables.get(table, ())
            if at is None or file.first <= at
        ]

    def most(self, table: str, column: str, at: int | None = None) -> int:
        """What the sum of an amount cannot exceed, whichever rows are added."""
        return sum(file.rows * file.largest[column] for _, file in self.files(table, at))

    def has_exact(self, table: str, columns: Sequence[str], at: int | None = None) -> bool:
        """Whether a row has one of these amounts as text."""
        return any(file.exact[name] for _, file in self.files(table, at) for name in columns)


def _manifests(folder: Path) -> Iterator[tuple[Path, Manifest]]:
    """Of the folder itself, or of each asset in it, in the order of their names."""
    if (own := Manifest.read(folder)) is not None:
        yield folder, own
        return
    if not folder.is_dir():
        return
    for place in sorted(folder.iterdir()):
        if place.is_dir() and (found := Manifest.read(place)) is not None:
            yield place, found


def _verify(path: Path, file: PublishedFile) -> None:
    remedy = (
        "bring back the file as it was published, or remove the folder of the asset and publish "
        "it anew: `prorata ledger publish`"
    )
    try:
        found = digest_of_file(path)
    except OSError as error:
        reason = str(error.strerror).lower()
        raise StoreError(
            f"{path}, which its manifest lists, cannot be read ({reason})", remedy
        ) from None
    if found != file.sha256:
        raise StoreError(
            f"{path} is not the file that was published: its SHA-256 is {found}, "
            f"and its manifest says {file.sha256}",
            remedy,
        )
