# SPDX-License-Identifier: MIT
"""Accounts as small numbers: which of them stands for an address, and numbers for new ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection, LargeBinary, Table, func, select, type_coerce

from prorata.store import bulk
from prorata.store.schema import account, chain

__all__ = ["Accounts", "chunked", "next_number"]

MOST_KEPT = 100_000
CHUNK = 500
ADDRESS = 20

T = TypeVar("T")


def chunked(items: Collection[T]) -> Iterator[list[T]]:
    """Parts of the list that a statement takes as arguments."""
    rest = iter(items)
    while part := list(islice(rest, CHUNK)):
        yield part


def next_number(connection: Connection, table: Table) -> int:
    """The next number of a table's rows, which all chains share: their writers wait here."""
    first = select(chain.c.id).order_by(chain.c.id).limit(1)
    connection.execute(first.with_for_update(key_share=True))
    return int(connection.scalar(select(func.max(table.c.id))) or 0) + 1


class Accounts:
    """The numbers of a chain's accounts, by address as an event writes it: a topic, or EIP-55."""

    def __init__(self, chain_row: int) -> None:
        self._chain = chain_row
        self._known: dict[str, int] = {}

    def forget(self) -> None:
        """What was given out in a transaction that failed was never given out."""
        self._known.clear()

    def numbers(self, connection: Connection, texts: Collection[str]) -> dict[str, int]:
        """The number of each, in the connection's transaction."""
        if len(self._known) > MOST_KEPT:
            self._known.clear()
        missing = {text: _address(text) for text in texts if text not in self._known}
        if missing:
            found = self._read(connection, set(missing.values()))
            # In the order in which they appear: the same log gives the same numbers.
            fresh = list(dict.fromkeys(a for a in missing.values() if a not in found))
            found |= self._add(connection, fresh)
            self._known.update((text, found[address]) for text, address in missing.items())
        return self._known

    def _read(self, connection: Connection, addresses: Collection[bytes]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for part in chunked(addresses):
            # As they are kept: a checksum for each would cost more than the question.
            asked = select(type_coerce(account.c.address, LargeBinary), account.c.id).where(
                account.c.chain == self._chain, account.c.address.in_(part)
            )
            found.update((bytes(address), number) for address, number in connection.execute(asked))
        return found

    def _add(self, connection: Connection, addresses: Sequence[bytes]) -> dict[bytes, int]:
        if not addresses:
            return {}
        first = next_number(connection, account)
        numbered = {address: first + i for i, address in enumerate(addresses)}
        bulk.insert(
            connection,
            account,
            [(number, self._chain, address) for address, number in numbered.items()],
        )
        return numbered


def _address(text: str) -> bytes:
    return bytes.fromhex(text[2:])[-ADDRESS:]
