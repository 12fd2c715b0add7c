# SPDX-License-Identifier: MIT
"""How the demo's building is sold: an offering that is subscribed twice over.

Investors bid for shares and pay at once; the money waits in the contract. If fewer are bid for than
the least, everybody gets everything back. Here everybody bids for twice what the story gives it, so
that all are cut by half, to the share, and half of the money goes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prorata.chain.calls import Call
from prorata.contracts.call_auction import CallAuction
from prorata.contracts.call_terms import (
    DELIVERY_GAS_LEAST,
    NO_LADDER,
    CallKind,
    CallTerms,
    Ladder,
    Side,
    Wanted,
)
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.register.captable import Holding
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import format_units

if TYPE_CHECKING:
    from prorata.demo.chain import DemoChain
    from prorata.demo.narration import Narrator

__all__ = ["Offering", "Venue", "call_terms"]

PRICE: Final = 1_000 * 10**6
"""What a share costs, in the dollar's smallest units."""

DAY = 86_400
LEAST = 6_000
DOUBTED = 40
TOGETHER, PAGE = 60, 50
GAS: Final = 400_000
GAS_TO_REFUND: Final = 900_000
"""More than a payment is offered at the least, so that nobody can make one fail."""


@dataclass(frozen=True)
class Venue:
    """Where calls are made, and in what."""

    demo_chain: DemoChain
    auction: CallAuction
    token: ShareToken
    dollar: Currency

    def send(self, calls: Sequence[tuple[str, Call]]) -> None:
        """All of it, some in a block.

        Raises: RevertError, ChainError.
        """
        for start in range(0, len(calls), TOGETHER):
            self.demo_chain.together(calls[start : start + TOGETHER], GAS)

    def money(self, amount: int) -> str:
        """An amount for people, without cents where there are none."""
        return f"USD {format_units(amount, self.dollar.decimals(), trim=True)}"

    def escrowed(self, terms: CallTerms) -> int:
        """What the contract has of the call's money."""
        return self.auction.escrow_of(self.auction.id_of(terms), 0).escrowed


class Offering:
    """The first sale of the shares; the treasury has its own issued to it."""

    def __init__(self, venue: Venue, narrator: Narrator, issuer: str) -> None:
        self.venue, self.narrator, self.issuer = venue, narrator, issuer
        self.operator = venue.demo_chain.operator(issuer)

    def play(self, treasury: Holding, investors: Sequence[Holding], doubter: Holding) -> None:
        """Tell it all; the investors have then what their holdings say.

        Raises: ChainError.
        """
        terms = self._open(treasury, sum(one.shares for one in investors))
        self._subscribe(terms, investors, doubter)
        self._close(terms)
        self._allot(terms, len(investors))

    def _open(self, treasury: Holding, lots: int) -> CallTerms:
        venue = self.venue
        with self.narrator.step("The building is offered") as step:
            self.operator.send_one("treasury", venue.token.mint(treasury.address, treasury.shares))
            # Shares are minted by the call, and only by it.
            self.operator.send_one("agent", venue.token.add_agent(venue.auction.address))
            now = venue.demo_chain.now
            terms = call_terms(
                venue,
                CallKind.SALE,
                self.issuer,
                lots=lots,
                least_lots=LEAST,
                first_price=PRICE,
                days=14,
                return_until=now + 60 * DAY,
            )
            self.operator.send_one("offer", venue.auction.open(terms))
            step.say(f"{lots:,} shares at {venue.money(PRICE)}, for 14 days. If fewer than")
            step.say(f"{LEAST:,} are bid for, everybody gets everything back")
        return terms

    def _subscribe(self, terms: CallTerms, investors: Sequence[Holding], doubter: Holding) -> None:
        venue, auction = self.venue, self.venue.auction
        with self.narrator.step("Investors subscribe") as step:
            calls: list[tuple[str, Call]] = []
            for one, lots in [*((one, 2 * one.shares) for one in investors), (doubter, DOUBTED)]:
                due, wanted = lots * PRICE, Wanted(Side.BID, lots)
                calls += [
                    (one.address, venue.dollar.mint(one.address, due)),
                    (one.address, venue.dollar.approve(auction.address, due)),
                    (one.address, auction.place(terms, wanted)),
                ]
            venue.send(calls)
            order = len(investors) + 1
            withdrawal = auction.withdraw(terms, order)
            venue.demo_chain.together([(doubter.address, withdrawal)], GAS_TO_REFUND)
            lots = sum(2 * one.shares for one in investors)
            step.say(f"{len(investors)} bid for {lots:,} shares, twice what there is;")
            step.say(f"{venue.money(venue.escrowed(terms))} wait in the contract.")
            step.say(f"{doubter.name} withdraws a bid, and has all of its money back")

    def _close(self, terms: CallTerms) -> None:
        venue = self.venue
        with self.narrator.step("The offering closes") as step:
            venue.demo_chain.travel(terms.closes_at + 1)
            self.operator.send_one("close", venue.auction.close(terms))
            found = venue.auction.call_of(venue.auction.id_of(terms)).clearing
            step.say(f"{found.lots:,} shares go to bids for {found.demand:,}, at one price for")
            step.say("all: everybody gets its exact part, and nobody was too late")

    def _allot(self, terms: CallTerms, investors: int) -> None:
        venue = self.venue
        with self.narrator.step("Shares issued") as step:
            before = venue.dollar.balance_of(self.issuer)
            pages = range(1, -(-investors // PAGE) + 1)
            receipts = [
                self.operator.send_one(f"allot {page}", venue.auction.settle(terms, PAGE))
                for page in pages
            ]
            self.operator.send_one("no agent", venue.token.remove_agent(venue.auction.address))
            gained = venue.dollar.balance_of(self.issuer) - before
            most = max(receipt.mined.gas_used for receipt in receipts)
            step.say(
                f"to {investors} holders in {len(receipts)} transactions of at most {most:,} gas;"
            )
            step.say(f"{venue.money(gained)} went to the issuer, as much back to the bidders,")
            step.say(f"and {venue.money(venue.escrowed(terms))} is left in the contract")


def call_terms(
    venue: Venue,
    kind: CallKind,
    principal: str,
    *,
    lots: int,
    first_price: int,
    days: int,
    increment: int = 0,
    steps: int = 1,
    budget: int = 0,
    least_lots: int = 0,
    return_until: int = 0,
) -> CallTerms:
    """The terms of a call of single shares for dollars, open from now for some days."""
    now = venue.demo_chain.now
    closes_at = now + days * DAY
    return CallTerms(
        opener=principal,
        salt=bytes(32),
        kind=kind,
        token=venue.token.address,
        lot=1,
        principal=principal,
        mint=kind is CallKind.SALE,
        by_amount=False,
        lots=lots,
        least_lots=least_lots,
        budget=budget,
        ladders=(Ladder(venue.dollar.address, first_price, increment), NO_LADDER),
        steps=steps,
        opens_at=now,
        withdraw_until=closes_at - 2 * DAY,
        closes_at=closes_at,
        close_by=closes_at + 7 * DAY,
        accept_by=0,
        settle_by=closes_at + 14 * DAY,
        return_until=return_until,
        least_order=1,
        most_per_person=0,
        registry=ZERO_ADDRESS,
        record_id=0,
        entitled_lots=0,
        entitled_shares=0,
        valuer=ZERO_ADDRESS,
        fee_to=ZERO_ADDRESS,
        fee_bps=0,
        delivery_gas=DELIVERY_GAS_LEAST,
        take_until=0,
        sweep_to=ZERO_ADDRESS,
        document_hash=bytes(32),
    )
