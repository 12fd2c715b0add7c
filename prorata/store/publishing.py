# SPDX-License-Identifier: MIT
"""Publish an asset's history as Parquet: what is final and verified, each range of blocks once.

Nothing of it can change any more, so that a file is written once and never again. Publishing adds
one file of each table for the blocks since the last time, and then the manifest, which is replaced
whole: a reader sees the former one or the new one. Where the log was read anew, or the asset is
served by other contracts than before, all is published again under another generation.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import Connection, Select, select

from prorata.errors import InputError, StoreError
from prorata.files.manifests import (
    FORMAT,
    MANIFEST,
    TABLES,
    Manifest,
    PublishedFile,
    PublishedSource,
    amounts_of,
    digest_of_file,
    folder_of,
    place_of,
)
from prorata.files.writer import write_json, written_whole
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.extracts import Extract, Tally, arrow_schema, batch, extracts

__all__ = ["PublishedAsset", "Publishing", "assets_in", "publish"]

PAGE = 50_000
"""Rows for which a snapshot is held: a reader that stays long keeps a database from tidying up."""

_BESIDE = "publish into another folder"
_LOCK = "publish.lock"


@dataclass(frozen=True)
class PublishedAsset:
    """An asset of a ledger, as the database numbers it and its chain."""

    number: int
    chain: int
    chain_id: int
    token: str
    symbol: str


@dataclass(frozen=True)
class Publishing:
    """What one run has done for an asset: what is there now, and what of it is new."""

    manifest: Manifest | None
    """None when there is nothing that is final and verified."""
    asset: PublishedAsset
    moved: bool = False
    """Whether the manifest is new: there may be blocks without an event of the asset."""
    files: int = 0
    rows: int = 0
    bytes: int = 0
    anew: bool = False
    """Whether all was published again, since what it comes from was read anew."""
    removed: int = 0
    """Files of earlier runs that no manifest listed any more."""

    @property
    def symbol(self) -> str:
        """The asset's."""
        return self.asset.symbol

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        known = self.manifest
        return {
            "token": self.asset.token,
            "symbol": self.asset.symbol,
            "published_to": None if known is None else known.last,
            "generation": None if known is None else known.generation,
            "manifest": None if known is None else known.digest,
            "anew": self.anew,
            "new_files": self.files,
            "new_rows": self.rows,
            "new_bytes": self.bytes,
            "removed_files": self.removed,
        }


@dataclass(frozen=True)
class _Stand:
    """An asset as the database has it: how far it is final, verified and complete."""

    chain: int
    chain_id: int
    genesis: str
    epoch: str
    asset: int
    token: str
    name: str
    symbol: str
    decimals: int
    last: int
    sources: tuple[PublishedSource, ...]
    numbers: tuple[int, ...]
    """The database's own numbers of the sources."""

    @property
    def first(self) -> int:
        """The first block that any of its contracts can have an event in."""
        return min(source.first_block for source in self.sources)

    @property
    def generation(self) -> str:
        """Another one, as soon as earlier blocks may have other rows than they had."""
        served = [source.model_dump() for source in self.sources]
        tables = [[name, [[c.name, c.type] for c in columns]] for name, columns in TABLES.items()]
        content = json.dumps([self.epoch, served, tables], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


# ------------------------------------------------------------------------------------- publishing


def assets_in(database: Database) -> list[PublishedAsset]:
    """Every asset in a database, in the order of their symbols."""
    asset, chain = schema.asset.c, schema.chain.c
    wanted = select(asset.id, chain.id, chain.chain_id, asset.token, asset.symbol)
    with database.snapshot() as connection:
        found = connection.execute(wanted.join(schema.chain, chain.id == asset.chain))
        assets = [PublishedAsset(*row) for row in found]
    return sorted(assets, key=lambda one: (one.symbol, one.token, one.chain))


def publish(
    database: Database,
    published: PublishedAsset,
    folder: Path,
    *,
    page: int = PAGE,
    follow: Callable[[str, int], None] = lambda _table, _rows: None,
) -> Publishing:
    """Bring what is published of an asset in a folder to where the ledger is final and verified.

    `follow` hears of each page: the table and the rows of it that are written.

    Raises: StoreError when the ledger is rebuilt meanwhile, or what is there cannot be trusted;
        InputError when the folder is another chain's or cannot be written. What was published
        before is then as it was.
    """
    stand = _stand_of(database, published)
    place = folder_of(folder, published.token)
    _require_one_chain(folder, stand)
    with _alone(place):
        former = Manifest.read(place)
        removed = _sweep(place, former)
        same = former is not None and former.generation == stand.generation
        first = former.last + 1 if former is not None and same else stand.first
        if stand.last < first:
            return Publishing(former, published, removed=removed)
        run = _Run(database, stand, place, (first, stand.last), page, follow)
        read = extracts(stand.chain, stand.asset, stand.numbers)
        written = {table: run.write(extract) for table, extract in read.items()}
        manifest = _manifest(stand, former if same else None, written)
        write_json(place / MANIFEST, manifest.model_dump(mode="json"), column="to")
    new = [file for file in written.values() if file is not None]
    return Publishing(
        manifest,
        published,
        moved=True,
        files=len(new),
        rows=sum(file.rows for file in new),
        bytes=sum(file.bytes for file in new),
        anew=former is not None and not same,
        removed=removed,
    )


def _stand_of(database: Database, published: PublishedAsset) -> _Stand:
    with database.snapshot() as connection:
        row = _only(connection, select(schema.asset).where(schema.asset.c.id == published.number))
        chain = _only(connection, select(schema.chain).where(schema.chain.c.id == published.chain))
        served = _sources(connection, published.number)
    if not served:
        raise StoreError(f"no contract of {published.symbol} is followed", "run `prorata follow`")
    complete = min(source.done_to for source in served)
    return _Stand(
        chain=chain.id,
        chain_id=chain.chain_id,
        genesis=chain.genesis,
        epoch=chain.epoch,
        asset=row.id,
        token=row.token,
        name=row.name,
        symbol=row.symbol,
        decimals=row.decimals,
        last=min(complete, chain.final, chain.verified_to),
        sources=tuple(
            PublishedSource(address=one.address, kind=one.kind, first_block=one.first_block)
            for one in served
        ),
        numbers=tuple(one.id for one in served),
    )


def _only(connection: Connection, wanted: Select[Any]) -> Any:
    """The one row of a question that has one."""
    return connection.execute(wanted).one()


def _sources(connection: Connection, asset: int) -> list[Any]:
    source, served = schema.source, schema.source_asset
    return list(
        connection.execute(
            select(source)
            .join(served, served.c.source == source.c.id)
            .where(served.c.asset == asset)
            .order_by(source.c.address)
        )
    )


def _require_one_chain(folder: Path, stand: _Stand) -> None:
    """Raises: InputError when assets of another chain are published in the folder."""
    others = sorted(folder.iterdir()) if folder.is_dir() else []
    for place in others:
        found = Manifest.read(place) if place.is_dir() else None
        if found and (found.chain_id, found.genesis) != (stand.chain_id, stand.genesis):
            rule = f"has {found.symbol} of chain {found.chain_id} with genesis {found.genesis}"
            raise InputError.of("to", folder, rule, _BESIDE)


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Only one run at a time publishes an asset; the lock goes with its process.

    Raises: InputError when the folder cannot be written, StoreError when another run has it.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = (place / _LOCK).open("wb")
    except OSError as error:
        rule = f"cannot be written ({str(error.strerror).lower()})"
        raise InputError.of("to", place, rule, "give another folder") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(
                f"another run is publishing into {place}", "wait until it has ended"
            ) from None
        yield


def _sweep(place: Path, manifest: Manifest | None) -> int:
    """Remove what the manifest does not list: a killed run's files, or a former generation's.

    It is done before a run and not after it, so that whoever has just read the former manifest can
    still read its files.
    """
    listed = set() if manifest is None else manifest.paths
    found = [path for pattern in _OURS for path in place.glob(pattern)]
    unlisted = [path for path in found if path.relative_to(place).as_posix() not in listed]
    for path in unlisted:
        path.unlink()
    for folder in sorted({path.parent for path in unlisted}):
        # What holds other files stays.
        with contextlib.suppress(OSError):
            folder.rmdir()
            folder.parent.rmdir()
    return len(unlisted)


_OURS = ("*/*/*.parquet", "*/*/*.part", f"{MANIFEST}.*.part")
"""What a run writes; whatever else is in the folder is left alone."""


def _manifest(
    stand: _Stand,
    former: Manifest | None,
    written: Mapping[str, PublishedFile | None],
) -> Manifest:
    before = {} if former is None else former.tables
    return Manifest(
        format=FORMAT,
        chain_id=stand.chain_id,
        genesis=stand.genesis,
        token=stand.token,
        name=stand.name,
        symbol=stand.symbol,
        decimals=stand.decimals,
        epoch=stand.epoch,
        generation=stand.generation,
        first=stand.first if former is None else former.first,
        last=stand.last,
        sources=stand.sources,
        tables={
            table: (*before.get(table, ()), *([] if file is None else [file]))
            for table, file in written.items()
        },
    ).sealed()


# ---------------------------------------------------------------------------------------- one file


@dataclass(frozen=True)
class _Run:
    """What is written in one go: the rows of a range of blocks, a file for each table."""

    database: Database
    stand: _Stand
    place: Path
    blocks: tuple[int, int]
    page: int
    follow: Callable[[str, int], None]

    def write(self, extract: Extract) -> PublishedFile | None:
        """The rows of a table; None when there are none."""
        pages = self._pages(extract)
        rows = next(pages, None)
        if rows is None:
            return None
        table, tally = extract.table, Tally(amounts_of(extract.table))
        path = place_of(self.stand.generation, table, *self.blocks)
        with (
            written_whole(self.place / path, column="to") as part,
            pq.ParquetWriter(part, arrow_schema(table), compression="zstd") as file,
        ):
            while rows is not None:
                file.write_batch(batch(table, self.stand.token, rows, tally))
                self.follow(table, tally.rows)
                rows = next(pages, None)
        return PublishedFile(
            path=path,
            first=self.blocks[0],
            last=self.blocks[1],
            rows=tally.rows,
            bytes=(self.place / path).stat().st_size,
            sha256=digest_of_file(self.place / path),
            largest=tally.largest,
            exact=tally.exact,
        )

    def _pages(self, extract: Extract) -> Iterator[list[Any]]:
        """The rows, a snapshot for each page: what is final is the same in all of them.

        Raises: StoreError when the ledger is another one by now.
        """
        after: tuple[Any, ...] | None = None
        while True:
            with self.database.snapshot() as connection:
                self._require_same(connection)
                rows = connection.execute(extract.page(self.blocks, after, self.page)).all()
            if rows:
                yield list(rows)
            if len(rows) < self.page:
                return
            after = extract.key_of(rows[-1])

    def _require_same(self, connection: Connection) -> None:
        chain = schema.chain.c
        epoch = connection.scalar(select(chain.epoch).where(chain.id == self.stand.chain))
        if epoch != self.stand.epoch:
            raise StoreError(
                f"{self.database.name} was built anew meanwhile", "run the same command again"
            )
