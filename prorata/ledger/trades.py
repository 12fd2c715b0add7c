# SPDX-License-Identifier: MIT
"""Trades in the shares of one token, as the settlement contract's events tell them.

A filled order is a trade with a price: its shares, and the money that they were exchanged for. So
is a settled trade of two legs, in which two people give each other shares and a currency. Shares
that move in any other trade, such as one of three legs, have no price of their own, and none is
made up.

What was allotted in calls, and what exchanges brought, are told in the same way
(`prorata.ledger.calls`, `prorata.ledger.exchanges`).

`paid` is the price of all the shares. Of it the seller received `paid - fee`; the buyer paid
`paid + tax`. Of an order that is filled in very small parts, one may have no shares, or no money,
since the parts before it had them. Amounts are smallest units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from prorata.chain.calls import DecodedEvent
from prorata.chain.events import Moment, moment_of, transaction_of

__all__ = ["TRADING", "Trade", "trades_in"]

TRADING = ("Filled", "Settled")
"""The events of a settlement contract that tell of trades."""


@dataclass(frozen=True, slots=True)
class Trade:
    """Shares that went from a seller to a buyer; without a price, `currency` is empty.

    `maker` and `nonce` are those of the order, if it was one; `digest` is that of a trade of
    several legs.
    """

    moment: Moment
    transaction: str
    seller: str
    buyer: str
    shares: int
    currency: str = ""
    paid: int = 0
    fee: int = 0
    tax: int = 0
    maker: str = ""
    nonce: int = 0
    digest: str = ""
    source: str = ""
    """The call or the exchange in which the shares went, if it was one."""

    @property
    def priced(self) -> bool:
        """Whether it says what the shares cost."""
        return self.currency != ""

    def without_price(self, shares: int) -> Trade:
        """The same, of so many shares, without saying what they cost."""
        return replace(self, shares=shares, currency="", paid=0, fee=0, tax=0)

    @property
    def time(self) -> int:
        """The Unix second in which it was settled."""
        return self.moment[0]

    @property
    def proceeds(self) -> int:
        """What the seller received."""
        return self.paid - self.fee

    @property
    def cost(self) -> int:
        """What the buyer paid."""
        return self.paid + self.tax


def trades_in(event: DecodedEvent, token: str, timestamp: int) -> Iterator[Trade]:
    """The trades in shares of `token` that an event of the settlement contract tells of."""
    if event.name == "Filled":
        yield from _filled(event, token, timestamp)
    elif event.name == "Settled":
        yield from _settled(event, token, timestamp)


def _filled(event: DecodedEvent, token: str, timestamp: int) -> Iterator[Trade]:
    args = event.args
    maker, taker = str(args["maker"]), str(args["taker"])
    give, take = str(args["give"]), str(args["take"])
    if token not in (give, take):
        return
    sells = give == token
    given, taken = int(args["given"]), int(args["taken"])
    yield Trade(
        moment=moment_of(event, timestamp),
        transaction=transaction_of(event),
        seller=maker if sells else taker,
        buyer=taker if sells else maker,
        shares=given if sells else taken,
        currency=take if sells else give,
        paid=taken if sells else given,
        fee=int(args["fee"]),
        tax=int(args["tax"]),
        maker=maker,
        nonce=int(args["nonce"]),
    )


def _settled(event: DecodedEvent, token: str, timestamp: int) -> Iterator[Trade]:
    legs = event.args["trade"]["legs"]
    digest = f"0x{bytes(event.args['digest']).hex()}"
    for leg in legs:
        if str(leg["asset"]) != token:
            continue
        seller, buyer = str(leg["from"]), str(leg["to"])
        money = [other for other in legs if str(other["asset"]) != token]
        # Two people who give each other shares and one currency: any more, and what was paid for
        # what is a matter between them.
        priced = (
            len(legs) == 2
            and len(money) == 1
            and (str(money[0]["from"]), str(money[0]["to"])) == (buyer, seller)
        )
        yield Trade(
            moment=moment_of(event, timestamp),
            transaction=transaction_of(event),
            seller=seller,
            buyer=buyer,
            shares=int(leg["amount"]),
            currency=str(money[0]["asset"]) if priced else "",
            paid=int(money[0]["amount"]) if priced else 0,
            digest=digest,
        )
