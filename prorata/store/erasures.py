# SPDX-License-Identifier: MIT
"""Forget a person: no byte of the name stays, and no restored backup brings it back.

What is kept is a list of digests, one for each wallet, each of a salt of its own: it says that
somebody was erased to whoever holds a backup, and to nobody else who it was. It stands in the
office, and in a file beside it that is not restored with it. Chain facts stay as they are.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_bytes

import sqlalchemy as sa

from prorata.errors import StoreError
from prorata.files.writer import write_whole
from prorata.store import office_schema as tables
from prorata.store.copies import purge_file
from prorata.store.office import Office
from prorata.store.office_upgrade import drop_copies
from prorata.store.people import Person

__all__ = [
    "ERASURES_FILE",
    "Erasure",
    "erased_wallets",
    "erasures",
    "forget",
    "open_office",
    "read_list",
    "replay",
    "settle",
    "write_list",
]

ERASURES_FILE = "erasures.jsonl"


@dataclass(frozen=True, order=True)
class Erasure:
    """One wallet whose person was erased, in hexadecimal."""

    tenant: str
    digest: str
    salt: str
    erased_at: int

    def is_of(self, wallet: bytes) -> bool:
        """Whether this is the wallet, as `_wallet` writes it."""
        return self.digest == hashlib.sha256(bytes.fromhex(self.salt) + wallet).hexdigest()


def _wallet(tenant: str, chain_id: int, address: str) -> bytes:
    return f"{tenant}/{chain_id}/{address.lower()}".encode()


def erasures(connection: sa.Connection, tenant: str) -> list[Erasure]:
    """The list of a tenant, the oldest first."""
    found = tables.erasure.c
    chosen = (
        sa.select(found.tenant, found.digest, found.salt, found.erased_at)
        .where(found.tenant == tenant)
        .order_by(found.erased_at, found.digest)
    )
    return [
        Erasure(row.tenant, bytes(row.digest).hex(), bytes(row.salt).hex(), row.erased_at)
        for row in connection.execute(chosen)
    ]


def erased_wallets(
    connection: sa.Connection, tenant: str, chain_id: int, addresses: Iterable[str]
) -> dict[str, int]:
    """Which of the addresses were erased, and when last."""
    listed = erasures(connection, tenant)
    found: dict[str, int] = {}
    for address in addresses if listed else ():
        wallet = _wallet(tenant, chain_id, address)
        times = [one.erased_at for one in listed if one.is_of(wallet)]
        found |= {address: max(times)} if times else {}
    return found


def open_office(
    place: str,
    *,
    who: str,
    create: bool = False,
    tenant: str = tables.OWN,
    beside: Path | None = None,
    clock: Callable[[], float] = time.time,
) -> Office:
    """The office at `place`, in which nobody is whom the list beside it says to be erased.

    The list is in the folder of the office's file, or for PostgreSQL in that of the deployment,
    `beside`.

    Raises: StoreError, as `Office.open` does.
    """
    office = Office.open(place, who=who, create=create, tenant=tenant, clock=clock)
    folder = office.folder or beside
    office.erasures_at = None if folder is None else folder / ERASURES_FILE
    try:
        settle(office)
    except BaseException:
        office.close()
        raise
    return office


# --------------------------------------------------------------------------------------- forgetting


def forget(office: Office, person: Person) -> bool:
    """Erase a person from every table and from the file; whether no byte is left already.

    A reader in the midst of the file can keep its bytes there for a while: then the next opening
    clears them away.
    """
    with office.writing("people.forget") as writing:
        writing.subject, writing.rows = person.id, 1
        made_at = writing.connection.scalar(
            sa.select(tables.party.c.created_at).where(_party(office, [person.id]))
        )
        if made_at is None:
            raise StoreError(f"{person.id} is nobody of the office {office.name}", "look again")
        at = max(writing.now, made_at)
        _remember(
            writing.connection, [_entry(office.tenant, wallet, at) for wallet in person.wallets]
        )
        _delete(office, writing.connection, [person.id])
    return settle(office)


def _entry(tenant: str, wallet: tuple[int, str], at: int) -> Erasure:
    salt = token_bytes(16)
    digest = hashlib.sha256(salt + _wallet(tenant, *wallet)).hexdigest()
    return Erasure(tenant, digest, salt.hex(), at)


def _remember(connection: sa.Connection, entries: Sequence[Erasure]) -> None:
    rows = [
        {
            "tenant": one.tenant,
            "digest": bytes.fromhex(one.digest),
            "salt": bytes.fromhex(one.salt),
            "erased_at": one.erased_at,
        }
        for one in entries
    ]
    if rows:
        connection.execute(sa.insert(tables.erasure), rows)


def _party(office: Office, ids: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(tables.party.c.tenant == office.tenant, tables.party.c.id.in_(ids))


def _delete(office: Office, connection: sa.Connection, ids: Sequence[str]) -> None:
    wallet = tables.wallet.c
    of_them = sa.and_(wallet.tenant == office.tenant, wallet.party.in_(ids))
    session = tables.session.c
    signed_in = sa.exists().where(
        of_them, wallet.chain_id == session.chain_id, wallet.address == session.address
    )
    connection.execute(sa.delete(tables.session).where(session.tenant == office.tenant, signed_in))
    connection.execute(sa.delete(tables.wallet).where(of_them))
    connection.execute(sa.delete(tables.party).where(_party(office, ids)))


# ---------------------------------------------------------------------------------- after a restore


def replay(office: Office, entries: Iterable[Erasure]) -> int:
    """Erase again whoever was erased after a backup was made; how many people that were.

    Who was taken in again after an erasure stays.
    """
    with office.writing("people.replay") as writing:
        known = set(erasures(writing.connection, office.tenant))
        fresh = sorted({one for one in entries if one.tenant == office.tenant} - known)
        party, wallet = tables.party.c, tables.wallet.c
        chosen = (
            sa.select(party.id, party.created_at, wallet.chain_id, wallet.address)
            .select_from(tables.wallet.join(tables.party))
            .where(wallet.tenant == office.tenant)
        )
        gone = sorted(
            {
                row.id
                for row in writing.connection.execute(chosen)
                for one in fresh
                if row.created_at <= one.erased_at
                and one.is_of(_wallet(office.tenant, row.chain_id, row.address))
            }
        )
        _remember(writing.connection, fresh)
        _delete(office, writing.connection, gone)
        writing.rows = len(gone)
    return len(gone)


def settle(office: Office) -> bool:
    """Bring the file of the list and the tables to the same, and clear away what was deleted.

    Whether all of it could be cleared away.
    """
    path = office.erasures_at
    listed = [] if path is None else read_list(path)
    with office.database.snapshot() as connection:
        known = erasures(connection, office.tenant)
        due = _due(office, connection)
    if {one for one in listed if one.tenant == office.tenant} - set(known):
        replay(office, listed)
        return settle(office)
    if path is not None and set(known) - set(listed):
        write_list(path, {*known, *listed})
    return not due or _purge(office)


def _due(office: Office, connection: sa.Connection) -> bool:
    found = tables.erasure.c
    waiting = sa.select(sa.func.count()).where(
        found.tenant == office.tenant, found.purged_at.is_(None)
    )
    return bool(connection.scalar(waiting))


def _purge(office: Office) -> bool:
    drop_copies(office.database, office.folder)
    try:
        if office.database.dialect == "postgresql":
            _vacuum(office)
        elif not purge_file(office.database):
            return False
    except StoreError:
        # Somebody reads it; what is deleted stays deleted, and the next one clears it away.
        return False
    found = tables.erasure.c
    mine = sa.and_(found.tenant == office.tenant, found.purged_at.is_(None))
    with office.database.writing() as connection:
        now = int(office.clock())
        connection.execute(sa.update(tables.erasure).where(mine).values(purged_at=now))
    return True


def _vacuum(office: Office) -> None:
    with office.database.refusals(), office.database.engine.connect() as opened:
        connection = opened.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(sa.text("SET lock_timeout = '5s'"))
        for table in (tables.wallet, tables.party):
            connection.execute(sa.text(f"VACUUM (FULL, ANALYZE) {table.name}"))


# ----------------------------------------------------------------------------------------- the file


def read_list(path: Path) -> list[Erasure]:
    """The list in a file; none where there is no file.

    Raises: StoreError when it is no such list.
    """
    if not path.is_file():
        return []
    try:
        return [Erasure(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError, TypeError):
        raise StoreError(
            f"{path} is no list of erasures", "put back the one that was there, from a backup"
        ) from None


def write_list(path: Path, entries: Iterable[Erasure]) -> None:
    """Write the list, which only its owner can read."""
    lines = _lines(sorted(entries, key=lambda one: (one.erased_at, one)))
    write_whole(path, "".join(lines))
    path.chmod(0o600)


def _lines(entries: Iterable[Erasure]) -> Iterator[str]:
    return (f"{json.dumps(asdict(one))}\n" for one in entries)
