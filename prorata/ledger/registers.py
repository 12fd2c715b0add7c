# SPDX-License-Identifier: MIT
"""The share register and how its shares moved, read in one pass over the chain's log."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prorata.chain.abi import event_name
from prorata.chain.calls import Event
from prorata.chain.events import stream_events
from prorata.chain.types import Chain, Log
from prorata.ledger.movements import NO_MARKET, IssuePrice, MarketContracts, Movements
from prorata.register.shares import Ledger

__all__ = ["read_register", "register_of", "wanted_of"]


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
    addresses = [token, *market.addresses]
    events = stream_events(
        chain, addresses, first_block, newest.number, wanted=wanted_of(token, market)
    )
    return register_of(events, token, newest.timestamp, market=market, issue_price=issue_price)


def wanted_of(token: str, market: MarketContracts) -> Callable[[Log], bool]:
    """Which logs of the token and the market the register and its movements are made of."""

    def is_wanted(log: Log) -> bool:
        return log.address == token or market.tells(log.address, event_name(log.topics))

    return is_wanted


def register_of(
    events: Iterable[tuple[Event, int]],
    token: str,
    until: int,
    *,
    market: MarketContracts = NO_MARKET,
    issue_price: IssuePrice | None = None,
) -> tuple[Ledger, Movements]:
    """The register and the movements that events make, to the end of second `until`.

    Raises: BooksError for events that make no sense.
    """
    ledger, movements = Ledger(token), Movements(token, market, issue_price)
    for event, timestamp in events:
        if event.log.address == token:
            ledger.apply(event, timestamp)
        movements.apply(event, timestamp, by=event.log.address)
    ledger.advance(until)
    movements.close()
    return ledger, movements
