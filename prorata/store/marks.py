# SPDX-License-Identifier: MIT
"""Marks: what a whole share was worth at a time, who says so, and in which document.

A mark is never edited. One that was wrong is superseded by another one of the same asset, kind and
time, once; the chain of them stays to be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex

import sqlalchemy as sa

from prorata.errors import InputError
from prorata.store import office_schema as tables
from prorata.store.columns import amount_bytes
from prorata.store.office import Office

__all__ = ["Mark", "add_mark", "marks"]

MOST_DECIMALS = 36


@dataclass(frozen=True)
class Mark:
    """One of them; `amount` is in the smallest unit of the currency, which has `decimals`.

    `basis` says whether the income of the last record date is in it: the first mark after a record
    date is `ex`, if nothing else is said. `document` is a SHA-256.
    """

    chain_id: int
    token: str
    time: int
    kind: str
    amount: int
    currency: str
    decimals: int
    basis: str
    source: str
    document: str | None = None
    supersedes: str | None = None
    id: str = ""
    created_at: int = 0


def add_mark(office: Office, mark: Mark) -> Mark:
    """Write a mark; it comes back with its number and the time of the writing.

    Raises: InputError when it is none, stands beside another one of the same asset, kind, basis
    and time, or supersedes what it cannot.
    """
    _check(mark)
    with office.writing("mark.add") as writing:
        written = Mark(**{**vars(mark), "id": token_hex(16), "created_at": writing.now})
        before = _all(office, writing.connection, mark.chain_id, mark.token)
        _check_place(mark, before)
        row = {"tenant": office.tenant, **vars(written)}
        writing.connection.execute(sa.insert(tables.mark), row)
        writing.subject, writing.rows = written.id, 1
    return written


def marks(
    office: Office,
    chain_id: int,
    token: str,
    *,
    kind: str | None = None,
    superseded: bool = False,
) -> list[Mark]:
    """The marks of an asset by time; those that were `superseded` only when asked for."""
    with office.database.snapshot() as connection:
        found = _all(office, connection, chain_id, token)
    gone = {one.supersedes for one in found}
    return [one for one in found if kind in (None, one.kind) and (superseded or one.id not in gone)]


def _all(office: Office, connection: sa.Connection, chain_id: int, token: str) -> list[Mark]:
    found = tables.mark.c
    chosen = (
        sa.select(*(found[name] for name in Mark.__dataclass_fields__))
        .where(found.tenant == office.tenant, found.chain_id == chain_id, found.token == token)
        .order_by(found.time, found.created_at, found.id)
    )
    return [Mark(**row) for row in connection.execute(chosen).mappings()]


def _check(mark: Mark) -> None:
    amount_bytes(mark.amount)
    if mark.kind not in tables.MARK_KINDS:
        rule = "is no kind of mark"
        raise InputError.of("kind", mark.kind, rule, f"use {', '.join(tables.MARK_KINDS)}")
    if mark.basis not in tables.BASES:
        raise InputError.of("basis", mark.basis, "is no basis", "use cum or ex")
    if not 0 <= mark.decimals <= MOST_DECIMALS:
        rule = "is no number of decimals"
        raise InputError.of("decimals", mark.decimals, rule, f"write 0 to {MOST_DECIMALS}")
    if not mark.currency:
        raise InputError.of("currency", "", "is missing", "write USD, or a token's address")
    if not mark.source:
        raise InputError.of("source", "", "is missing", "write who says so")


def _check_place(mark: Mark, before: list[Mark]) -> None:
    """Raises: InputError when the mark says a second time what stands, or supersedes it wrongly."""
    gone = {one.supersedes: one.id for one in before}
    same = (mark.kind, mark.basis, mark.time)
    if mark.supersedes is None:
        for one in before:
            if (one.kind, one.basis, one.time) == same and one.id not in gone:
                rule = f"stands already, as the {one.kind} of that time, in mark {one.id}"
                raise InputError.of("time", mark.time, rule, f"supersede {one.id} by this one")
        return
    named = {one.id: one for one in before}
    if mark.supersedes not in named:
        rule = "is no mark of this asset"
        raise InputError.of("supersedes", mark.supersedes, rule, "name one that is")
    if mark.supersedes in gone:
        rule = f"was superseded by {gone[mark.supersedes]} already"
        raise InputError.of("supersedes", mark.supersedes, rule, "supersede that one")
    old = named[mark.supersedes]
    if (old.kind, old.time) != (mark.kind, mark.time):
        rule = f"is the {old.kind} of another kind or time than this mark"
        raise InputError.of("supersedes", mark.supersedes, rule, "add a mark of its own")
