# SPDX-License-Identifier: MIT
"""The books of an asset from its ledger's own log: of one snapshot and one block, without a node.

They are made as the audit makes them, of the same events by the same law; but no contract is asked,
and nothing is compared. Whoever compares runs `prorata books`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Connection

from prorata.chain.calls import Event, decode_log
from prorata.chain.types import Log
from prorata.errors import BooksError, StoreError
from prorata.ledger.audits import usual_market
from prorata.ledger.books import Books
from prorata.ledger.registers import register_of, wanted_of
from prorata.register.record_ranges import RangeRegister
from prorata.store.asof import FollowedAsset
from prorata.store.log_events import logs_to
from prorata.store.standing import read_sources
from prorata.values.amounts import Unit

__all__ = ["stored_books"]


def stored_books(
    connection: Connection,
    asset: FollowedAsset,
    block: int,
    second: int,
    units: Mapping[str, Unit],
) -> Books:
    """The books of an asset after a block, whose second it was; `units` are those of currencies.

    Raises: StoreError when the ledger has no vault of it; BooksError for events that make no sense.
    """
    sources = read_sources(connection, asset)
    vaults = [one.address for one in sources if one.kind == "DividendVault"]
    if not vaults:
        sentence = f"the ledger follows no vault of {asset.symbol}"
        raise StoreError(sentence, "run `prorata follow` with its deployment")
    vault, token, market = vaults[0], asset.token, usual_market()

    def told(addresses: Iterable[str]) -> Iterator[Log]:
        return logs_to(connection, asset.chain, [*addresses], block)

    logs = filter(wanted_of(token, market), told([token, *market.addresses]))
    ledger, movements = register_of(_decoded(logs), token, second, market=market)
    ranges = [
        RangeRegister.over(
            ledger, one.address, [event for event, _ in _decoded(told([one.address]))]
        )
        for one in sources
        if one.kind == "RecordRanges"
    ]
    relayers = [one.address for one in sources if one.kind == "ClaimRelayer"]
    events = list(_decoded(told([vault, *relayers])))
    declared = (int(one.args["id"]) for one, _ in events if one.name == "Declared")
    books = Books.of(
        events,
        [ledger, *ranges],
        vault=vault,
        units={**units, token: Unit(asset.symbol, asset.decimals)},
        # A vault that was there before the asset has others' earlier business in it.
        first_id=next(declared, 1),
        share_tokens=[token],
    )
    books.until = second
    books.movements = {token: movements}
    return books


def _decoded(logs: Iterable[Log]) -> Iterator[tuple[Event, int]]:
    """Raises: BooksError for a log that is no event of a contract of ours."""
    for log in logs:
        event = decode_log(log)
        if event is None:
            raise BooksError(
                f"log {log.log_index} of block {log.block_number} by {log.address} is no known "
                "event",
                "use the version of prorata that the contract was deployed with",
            )
        yield event, log.block_time
