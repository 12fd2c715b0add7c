# SPDX-License-Identifier: MIT
"""Holders a page at a time, all pages of one moment, though the ledger goes on meanwhile.

A page ends with a cursor, which names the moment and the last account. Blocks that come later
change nothing of it. If the moment itself is undone, or the ledger is rebuilt, the next page is
refused: else pages of two histories would be taken for one.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from prorata.errors import IncompleteError, InputError, MomentGoneError
from prorata.store import schema
from prorata.store.asof import AsOf, amount_reader, moment, newest_holding, unread
from prorata.values.as_of import Occasion

__all__ = [
    "Cursor",
    "HolderPage",
    "cursor_of",
    "holders",
    "holders_after",
    "require_standing",
]

MOST = 10_000

_AFTER = (
    select(schema.holder.c.account, unread(schema.account.c.address), newest_holding())
    .join(schema.account, schema.account.c.id == schema.holder.c.account)
    .where(
        schema.holder.c.asset == bindparam("asset"),
        schema.holder.c.account > bindparam("after"),
        schema.holder.c.block <= bindparam("block"),
    )
    .order_by(schema.holder.c.account)
    .limit(bindparam("most"))
)

_UNDONE = (
    select(schema.change.c.seq)
    .where(
        schema.change.c.chain == bindparam("chain"),
        schema.change.c.seq > bindparam("seq"),
        schema.change.c.kind == "undo",
        schema.change.c.block <= bindparam("block"),
    )
    .limit(1)
)

_HASH = select(schema.block.c.hash).where(
    schema.block.c.chain == bindparam("chain"), schema.block.c.number == bindparam("block")
)


@dataclass(frozen=True)
class Cursor:
    """Where the next page begins, and of which moment: what was asked, and what had been read."""

    query: str
    after: int
    block: int
    hash: str
    epoch: str
    undone: int
    seq: int

    def __str__(self) -> str:
        """As text that says nothing to people."""
        packed = json.dumps(list(asdict(self).values()), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, query: str) -> Cursor:
        """The cursor of that text.

        Raises: InputError when it is none, or of another query.
        """
        try:
            packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            found = cls(*json.loads(packed))
            numbers = (found.after, found.block, found.undone, found.seq)
            texts = (found.query, found.hash, found.epoch)
            whole = all(type(one) is int and 0 <= one < 2**63 for one in numbers)
            if not whole or not all(type(one) is str for one in texts):
                raise ValueError
        except (ValueError, TypeError, binascii.Error):
            rule = "is no cursor of a page"
            raise InputError.of("cursor", text, rule, "begin with the first page") from None
        if found.query != query:
            rule = f"continues {found.query}, and {query} was asked for"
            raise InputError.of("cursor", text, rule, "ask as for the first page")
        return found


@dataclass(frozen=True)
class HolderPage:
    """Some holders with their shares, in the order in which they first had any.

    `following` is the cursor of the next page; None after the last one.
    """

    moment: AsOf
    holders: tuple[tuple[bytes, int], ...]
    following: str | None


def holders(
    connection: Connection,
    asset: int,
    at: str | Occasion | None = None,
    *,
    cursor: str | None = None,
    most: int = 1_000,
) -> HolderPage:
    """The first page of the holders at a moment, or that which a cursor leads to.

    Raises: as `moment` does; InputError for a cursor of another query, or a page of no size;
    MomentGoneError when the cursor's moment is no more.
    """
    if not 1 <= most <= MOST:
        raise InputError.of("limit", most, f"is outside 1 to {MOST:,}", "give a size in between")
    query = f"holders of asset {asset}"
    if cursor is None:
        after, at_moment = 0, moment(connection, asset, at)
    else:
        found = Cursor.read(cursor, query)
        after, at_moment = found.after, require_standing(connection, asset, found)
    held, last = holders_after(connection, asset, at_moment.block, after, most)
    following = None if last is None else str(cursor_of(at_moment, query, last))
    return HolderPage(at_moment, tuple(held), following)


def cursor_of(of: AsOf, query: str, after: int) -> Cursor:
    """Where the page begins that comes behind `after`."""
    return Cursor(query, after, of.block, of.hash, of.epoch, of.undone, of.seq)


def require_standing(connection: Connection, asset: int, cursor: Cursor) -> AsOf:
    """The moment of a cursor, as the ledger has it now.

    Raises: MomentGoneError when that is no longer what it was.
    """
    try:
        now = moment(connection, asset, Occasion("block", cursor.block))
    except IncompleteError:
        raise _gone(cursor, "the ledger no longer answers as far") from None
    if now.epoch != cursor.epoch:
        raise _gone(cursor, "the ledger was rebuilt")
    if now.hash and cursor.hash and now.hash != cursor.hash:
        raise _gone(cursor, "another block has its number")
    asked: dict[str, Any] = {"chain": now.chain, "seq": cursor.seq, "block": cursor.block}
    if now.undone != cursor.undone and connection.execute(_UNDONE, asked).first() is not None:
        raise _gone(cursor, "it was undone")
    # The pages that come are of this very moment, whatever has been undone above it.
    return now


def _gone(cursor: Cursor, why: str) -> MomentGoneError:
    sentence = f"the moment is gone: these pages are of block {cursor.block:,}, and {why}"
    return MomentGoneError(sentence, "begin with the first page")


def holders_after(
    connection: Connection, asset: int, block: int, after: int, most: int
) -> tuple[list[tuple[bytes, int]], int | None]:
    """The holders after an account, and the last of them, unless there is none behind it."""
    amount_of = amount_reader(connection)
    found: list[tuple[bytes, int]] = []
    # One more than a page has, by which it is known whether another follows.
    asked = {"asset": asset, "block": block, "after": after, "most": most + 1}
    last = after
    while rows := connection.execute(_AFTER, asked).all():
        for account, address, packed in rows:
            amount = 0 if packed is None else amount_of(packed)
            if not amount:
                continue
            if len(found) == most:
                return found, last
            found.append((bytes(address), amount))
            last = account
        if len(rows) <= most:
            break
        asked["after"] = rows[-1][0]
    return found, None
