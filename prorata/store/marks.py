# SPDX-License-Identifier: MIT
"""Marks: what a whole share was worth at a time, who says so, and in which document.

A mark is never edited. One that was wrong is superseded by another one of the same asset, kind and
time, once; the chain of them stays to be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from secrets import token_hex

import sqlalchemy as sa

from prorata.errors import InputError, Problem
from prorata.store import office_schema as tables
from prorata.store.columns import amount_bytes
from prorata.store.office import Office, Transaction
from prorata.values.times import moment

__all__ = ["Mark", "add_mark", "add_marks", "check_marks", "marks"]

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
        before = _all(office, writing.connection, mark.chain_id, mark.token)
        _check_place(mark, before)
        [written] = _write(office, writing, [mark])
        writing.subject = written.id
    return written


def add_marks(
    office: Office,
    given: Sequence[Mark],
    *,
    lines: Sequence[int],
    subject: str = "the marks",
    document: str = "",
) -> list[Mark]:
    """Write marks of one asset, all or none; they come back as of `add_mark`.

    `lines` are those of the file `subject` whose SHA-256 is the `document`, by which the trail
    names what was written.

    Raises: InputError with every fault, as `check_marks` does.
    """
    with office.writing("mark.import") as writing:
        writing.subject = document
        chain_id, token = given[0].chain_id, given[0].token
        before = _all(office, writing.connection, chain_id, token)
        check_marks(given, before, lines=lines, subject=subject)
        return _write(office, writing, given)


def check_marks(
    given: Sequence[Mark], before: Sequence[Mark], *, lines: Sequence[int], subject: str
) -> None:
    """Whether marks of one asset can be written beside all that were written `before`.

    Raises: InputError with the fault of each line that has one.
    """
    problems: list[Problem] = []
    said: dict[object, int] = {}
    for line, mark in zip(lines, given, strict=True):
        keys = {(mark.kind, mark.basis, mark.time), mark.supersedes} - {None}
        first = min(said.setdefault(key, line) for key in keys)
        try:
            _check(mark)
            _check_place(mark, before)
            if first != line:
                rule = f"is the time of a mark on line {first} already, which says the same"
                raise InputError.of("time", moment(mark.time), rule, "give each mark one line")
        except InputError as error:
            problems += [replace(one, line=line) for one in error.problems]
    if problems:
        raise InputError(problems, subject)


def _write(office: Office, writing: Transaction, given: Sequence[Mark]) -> list[Mark]:
    written = [replace(one, id=token_hex(16), created_at=writing.now) for one in given]
    rows = [{"tenant": office.tenant, **vars(one)} for one in written]
    writing.connection.execute(sa.insert(tables.mark), rows)
    writing.rows = len(rows)
    return written


def marks(
    office: Office,
    chain_id: int,
    token: str,
    *,
    kind: str | None = None,
    superseded: bool = False,
    known_at: int | None = None,
) -> list[Mark]:
    """The marks of an asset by time; those that were `superseded` only when asked for.

    With `known_at` as they were at the end of that second: what was written later, and what it has
    superseded since, is not known yet.
    """
    with office.database.snapshot() as connection:
        found = _all(office, connection, chain_id, token)
    if known_at is not None:
        found = [one for one in found if one.created_at <= known_at]
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


def _check_place(mark: Mark, before: Sequence[Mark]) -> None:
    """Raises: InputError when the mark says a second time what stands, or supersedes it wrongly."""
    gone = {one.supersedes: one.id for one in before}
    if mark.supersedes is not None:
        _check_superseded(mark, before, gone)
    same = (mark.kind, mark.basis, mark.time)
    for one in before:
        stands = one.id not in gone and one.id != mark.supersedes
        if stands and (one.kind, one.basis, one.time) == same:
            rule = f"stands already, as the {one.kind} of that time, in mark {one.id}"
            raise InputError.of("time", moment(mark.time), rule, f"supersede {one.id} by this one")


def _check_superseded(mark: Mark, before: Sequence[Mark], gone: Mapping[str | None, str]) -> None:
    old = next((one for one in before if one.id == mark.supersedes), None)
    if old is None:
        rule = "is no mark of this asset"
        raise InputError.of("supersedes", mark.supersedes, rule, "name one that is")
    if old.id in gone:
        rule = f"was superseded by {gone[old.id]} already"
        raise InputError.of("supersedes", mark.supersedes, rule, "supersede that one")
    if (old.kind, old.time) != (mark.kind, mark.time):
        rule = f"is the {old.kind} of another kind or time than this mark"
        raise InputError.of("supersedes", mark.supersedes, rule, "add a mark of its own")
