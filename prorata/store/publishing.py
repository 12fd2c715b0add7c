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
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import Connection, select

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

__all__ = ["Publishing", "assets_in", "publish"]

PAGE = 50_000
"""Rows for which a snapshot is held: a reader that stays long keeps a database from tidying up."""

_BESIDE = "publish into another folder"
_LOCK = "publish.lock"


@dataclass(frozen=True)
class Publishing:
    """What one run has done for an asset: what is there now, and what of it is new."""

    manifest: Manifest | None
    symbol: str
    token: str
    files: int = 0
    rows: int = 0
    bytes: int = 0
    anew: bool = False
    """Whether all was published again, since what it comes from was read anew."""
    removed: int = 0
    """Files of earlier runs that no manifest listed any more."""


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


def assets_in(database: Database) -> list[tuple[str, str]]:
    """Token and symbol of every asset in a database, in the order of their tokens."""
    with database.snapshot() as connection:
        found = connection.execute(select(schema.asset.c.token, schema.asset.c.symbol))
        return sorted((token, symbol) for token, symbol in found)


def publish(
    database: Database,
    token: str,
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
    stand = _stand_of(database, token)
    place = folder_of(folder, token)
    _require_one_chain(folder, stand)
    with _alone(place):
        former = Manifest.read(place)
        removed = _sweep(place, former)
        same = former is not None and former.generation == stand.generation
        first = former.last + 1 if former is not None and same else stand.first
        if stand.last < first:
            return Publishing(former, stand.symbol, token, removed=removed)
        written = {
            table: _write(database, stand, place, extract, (first, stand.last), page, follow)
            for table, extract in extracts(stand.chain, stand.asset, stand.numbers).items()
        }
        manifest = _manifest(stand, former if same else None, first, written)
        write_json(place / MANIFEST, manifest.model_dump(mode="json"))
    new = [file for file in written.values() if file is not None]
    return Publishing(
        manifest,
        stand.symbol,
        token,
        files=len(new),
        rows=sum(file.rows for file in new),
        bytes=sum(file.bytes for file in new),
        anew=former is not None and not same,
        removed=removed,
    )


def _stand_of(database: Database, token: str) -> _Stand:
    with database.snapshot() as connection:
        asset, chain = schema.asset, schema.chain
        found = connection.execute(
            select(asset, chain)
            .join(chain, chain.c.id == asset.c.chain)
            .where(asset.c.token == token)
        ).mappings().all()
        if not found:
            raise InputError.of(
                "asset", token, f"is no asset of {database.name}", "`prorata ledger status` lists them"
            )
        [row] = found
        served = _sources(connection, row[asset.c.id])
    if not served:
        raise StoreError(f"no contract of {token} is followed", "run `prorata follow`")
    complete = min(source.done_to for source in served)
    return _Stand(
        chain=row[chain.c.id],
        chain_id=row[chain.c.chain_id],
        genesis=row[chain.c.genesis],
        epoch=row[chain.c.epoch],
        asset=row[asset.c.id],
        token=token,
        name=row[asset.c.name],
        symbol=row[asset.c.symbol],
        decimals=row[asset.c.decimals],
        last=min(complete, row[chain.c.final], row[chain.c.verified_to]),
        sources=tuple(
            PublishedSource(address=one.address, kind=one.kind, first_block=one.first_block)
            for one in served
        ),
        numbers=tuple(one.id for one in served),
    )


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
    kept = {path.split("/")[0] for path in listed}
    removed = 0
    for found in [path for path in place.rglob("*") if path.is_file()]:
        path = found.relative_to(place).as_posix()
        if path not in listed and path not in (MANIFEST, _LOCK):
            found.unlink()
            removed += 1
    for found in place.iterdir():
        if found.is_dir() and found.name not in kept:
            shutil.rmtree(found)
    return removed


def _manifest(
    stand: _Stand,
    former: Manifest | None,
    first: int,
    written: dict[str, PublishedFile | None],
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
        first=first if former is None else former.first,
        last=stand.last,
        sources=stand.sources,
        tables={
            table: (*before.get(table, ()), *([] if file is None else [file]))
            for table, file in written.items()
        },
    ).sealed()


# ---------------------------------------------------------------------------------------- one file


def _write(
    database: Database,
    stand: _Stand,
    place: Path,
    extract: Extract,
    blocks: tuple[int, int],
    page: int,
    follow: Callable[[str, int], None],
) -> PublishedFile | None:
    """The rows of a table in a range of blocks, as one file; None when there are none."""
    path = place_of(stand.generation, extract.table, *blocks)
    pages = _pages(database, stand, extract, blocks, page)
    first = next(pages, None)
    if first is None:
        return None
    tally = Tally(amounts_of(extract.table))
    with (
        written_whole(place / path, column="to") as part,
        pq.ParquetWriter(part, arrow_schema(extract.table), compression="zstd") as file,
    ):
        rows: list[Any] | None = first
        while rows is not None:
            file.write_batch(batch(extract.table, stand.token, rows, tally), row_group_size=2**17)
            follow(extract.table, tally.rows)
            rows = next(pages, None)
    return PublishedFile(
        path=path,
        first=blocks[0],
        last=blocks[1],
        rows=tally.rows,
        bytes=(place / path).stat().st_size,
        sha256=digest_of_file(place / path),
        largest=tally.largest,
        exact=tally.exact,
    )


def _pages(
    database: Database, stand: _Stand, extract: Extract, blocks: tuple[int, int], page: int
) -> Iterator[list[Any]]:
    """The rows, a snapshot for each page: what is final is the same in all of them.

    Raises: StoreError when the ledger is another one by now.
    """
    after: tuple[Any, ...] | None = None
    while True:
        with database.snapshot() as connection:
            chain = schema.chain
            epoch = connection.scalar(select(chain.c.epoch).where(chain.c.id == stand.chain))
            if epoch != stand.epoch:
                raise StoreError(
                    f"{database.name} was built anew meanwhile",
                    "run the same command again, once it has been verified to the same block",
                )
            rows = connection.execute(extract.page(blocks, after, page)).all()
        if rows:
            yield list(rows)
        if len(rows) < page:
            return
        after = extract.key_of(rows[-1])
