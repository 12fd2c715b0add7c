"""Calls on the chain of `market`: an offering, a tender and an auction, opened and played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.contracts.call_auction import CallAuction
from prorata.contracts.call_terms import NO_LADDER, CallKind, CallTerms, Ladder, Side, Wanted
from prorata.ledger.movements import MarketContracts
from prorata.values.addresses import ZERO_ADDRESS
from tests.prorata.ledger.market import LOTS, USD, Market

HOUR = 3_600


@dataclass
class Calling:
    """A market whose shares are sold, tendered and auctioned in calls."""

    market: Market
    auction: CallAuction

    @classmethod
    def opened(cls, market: Market) -> Calling:
        """The contract is there, agent of the token, and everybody has approved it."""
        deployed = market.acting(deploy_call(artifact("CallAuction"), market.holds.address))
        assert deployed.contract_address
        auction = CallAuction(market.demo_chain.chain, deployed.contract_address)
        market.acting(market.token.set_holds_contract(market.holds.address))
        market.acting(market.token.add_agent(auction.address))
        calls = [(who, market.dollar.approve(auction.address, LOTS)) for who in market.people]
        market.demo_chain.together(calls, 100_000)
        return cls(market, auction)

    @property
    def contracts(self) -> MarketContracts:
        """Where the market's contracts are."""
        return replace(self.market.contracts, auction=self.auction.address)

    def terms(self, kind: CallKind, **changed: Any) -> CallTerms:
        """An offering that mints, of 100 lots of one share from 1,000 dollars in steps of 10."""
        now = self.market.demo_chain.now
        usual = CallTerms(
            opener=self.market.issuer,
            salt=bytes(32),
            kind=kind,
            token=self.market.token.address,
            lot=1,
            principal=self.market.issuer,
            mint=kind is CallKind.SALE,
            by_amount=False,
            lots=0 if kind is CallKind.AUCTION else 100,
            least_lots=0,
            budget=0,
            ladders=(Ladder(self.market.dollar.address, 1_000 * USD, 10 * USD), NO_LADDER),
            steps=11,
            opens_at=now,
            withdraw_until=now + 2 * HOUR,
            closes_at=now + 3 * HOUR,
            close_by=now + 4 * HOUR,
            accept_by=0,
            settle_by=now + 6 * HOUR,
            return_until=0,
            least_order=1,
            most_per_person=0,
            registry=ZERO_ADDRESS,
            record_id=0,
            entitled_lots=0,
            entitled_shares=0,
            valuer=ZERO_ADDRESS,
            fee_to=ZERO_ADDRESS,
            fee_bps=0,
            delivery_gas=500_000,
            take_until=0,
            sweep_to=ZERO_ADDRESS,
            document_hash=bytes(32),
        )
        return replace(usual, **changed)

    def open(self, kind: CallKind, **changed: Any) -> CallTerms:
        """Open a call of the issuer's."""
        terms = self.terms(kind, **changed)
        self.market.acting(self.auction.open(terms))
        return terms

    def place(
        self, terms: CallTerms, who: str, lots: int, step: int = 0, side: Side = Side.BID
    ) -> None:
        """Place an order; of an ask, the owner consents to it first."""
        if side is Side.ASK:
            until = terms.settle_by
            consent = self.market.holds.set_keeper(
                self.auction.address, terms.token, LOTS // 2**40, until
            )
            self.market.do(who, consent)
        self.market.do(who, self.auction.place(terms, Wanted(side, lots, step)))

    def close(self, terms: CallTerms) -> None:
        """Go to the time and close."""
        self.market.demo_chain.travel(terms.closes_at + 1)
        self.market.acting(self.auction.close(terms))

    def settle(self, terms: CallTerms, pages: Sequence[int] = (100,)) -> None:
        """Settle in pages of these sizes."""
        for most in pages:
            self.market.acting(self.auction.settle(terms, most))
