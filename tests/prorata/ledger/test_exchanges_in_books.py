"""Exchanges in the books: what was redeemed, retired, exchanged and bought out, and for what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.chain.node import RpcChain
from prorata.contracts.share_exchange import ExchangeTerms, ShareExchange
from prorata.contracts.share_token import ShareToken
from prorata.demo.chain import DemoChain
from prorata.ledger.audits import audit
from prorata.ledger.movements import MovementKind
from prorata.ledger.trading import check_trading
from prorata.reports.annual import paid_in, year_statement
from prorata.reports.calls import escrow_columns, exchange_rows
from prorata.toolchain.anvil import Anvil
from prorata.values.addresses import ZERO_ADDRESS
from tests.prorata.ledger.market import DOCUMENT, FOR_EVER, LOTS, USD, Market

DAY = 86_400


@dataclass
class Exchanging:
    """A market whose shares are exchanged, and another token that they are exchanged for."""

    market: Market
    contract: ShareExchange
    other: ShareToken

    @classmethod
    def opened(cls, market: Market) -> Exchanging:
        def put(name: str, *arguments: object) -> str:
            address = market.acting(deploy_call(artifact(name), *arguments)).contract_address
            assert address
            return address

        contract = put("ShareExchange", market.holds.address)
        terms = ("Next", "NXT", 0, market.issuer, ZERO_ADDRESS, ZERO_ADDRESS, [market.issuer])
        other = ShareToken(market.demo_chain.chain, put("ShareToken", terms))
        found = cls(market, ShareExchange(market.demo_chain.chain, contract), other)
        market.acting(market.token.set_holds_contract(market.holds.address))
        for token in (market.token, other):
            market.acting(token.add_agent(contract))
        market.acting(market.dollar.mint(market.issuer, 10_000_000 * USD))
        market.acting(market.dollar.approve(contract, LOTS))
        return found

    def open(self, funding: int = 0, locked: int = 0, **terms: Any) -> int:
        usual = {
            "token": self.market.token.address,
            "per": 1,
            "burns": True,
            "treasury": self.market.issuer,
            "currency": self.market.dollar.address,
            "opens_at": self.market.demo_chain.now,
        }
        given = ExchangeTerms(**{**usual, **terms})
        self.market.acting(self.contract.open(given, funding, locked))
        return self.contract.exchange_count()

    def give(self, number: int, who: str, shares: int, note: bytes = b"") -> None:
        self.market.do(who, self.contract.exchange(number, shares, 0, FOR_EVER, note))

    def audited(self):
        market = self.market
        found = audit(
            market.demo_chain.chain,
            market.vault.address,
            [market.token.address, self.other.address],
            market.first_block,
            market=replace(market.contracts, exchange=self.contract.address),
        )
        assert found.balanced, [str(one) for one in found.books.differences]
        return found


@pytest.fixture(scope="module")
def exchanging():
    with Anvil(extra=("--timestamp", "1767603600", "--order", "fifo")) as anvil:
        yield Exchanging.opened(Market.opened(DemoChain(RpcChain(anvil.url)), [100] * 6))


def moved(found, token: str, kind: MovementKind):
    return [one for one in found.books.movements[token].listed if one.kind is kind]


def test_a_redemption_is_a_sale_and_its_money_is_where_the_events_say(exchanging):
    """X1 while it is open: funds and what was paid are what came in."""
    ada, bob, *_ = exchanging.market.people
    token = exchanging.market.token.address
    number = exchanging.open(funding=100_000 * USD, gets=1_010 * USD)
    exchanging.give(number, ada, 10)
    exchanging.give(number, bob, 20)
    found = exchanging.audited()
    [first, second] = moved(found, token, MovementKind.REDEMPTION)
    assert (first.shares, first.trade.paid, second.trade.proceeds) == (
        10,
        10_100 * USD,
        20_200 * USD,
    )
    [row] = exchange_rows(found.books, token)
    assert (row.kind, row.paid.units, row.funds.units) == ("redemption", 30_300 * USD, 69_700 * USD)
    exchanging.market.acting(exchanging.contract.drain(number, 69_700 * USD))
    exchanging.market.acting(exchanging.contract.close(number))
    [(*_, places)] = escrow_columns(exchanging.audited(), token)
    assert (places["there"], places["went_back"]) == (0, 69_700 * USD)


def test_a_retirement_brings_nothing_and_is_no_sale_with_a_price(exchanging):
    ada, token = exchanging.market.people[0], exchanging.market.token.address
    number = exchanging.open(currency=ZERO_ADDRESS)
    exchanging.give(number, ada, 5, b"for Ada Ltd")
    found = exchanging.audited()
    [one] = moved(found, token, MovementKind.RETIREMENT)
    assert (one.shares, one.receiver, one.trade.priced) == (5, ZERO_ADDRESS, False)
    assert found.books.lots_of(token).lots.shares(ada) == 85


def test_what_is_exchanged_for_other_shares_is_told_in_both_books(exchanging):
    """And what was paid in lieu of a fraction stands in the holder's statement."""
    cyd, token = exchanging.market.people[2], exchanging.market.token.address
    number = exchanging.open(
        funding=1_000 * USD,
        per=10,
        other=exchanging.other.address,
        other_shares=3,
        fraction_price=500 * USD,
    )
    exchanging.give(number, cyd, 25)
    found = exchanging.audited()
    [out] = moved(found, token, MovementKind.EXCHANGE)
    [into] = moved(found, exchanging.other.address, MovementKind.EXCHANGE)
    assert (out.shares, out.trade.priced, into.shares, into.receiver) == (25, False, 7, cyd)
    [statement] = [one for one in paid_in(found.books, token, 2026) if one.holder == cyd]
    [sale] = year_statement(found.books, token, 2026, statement).trading.sales
    assert sale.kind == "exchange"
    assert sale.note == ("an exchange for other shares, 250.000000 USD paid in lieu of a fraction")


def test_a_squeeze_out_takes_everybodys_shares_and_owes_what_cannot_be_paid(exchanging):
    """An order of the contract's, in the same transaction, is no order of an agent."""
    market, contract = exchanging.market, exchanging.contract
    ada, bob, cyd, dan, eve, fay = market.people
    token = market.token
    acquirer = fay
    now = market.demo_chain.now
    market.do(
        acquirer, market.holds.set_keeper(contract.address, token.address, 1_000, now + 50 * DAY)
    )
    number = exchanging.open(
        funding=(token.total_supply() - 100) * 1_000 * USD,
        locked=100,
        burns=False,
        acquirer=acquirer,
        gets=1_000 * USD,
        mandatory=True,
        opens_at=now + 15 * DAY,
        closes_at=now + 40 * DAY,
        document_hash=DOCUMENT,
    )
    exchanging.audited()
    market.demo_chain.travel(now + 15 * DAY)
    market.acting(token.set_address_frozen(dan, frozen=True))
    market.do(bob, contract.exchange_page(number, [ada, bob, cyd, acquirer]))
    market.acting(contract.exchange_page(number, [dan, eve, ada]))
    found = exchanging.audited()
    taken = moved(found, token.address, MovementKind.SQUEEZE_OUT)
    assert {one.giver for one in taken} == {ada, bob, cyd, dan, eve}
    assert {one.receiver for one in taken} == {acquirer}
    assert moved(found, token.address, MovementKind.ORDER) == []
    exchange = found.books.movements[token.address].exchanges.by_id[number]
    assert (exchange.owed, exchange.owed_to[dan]) == (100_000 * USD, 100_000 * USD)
    check = replace(found.trading[token.address])
    exchange.owed += 1
    ledger, movements = found.books.ledgers[token.address], found.books.movements[token.address]
    check_trading(found.books, ledger, movements, check)
    assert any(
        f"exchange {number}: money owed to holders" in str(one) for one in found.books.differences
    )
    market.acting(contract.close(number))
    exchanging.audited()
