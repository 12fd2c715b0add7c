# SPDX-License-Identifier: MIT
"""The share register and how its shares moved, read in one pass over the chain's log."""

from __future__ import annotations

from prorata.chain.abi import event_name
from prorata.chain.events import stream_events
from prorata.chain.types import Chain, Log
from prorata.ledger.movements import NO_MARKET, IssuePrice, MarketContracts, Movements
from prorata.register.shares import Ledger

__all__ = ["read_register"]


def read_register(
    chain: Chain,
    token: str,
    first_block: int,
    last: int | None = None,
    *,
    market: MarketContracts = NO_MARKET,
    issue_price: IssuePrice | None = None,
) -> tuple[Ledger, Movements]:
    """The register of a token, as `Ledger.read`, and its movements.

    The events of the token and of the market come in the same pages of the log. What the market's
    contracts tell beside trades, holds, calls and exchanges, such as orders that were posted, is
    not decoded.

    Raises: BooksError, ChainError.
    """
    newest = chain.block("latest" if last is None else last)
    ledger, movements = Ledger(token), Movements(token, market, issue_price)

    def is_wanted(log: Log) -> bool:
        return log.address == token or market.tells(log.address, event_name(log.topics))

    addresses = [token, *market.addresses]
    events = stream_events(chain, addresses, first_block, newest.number, wanted=is_wanted)
    for event, timestamp in events:
        if event.log.address == token:
            ledger.apply(event, timestamp)
        movements.apply(event, timestamp, by=event.log.address)
    ledger.advance(newest.timestamp)
    movements.close()
    return ledger, movements
