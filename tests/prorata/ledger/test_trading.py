"""Trades, deliveries and held shares in the books: a market's story, and what is false in it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from prorata.chain.events import read_events
from prorata.chain.node import RpcChain
from prorata.contracts.holds import HoldState
from prorata.contracts.trade_settlement import Leg
from prorata.demo.chain import DemoChain
from prorata.ledger.books import Books
from prorata.ledger.holds import HeldFigures
from prorata.ledger.movements import NO_MARKET, IssuePrice, MovementKind, Movements
from prorata.ledger.trading import TradingAnswers, check_trading, held_words
from prorata.register.shares import Ledger
from prorata.toolchain.anvil import Anvil
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Unit
from tests.prorata.ledger.market import DOCUMENT, USD, Market
from tests.prorata.ledger.story import falsify, more

pytestmark = pytest.mark.slow

SHARES = Unit("HSE", 0)
VENUE, COLLECTOR = "0x" + "7" * 40, "0x" + "8" * 40


@pytest.fixture(scope="module")
def market():
    with Anvil(extra=("--timestamp", "1767603600", "--order", "fifo")) as anvil:
        yield play(Market.opened(DemoChain(RpcChain(anvil.url)), [100] * 8))


def play(market: Market) -> Market:
    """Whatever can happen to shares, once at least; everybody has 100 at first."""
    ada, bob, cyd, dan, eve, fay, gus, new = market.people
    token, holds, do = market.token, market.holds, market.do
    share, usd = token.address, market.dollar.address

    # In the contract's care, as long as the token has appointed nobody.
    market.claim(bob, market.hold(ada, bob, 5))
    back, _ = market.hold(ada, bob, 7, nonce=1)
    do(bob, holds.release(back))
    market.hold(ada, bob, 3, nonce=2)
    market.hold(cyd, dan, 9 * USD, asset=usd)
    until = market.demo_chain.now + 100_000
    do(gus, holds.set_keeper(eve, share, 50, until))
    do(eve, holds.hold_for(share, gus, 4))
    do(eve, holds.deliver_kept(share, gus, fay, 1))
    do(eve, holds.let_go(share, gus, 3))
    do(market.issuer, token.set_holds_contract(holds.address))

    # Orders: whole with fee and tax, one in parts, one of a buyer; trades of two and three legs.
    venue = {"fee_to": VENUE, "fee_bps": 50, "tax_to": COLLECTOR, "tax_bps": 100}
    market.fill(bob, market.order(ada, 10, 1_000 * USD, **venue))
    parts = market.order(cyd, 30, 1_010 * USD, parts=True)
    market.fill(dan, parts, 7)
    market.fill(eve, parts, 23)
    market.fill(ada, market.order(bob, 4, 990 * USD, buys=True, nonce=1, **venue))
    market.settle(ada, [Leg(share, dan, eve, 2), Leg(usd, eve, dan, 2_040 * USD)])
    three = [Leg(share, dan, eve, 1), Leg(usd, eve, fay, USD), Leg(usd, fay, dan, USD)]
    market.settle(fay, three, nonce=1)
    do(ada, token.transfer(bob, 1))

    # Locked in the wallet: delivered, released, void; taken by an order; moved by a recovery.
    market.claim(cyd, market.hold(bob, cyd, 6))
    released, _ = market.hold(bob, cyd, 8, nonce=1)
    do(cyd, holds.release(released))
    ended, _ = market.hold(bob, cyd, 2, nonce=2)
    do(market.issuer, holds.void_hold(ended, DOCUMENT))
    do(eve, holds.set_keeper(gus, share, 60, until))
    do(gus, holds.hold_for(share, eve, 20))
    do(gus, holds.deliver_kept(share, eve, ada, 5))
    do(gus, holds.let_go(share, eve, 3))
    market.hold(fay, ada, 60)
    do(market.issuer, token.forced_transfer(fay, dan, token.balance_of(fay) - 40))
    market.hold(dan, ada, 11)
    do(market.issuer, token.recover(dan, new, ZERO_ADDRESS))
    return market


@pytest.fixture(scope="module")
def audited(market):
    return market.audited(issue_price=IssuePrice(market.dollar.address, Fraction(1_000 * USD)))


@pytest.fixture(scope="module")
def moves(market, audited) -> Movements:
    return audited.books.movements[market.token.address]


def test_the_books_of_a_market_balance(audited):
    assert audited.books.differences == []
    assert audited.books.unproven == []


def test_every_movement_is_called_what_it_was(moves):
    assert {kind.value: total for kind, total in moves.totals().items() if any(total)} == {
        "issue": (8, 800),
        # 10 and 7 and 23 and 4 by orders, 2 and 1 by trades.
        "trade": (6, 47),
        # 5 and 1 from care, 6 by a secret, 5 by a keeper.
        "delivery": (4, 17),
        # 5, 7, 3 and 4 into care; 7 and 3 back.
        "custody": (6, 29),
        "order": (1, 61),
        "recovery": (1, 165),
        "transfer": (1, 1),
    }


def test_a_trade_has_both_parties_its_price_the_fee_and_the_tax(market, moves):
    ada, bob, cyd, dan, eve, *_ = market.people
    trades = [movement.trade for movement in moves.trades]
    assert [
        (one.seller, one.buyer, one.shares, one.paid, one.fee, one.tax) for one in trades
    ] == [
        (ada, bob, 10, 10_000 * USD, 50 * USD, 100 * USD),
        (cyd, dan, 7, 7_070 * USD, 0, 0),
        (cyd, eve, 23, 23_230 * USD, 0, 0),
        (ada, bob, 4, 3_960 * USD, 19_800_000, 39_600_000),
        (dan, eve, 2, 2_040 * USD, 0, 0),
        (dan, eve, 1, 0, 0, 0),
    ]  # fmt: skip
    assert [one.priced for one in trades] == [True] * 5 + [False]
    assert trades[0].proceeds == 9_950 * USD
    assert trades[0].cost == 10_100 * USD


def test_money_is_what_the_events_say(market):
    """Seller and buyer have what proceeds and cost make of the million that each had."""
    moves = market.audited().books.movements[market.token.address]
    _, _, cyd, dan, _, fay, *_ = market.people
    balance = market.dollar.balance_of
    sums = dict.fromkeys(market.people, 1_000_000 * USD)
    for one in (movement.trade for movement in moves.trades):
        sums[one.seller] += one.proceeds
        sums[one.buyer] -= one.cost
    # The trade of three legs has no price, though a dollar went around in it; nine are held.
    sums[dan] += USD
    sums[market.people[4]] -= USD
    sums[cyd] -= 9 * USD
    assert {person: balance(person) for person in market.people} == sums
    assert sums[fay] == 1_000_000 * USD


def test_a_delivery_names_its_hold_or_its_keeper(market, moves):
    *_, eve, fay, gus, _ = market.people
    deliveries = [one for one in moves.listed if one.kind is MovementKind.DELIVERY]
    assert [one.shares for one in deliveries] == [5, 1, 6, 5]
    assert [len(one.reference) for one in deliveries] == [66, 42, 66, 42]
    assert (deliveries[1].reference, deliveries[1].receiver) == (eve, fay)
    assert deliveries[3].reference == gus


def test_lots_go_first_in_first_out_with_costs_where_they_are_known(market, audited, moves):
    ada, bob, *_ = market.people
    history = audited.books.lots_of(market.token.address)
    first, *_, last = moves.trades
    assert [(part.shares, part.cost) for part in history.sold(first)] == [(10, 10_000 * USD)]
    assert [(part.lot.origin, part.shares) for part in history.sold(last)] == [("issue", 1)]
    assert [(part.lot.origin, part.shares, part.cost) for part in history.lots.of(bob)] == [
        ("issue", 94, 94_000 * USD),
        ("delivery", 5, None),
        ("purchase", 10, 10_100 * USD),
        ("purchase", 4, 3_999_600_000),
        ("transfer", 1, None),
    ]
    # What is in care is still its owner's.
    assert history.of([ada]) == market.token.balance_of(ada) + 3


def test_a_recovered_wallets_lots_go_on_as_they_are(market, audited):
    *_, new = market.people
    lots = audited.books.lots_of(market.token.address).lots
    assert [(part.lot.origin, part.shares) for part in lots.of(new)] == [
        ("issue", 97), ("issue", 100), ("purchase", 7), ("order", 61),
    ]  # fmt: skip
    assert market.token.balance_of(new) == 265


def test_held_shares_are_what_holds_promise_less_what_an_order_took(market, moves):
    *_, dan, eve, fay, _, new = market.people
    figures = moves.holds.figures
    assert figures([eve]) == HeldFigures(held=12, kept=12)
    assert figures([fay]) == HeldFigures(held=40, open_holds=60, taken_by_order=20)
    assert figures([dan, new]) == HeldFigures(held=11, open_holds=11)
    assert figures() == HeldFigures(held=63, open_holds=71, kept=12, taken_by_order=20)
    assert figures().difference == 0
    assert "20 held shares were taken by order of an agent" in held_words(figures(), SHARES)
    assert held_words(figures([eve]), SHARES) == ""
    assert [market.token.held_of(who) for who in (eve, fay, new)] == [12, 40, 11]


def test_what_is_in_care_is_there(market, audited, moves):
    answers = audited.trading[market.token.address]
    assert moves.holds.in_custody == answers.cared_for[market.token.address] == 3
    assert moves.holds.custody_of(market.people[0]) == 3
    assert moves.holds.currencies[market.dollar.address] == 9 * USD
    assert answers.cared_for[market.dollar.address] == 9 * USD
    assert set(answers.at_settlement.values()) == {0}


# --------------------------------------------------------------------------------- what is false


@pytest.fixture(scope="module")
def told(market):
    """Everything that the token and the market's contracts have told."""
    addresses = [market.token.address, *market.contracts.addresses]
    last = market.demo_chain.chain.block().number
    return read_events(market.demo_chain.chain, addresses, market.first_block, last)


def differences(market, audited, told, **answers) -> list[str]:
    """What is wrong with these events, beside the chain's answers or others than those."""
    ledger = Ledger(market.token.address)
    movements = Movements(market.token.address, market.contracts)
    for event, time in told:
        if event.log.address == market.token.address:
            ledger.apply(event, time)
        movements.apply(event, time, by=event.log.address)
    movements.close()
    books = Books([ledger], units=audited.books.units)
    books.movements[market.token.address] = movements
    check_trading(
        books, ledger, movements, replace(audited.trading[market.token.address], **answers)
    )
    return [str(difference) for difference in books.differences]


def without(told, name, which=0):
    return falsify(told, name, which, None)


def test_the_same_events_are_right_as_they_are(market, audited, told):
    assert differences(market, audited, told) == []


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ("Released", "shares held by its holds"),
        ("Voided", "shares held by its holds"),
        ("Delivered", "shares held by its holds"),
        ("KeptDelivered", "shares that 0x"),
        ("KeptReleased", "shares that 0x"),
        ("Kept", "shares that 0x"),
        ("HeldSet", "shares held"),
        ("HoldsContractSet", "what is in its care"),
    ],
)
def test_an_event_of_holds_that_is_missing_is_missed(market, audited, told, event, named):
    wrong = differences(market, audited, without(told, event, -1))
    assert any(named in one for one in wrong), wrong


def test_a_hold_that_was_never_opened_is_missed(market, audited, told):
    wrong = differences(market, audited, without(told, "Held", -1), states={})
    assert any("shares held by its holds" in one for one in wrong), wrong


def test_a_trade_that_never_moved_shares_is_a_difference(market, audited, told):
    wrong = differences(market, audited, falsify(told, "Filled", 0, more("given")))
    assert len(wrong) == 1
    assert "its shares is 11 from" in wrong[0]
    assert "by the settlement and no such transfer by the token" in wrong[0]


def test_a_hold_that_has_ended_or_changed_is_a_difference(market, audited, told):
    answers = audited.trading[market.token.address]
    ended = dict.fromkeys(answers.states, (HoldState.RELEASED, False))
    wrong = differences(market, audited, told, states=ended)
    assert len(wrong) == len(ended) == 3
    assert all("by the books and released by the chain" in one for one in wrong)


def test_too_little_in_care_is_a_difference_and_more_is_none(market, audited, told):
    usd = market.dollar.address
    [wrong] = differences(market, audited, told, cared_for={usd: 9 * USD - 1})
    assert "what is in its care is 9.000000 USD by the books, at least, and 8.999999 USD" in wrong
    assert differences(market, audited, told, cared_for={usd: 10 * USD}) == []


def test_what_somebody_sends_to_the_settlement_is_told_and_is_no_difference(market, audited, told):
    books = market.audited().books
    assert books.unproven == []
    books = Books([Ledger(market.token.address)], units=audited.books.units)
    answers = TradingAnswers(at_settlement={market.token.address: 5})
    check_trading(
        books,
        Ledger(market.token.address),
        Movements(market.token.address, market.contracts),
        answers,
    )
    assert books.differences == []
    [told_of] = books.unproven
    assert told_of.startswith("5 HSE were sent to the settlement contract")


def test_what_other_contracts_settle_and_hold_are_other_transfers(market):
    """Who does not know a market sees transfers, and shares that somebody holds."""
    audited = market.audited(market=NO_MARKET)
    assert audited.books.differences == []
    moves = audited.books.movements[market.token.address]
    assert list(moves.trades) == []
    assert moves.totals()[MovementKind.TRANSFER][0] == 17
    assert moves.holds.figures() == HeldFigures(held=63, taken_by_order=20, by_others=83)
    words = held_words(moves.holds.figures(), SHARES)
    assert "83 are held by a contract that these books do not read" in words
