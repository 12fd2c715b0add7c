"""Calls in the books: what was allotted and what went back, and where every unit of money is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prorata.chain.node import RpcChain
from prorata.contracts.call_terms import CallKind, Side
from prorata.demo.chain import DemoChain
from prorata.ledger.calls import CallStage
from prorata.ledger.movements import MovementKind
from prorata.ledger.trading import check_trading
from prorata.reports.annual import paid_in, year_statement
from prorata.reports.calls import call_rows, escrow_columns, order_rows
from prorata.toolchain.anvil import Anvil
from tests.prorata.ledger.calling import HOUR, Calling
from tests.prorata.ledger.market import LOTS, USD, Market

VENUE = "0x" + "7" * 40


@pytest.fixture(scope="module")
def calling():
    with Anvil(extra=("--timestamp", "1767603600", "--order", "fifo")) as anvil:
        yield Calling.opened(Market.opened(DemoChain(RpcChain(anvil.url)), [10] * 6))


def audited(calling: Calling):
    found = calling.market.audited(market=calling.contracts)
    assert found.balanced, [str(one) for one in found.books.differences]
    return found


def soft_cap(calling: Calling):
    """The offering fails below 50 lots."""
    return {"least_lots": 50, "return_until": calling.market.demo_chain.now + 9 * HOUR}


def last(audit):
    """The newest call, and the movements of the token."""
    [movements] = audit.books.movements.values()
    return list(movements.calls.by_id.values())[-1], movements


def test_an_offering_oversold_withdrawn_and_settled_in_pages(calling):
    """B1, B2 and B4: the books say at every moment what the contract has, and of what."""
    ada, bob, cyd, dan, *_ = calling.market.people
    terms = calling.open(
        CallKind.SALE,
        least_lots=50,
        return_until=calling.market.demo_chain.now + 9 * HOUR,
        fee_to=VENUE,
        fee_bps=50,
    )
    calling.place(terms, ada, 80, step=5)
    calling.place(terms, bob, 60)
    calling.place(terms, cyd, 40)
    calling.place(terms, dan, 7, step=10)
    calling.market.do(dan, calling.auction.withdraw(terms, 4))
    call, movements = last(audited(calling))
    assert (call.stage, call.money[0].refundable) == (
        CallStage.OPEN,
        (80 * 1_050 + 100 * 1_000) * USD,
    )
    calling.close(terms)
    calling.settle(terms, (1,))
    call, _ = last(audited(calling))
    assert (call.price, call.lots, call.delivered) == (1_000 * USD, 100, 80)
    calling.settle(terms)
    found = audited(calling)
    call, movements = last(found)
    assert [(one.delivered, one.refunded) for one in call.orders.values()] == [
        (80, 80 * 50 * USD), (12, 48_000 * USD), (8, 32_000 * USD), (0, 7 * 1_100 * USD),
    ]  # fmt: skip
    money = call.money[0]
    assert (money.escrowed, money.paid) == (0, 100_000 * USD)
    assert movements.totals()[MovementKind.ALLOTMENT] == (3, 100)
    lots = found.books.lots_of(calling.market.token.address).lots
    assert [(part.lot.origin, part.cost) for part in lots.of(ada)] == [
        ("issue", None), ("allotment", 80_000 * USD),
    ]  # fmt: skip
    assert {row.waits.units for row in order_rows(found.books, calling.market.token.address)} == {0}


def test_statements_tell_what_was_allotted_and_what_came_back(calling):
    """Who withdrew, or got nothing, has a statement of the order all the same."""
    ada, _, _, dan, *_ = calling.market.people
    found, token = audited(calling), calling.market.token.address
    told = {
        one.holder: year_statement(found.books, token, 2026, one).trading
        for one in paid_in(found.books, token, 2026)
    }
    [bought] = told[ada].purchases
    assert (bought.kind, bought.shares.units, bought.cost.units) == ("allotment", 80, 80_000 * USD)
    [order] = told[ada].orders
    assert (order.state, order.gave.units, order.got_back.units) == (
        "done", 84_000 * USD, 4_000 * USD,
    )  # fmt: skip
    [order] = told[dan].orders
    assert (order.state, order.shares.units, order.waits.units) == ("withdrawn", 0, 0)
    assert told[dan].purchases == []


def test_a_call_that_fails_gives_everything_back(calling):
    """B6: nothing was minted, nothing was paid to the issuer."""
    eve = calling.market.people[4]
    before = calling.market.token.total_supply()
    terms = calling.open(
        CallKind.SALE,
        least_lots=50,
        return_until=calling.market.demo_chain.now + 9 * HOUR,
        salt=b"\1" * 32,
    )
    calling.place(terms, eve, 5)
    calling.close(terms)
    call, _ = last(audited(calling))
    assert (call.stage, call.money[0].refundable) == (CallStage.FAILED, 5_000 * USD)
    calling.market.acting(calling.auction.refund(terms, [1]))
    call, _ = last(audited(calling))
    assert (call.money[0].escrowed, call.orders[1].refunded) == (0, 5_000 * USD)
    assert calling.market.token.total_supply() == before


def test_a_tender_pays_sellers_and_gives_the_rest_of_the_budget_back(calling):
    """Shares under an ask are held; they are sold at one price, oldest lot first."""
    market = calling.market
    ada, bob, *_ = market.people
    market.acting(market.dollar.mint(market.issuer, 50_000 * USD))
    market.acting(market.dollar.approve(calling.auction.address, LOTS))
    terms = calling.open(CallKind.TENDER, lots=20, budget=50_000 * USD, fee_to=VENUE, fee_bps=100)
    calling.place(terms, ada, 15, step=2, side=Side.ASK)
    calling.place(terms, bob, 10, step=4, side=Side.ASK)
    found = audited(calling)
    _, movements = last(found)
    assert movements.holds.kept[calling.auction.address, ada] == 15
    calling.close(terms)
    calling.settle(terms)
    market.acting(calling.auction.pay_principal(terms))
    found = audited(calling)
    call, movements = last(found)
    assert call.money[0].escrowed == 0
    tendered = [one for one in movements.listed if one.kind is MovementKind.TENDER]
    assert sum(one.shares for one in tendered) == call.lots
    sale = tendered[0]
    assert sale.trade.proceeds == sale.trade.paid * 99 // 100
    taken = found.books.lots_of(market.token.address).sold(sale)
    assert (taken[0].shares, taken[0].lot.origin) == (10, "issue")
    assert movements.holds.figures().held == 0


def test_an_auction_among_holders_and_what_is_wrong_in_a_log_is_named(calling):
    """A changed event is a difference of the call: of its cost, of its escrow."""
    market = calling.market
    _, _, cyd, _, eve, fay = market.people
    terms = calling.open(CallKind.AUCTION, principal="0x" + "0" * 40)
    calling.place(terms, eve, 5, step=3, side=Side.ASK)
    calling.place(terms, fay, 4, step=1, side=Side.ASK)
    calling.place(terms, cyd, 6, step=5)
    calling.close(terms)
    calling.settle(terms)
    found = audited(calling)
    call, movements = last(found)
    auctioned = [one for one in movements.listed if one.kind is MovementKind.AUCTION]
    assert sum(one.shares for one in auctioned) == 6 == call.lots
    assert {one.trade.currency for one in auctioned} == {market.dollar.address}
    rows = call_rows(found.books, market.token.address)
    assert [row.kind for row in rows] == ["offering", "offering", "tender", "auction"]
    columns = list(escrow_columns(found, market.token.address))
    assert [places["difference"] for *_, places in columns] == [0] * 4
    call.money[0].refundable += 1
    call.orders.popitem()
    ledger = found.books.ledgers[market.token.address]
    answers = replace(found.trading[market.token.address])
    check_trading(found.books, ledger, movements, answers)
    said = [str(one) for one in found.books.differences]
    assert any(f"call {call.id}: money in escrow is" in one for one in said)
    assert any(f"call {call.id}: orders placed is 2 by the books" in one for one in said)
