# SPDX-License-Identifier: MIT
"""Requests that are done once, however often they are sent: by the key that the sender gave them.

Whoever does one claims it first. What is done and its answer are one transaction, in which the
claim must still hold: so a kill at any place is as if nothing had been done, or as if all had.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from secrets import token_hex

import sqlalchemy as sa

from prorata.errors import StoreError
from prorata.store import office_schema as tables
from prorata.store.office import Office, Transaction

__all__ = [
    "CLAIMED_SECONDS",
    "KEPT_SECONDS",
    "Claim",
    "Kept",
    "Outstanding",
    "Reused",
    "begin",
    "give_up",
    "keep",
]

KEPT_SECONDS = 86_400
"""So long an answer is said again."""

CLAIMED_SECONDS = 60
"""So long nobody else begins what somebody may still be doing."""


@dataclass(frozen=True)
class Claim:
    """It is to be done now, by whoever has this."""

    tenant: str
    digest: bytes
    mark: str


@dataclass(frozen=True)
class Kept:
    """It was done, and this was answered."""

    answer: str


@dataclass(frozen=True)
class Outstanding:
    """Somebody is doing it."""


@dataclass(frozen=True)
class Reused:
    """The key was given to another request before."""


def begin(
    office: Office, who: str, key: str, request: bytes
) -> Claim | Kept | Outstanding | Reused:
    """Claim a request by its key, or find what became of it; `request` is a digest of its all.

    Raises: StoreError.
    """
    digest = hashlib.sha256(repr((who, key)).encode()).digest()
    now, mark, i = int(office.clock()), token_hex(16), tables.idempotency.c
    mine = sa.and_(i.tenant == office.tenant, i.digest == digest)
    with office.database.writing() as connection:
        # Whoever has the tenant's row is alone with its tables; it counts as no write of it.
        row = tables.tenant.c
        alone = sa.update(tables.tenant).where(row.name == office.tenant)
        connection.execute(alone.values(seq=row.seq))
        over = sa.and_(i.tenant == office.tenant, i.ends_at <= now)
        connection.execute(sa.delete(tables.idempotency).where(over))
        found = connection.execute(sa.select(tables.idempotency).where(mine)).one_or_none()
        if found is not None:
            if bytes(found.request) != request:
                return Reused()
            if found.answer is not None:
                return Kept(found.answer)
            if found.claimed_until > now:
                return Outstanding()
            connection.execute(sa.delete(tables.idempotency).where(mine))
        values = {
            "tenant": office.tenant, "digest": digest, "request": request, "claim": mark,
            "claimed_until": now + CLAIMED_SECONDS, "answer": None, "ends_at": now + KEPT_SECONDS,
        }  # fmt: skip
        connection.execute(sa.insert(tables.idempotency), values)
    return Claim(office.tenant, digest, mark)


def keep(writing: Transaction, claim: Claim, answer: str) -> None:
    """Write down the answer, in the transaction of what was done.

    Raises: StoreError when another one has claimed it meanwhile; then nothing is done here.
    """
    changed = sa.update(tables.idempotency).where(_is_claimed(claim)).values(answer=answer)
    if writing.connection.execute(changed).rowcount != 1:
        raise StoreError("another request has taken this one's place", "send it again")


def give_up(office: Office, claim: Claim) -> None:
    """It was refused, so that it may be sent again, in other words too.

    Raises: StoreError.
    """
    with office.database.writing() as connection:
        connection.execute(sa.delete(tables.idempotency).where(_is_claimed(claim)))


def _is_claimed(claim: Claim) -> sa.ColumnElement[bool]:
    i = tables.idempotency.c
    return sa.and_(
        i.tenant == claim.tenant,
        i.digest == claim.digest,
        i.claim == claim.mark,
        i.answer.is_(None),
    )
