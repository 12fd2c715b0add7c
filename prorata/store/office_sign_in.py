# SPDX-License-Identifier: MIT
"""The office's tables of sign-in: nonces that wait for a signature, and sessions of wallets.

They are no facts that anybody is answered from, so that they count as no write of the tenant: else
each visitor would make all answers look new. Whose a wallet is, is not said here.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from secrets import token_hex, token_urlsafe

import sqlalchemy as sa

from prorata.store import office_schema as tables
from prorata.store.office import Office

__all__ = ["SESSION_SECONDS", "Session", "begin_session", "end_session", "end_sessions_of",
           "find_session", "new_nonce", "spend_nonce"]  # fmt: skip

SESSION_SECONDS = 8 * 3_600
"""So long a session lasts, however it is used."""

TOKEN_BYTES = 32


@dataclass(frozen=True)
class Session:
    """A wallet that is signed in, on a chain, until a second."""

    digest: bytes
    chain_id: int
    address: str
    ends_at: int


def new_nonce(office: Office, *, seconds: int) -> str:
    """A nonce that can be spent once within so many seconds; those that nobody spent are cleared.

    Raises: StoreError.
    """
    nonce, now = token_hex(16), int(office.clock())
    row = tables.sign_in_nonce
    with office.database.writing() as connection:
        connection.execute(
            sa.delete(row).where(row.c.tenant == office.tenant, row.c.ends_at <= now)
        )
        values = {"tenant": office.tenant, "digest": _digest(nonce), "ends_at": now + seconds}
        connection.execute(sa.insert(row), values)
    return nonce


def spend_nonce(office: Office, nonce: str) -> bool:
    """Whether it was ours, in time and not spent; now it is spent. Of two at once one is told so.

    Raises: StoreError.
    """
    row = tables.sign_in_nonce
    with office.database.writing() as connection:
        spent = connection.execute(
            sa.delete(row)
            .where(row.c.tenant == office.tenant, row.c.digest == _digest(nonce))
            .returning(row.c.ends_at)
        ).scalar_one_or_none()
    return spent is not None and spent > int(office.clock())


def begin_session(office: Office, chain_id: int, address: str) -> str:
    """Begin a session; its token, of which only the hash is kept. The trail has its beginning.

    Raises: StoreError.
    """
    token, row = token_urlsafe(TOKEN_BYTES), tables.session
    with office.reading("session.begin") as transaction:
        transaction.connection.execute(
            sa.delete(row).where(row.c.tenant == office.tenant, row.c.ends_at <= transaction.now)
        )
        values = {
            "tenant": office.tenant,
            "digest": _digest(token),
            "chain_id": chain_id,
            "address": address,
            "created_at": transaction.now,
            "ends_at": transaction.now + SESSION_SECONDS,
        }
        transaction.connection.execute(sa.insert(row), values)
        transaction.subject, transaction.rows = _digest(token).hex(), 1
    return token


def find_session(office: Office, token: str) -> Session | None:
    """The session of a token, if it has not ended.

    Raises: StoreError.
    """
    row, digest = tables.session.c, _digest(token)
    wanted = sa.select(row.digest, row.chain_id, row.address, row.ends_at).where(
        row.tenant == office.tenant, row.digest == digest
    )
    with office.database.snapshot() as connection:
        found = connection.execute(wanted).one_or_none()
    if found is None or not hmac.compare_digest(bytes(found.digest), digest):
        return None
    if found.ends_at <= int(office.clock()):
        return None
    return Session(digest, found.chain_id, found.address, found.ends_at)


def end_session(office: Office, token: str) -> bool:
    """End the session of a token; whether there was one.

    Raises: StoreError.
    """
    row = tables.session
    return _end(office, "session.end", row.c.digest == _digest(token)) == 1


def end_sessions_of(office: Office, chain_id: int, addresses: Iterable[str]) -> int:
    """End all sessions of wallets, as when they were lost and recovered; how many there were.

    Raises: StoreError.
    """
    row = tables.session.c
    lost = sa.and_(row.chain_id == chain_id, row.address.in_(list(addresses)))
    return _end(office, "session.recovered", lost)


def _end(office: Office, action: str, which: sa.ColumnElement[bool]) -> int:
    row = tables.session
    ours = sa.and_(row.c.tenant == office.tenant, which)
    with office.database.snapshot() as connection:
        if connection.execute(sa.select(row.c.digest).where(ours).limit(1)).first() is None:
            return 0
    with office.reading(action) as transaction:
        done = transaction.connection.execute(sa.delete(row).where(ours).returning(row.c.digest))
        digests = [bytes(one) for one in done.scalars()]
        transaction.rows = len(digests)
        transaction.subject = digests[0].hex() if len(digests) == 1 else ""
    return len(digests)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
