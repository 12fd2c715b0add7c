# SPDX-License-Identifier: MIT
"""How the demo's holders get out: the treasury buys back by a tender, and shares are redeemed.

In a tender the treasury pays its budget in and names the most that it pays for a share; each seller
names the least that it takes. All are paid one price. Shares that are offered stay in their
holders' wallets, held. In a redemption the issuer puts money aside, and whoever wants gives shares
for it at once: they are burnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from prorata.chain.calls import Call
from prorata.contracts.call_terms import CallKind, CallTerms, Side, Wanted
from prorata.contracts.holds import Holds
from prorata.contracts.share_exchange import ExchangeTerms, ShareExchange
from prorata.demo.offering import Venue, call_terms

if TYPE_CHECKING:
    from prorata.demo.narration import Narrator

__all__ = ["Exit"]

LOTS, OFFERED = 300, 60
FIRST_PRICE: Final = 1_000 * 10**6
INCREMENT: Final = 10 * 10**6
STEPS = 11

REDEEMED = 5
AT_ONCE: Final = 1_020 * 10**6
DAY = 86_400


class Exit:
    """A tender by the treasury, then a redemption at once."""

    def __init__(self, venue: Venue, narrator: Narrator, issuer: str, treasury: str) -> None:
        self.venue, self.narrator = venue, narrator
        self.issuer, self.treasury = issuer, treasury
        self.operator = venue.demo_chain.operator(issuer)

    def tender(self, holds: Holds, sellers: Sequence[str]) -> dict[str, int]:
        """What each seller has sold.

        Raises: ChainError.
        """
        terms = self._open()
        self._ask(terms, holds, sellers)
        return self._buy(terms, sellers)

    def _open(self) -> CallTerms:
        venue, auction = self.venue, self.venue.auction
        most = FIRST_PRICE + (STEPS - 1) * INCREMENT
        with self.narrator.step("The treasury tenders") as step:
            terms = call_terms(
                venue,
                CallKind.TENDER,
                self.treasury,
                lots=LOTS,
                budget=LOTS * most,
                first_price=FIRST_PRICE,
                increment=INCREMENT,
                steps=STEPS,
                days=20,
            )
            venue.send(
                [
                    (self.treasury, venue.dollar.mint(self.treasury, terms.budget)),
                    (self.treasury, venue.dollar.approve(auction.address, terms.budget)),
                    (self.treasury, auction.open(terms)),
                ]
            )
            step.say(f"it buys back {LOTS} shares for {venue.money(most)} each at most,")
            step.say(f"and pays {venue.money(terms.budget)} in, to the last unit")
        return terms

    def _ask(self, terms: CallTerms, holds: Holds, sellers: Sequence[str]) -> None:
        venue, auction = self.venue, self.venue.auction
        with self.narrator.step("Holders offer shares") as step:
            calls: list[tuple[str, Call]] = []
            for number, seller in enumerate(sellers):
                wanted = Wanted(Side.ASK, OFFERED, number % (STEPS - 2))
                consent = holds.set_keeper(auction.address, terms.token, OFFERED, terms.settle_by)
                calls += [(seller, consent), (seller, auction.place(terms, wanted))]
            venue.send(calls)
            offered = OFFERED * len(sellers)
            step.say(f"{len(sellers)} offer {offered} shares, each for the least that it takes;")
            step.say("until then they are held in their own wallets, and go on earning")

    def _buy(self, terms: CallTerms, sellers: Sequence[str]) -> dict[str, int]:
        venue, auction, operator = self.venue, self.venue.auction, self.operator
        with self.narrator.step("One price for all") as step:
            venue.demo_chain.travel(terms.closes_at + 1)
            operator.send_one("close tender", auction.close(terms))
            operator.send_one("settle tender", auction.settle(terms, 2 * len(sellers)))
            operator.send_one("rest of budget", auction.pay_principal(terms))
            number = auction.id_of(terms)
            found = auction.call_of(number).clearing
            orders = auction.orders_of(number, range(1, len(sellers) + 1))
            sold = {order.owner: order.delivered for order in orders if order.delivered}
            left = terms.budget - found.lots * found.price
            price = venue.money(found.price)
            step.say(f"{found.lots} shares of {len(sold)} sellers for {price} each; who")
            step.say(f"asked just that shares what the others left. {venue.money(left)} of the")
            step.say(f"budget went back; {venue.money(venue.escrowed(terms))} is in the contract")
        return sold

    def redeem(self, exchange: ShareExchange, holders: Sequence[str]) -> None:
        """Some holders give a few shares each for money that is there.

        Raises: ChainError.
        """
        venue, operator, issuer = self.venue, self.operator, self.issuer
        token, dollar = venue.token, venue.dollar
        with self.narrator.step("Out at once") as step:
            supply, funding = token.total_supply(), 2 * REDEEMED * len(holders) * AT_ONCE
            terms = ExchangeTerms(
                token=token.address,
                per=1,
                burns=True,
                treasury=issuer,
                currency=dollar.address,
                gets=AT_ONCE,
                opens_at=venue.demo_chain.now,
                closes_at=venue.demo_chain.now + 10 * DAY,
            )
            operator.send_one("agent for exits", token.add_agent(exchange.address))
            operator.send_one("money for exits", dollar.mint(issuer, funding))
            operator.send_one("approve exits", dollar.approve(exchange.address, funding))
            operator.send_one("open exits", exchange.open(terms, funding, 0))
            number, due = exchange.exchange_count(), REDEEMED * AT_ONCE
            until = venue.demo_chain.now + DAY
            calls = [
                (holder, exchange.exchange(number, REDEEMED, due, until, b"")) for holder in holders
            ]
            venue.send(calls)
            venue.demo_chain.travel(terms.closes_at + 1)
            operator.send_one("close exits", exchange.close(number))
            operator.send_one("no agent for exits", token.remove_agent(exchange.address))
            gone = supply - token.total_supply()
            price = venue.money(AT_ONCE)
            step.say(f"{len(holders)} holders redeem {gone} shares, for {price} each and without")
            step.say(f"waiting: they are burnt, and {token.total_supply():,} are left")
