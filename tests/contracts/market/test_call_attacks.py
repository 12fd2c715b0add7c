"""Attacks on calls, by their codes in the list: what is tried, and what comes of it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.chainkit import ZERO, Deployed, Reverted, RevmKit
from tests.contracts.compliant import Compliant
from tests.contracts.currencies import Answer, Nature
from tests.contracts.harness import DAY, NOTHING, Harness, person, refused
from tests.contracts.market.calls import MAX, Calls, Ladder, Side, Stage, State, Terms

MILLION = 1_000_000
FUNDS = 1_000_000 * MILLION


@pytest.fixture
def calls(kit: RevmKit) -> Calls:
    """The issuer sells; five people have 1,000 shares and a million dollars each."""
    return Calls(Harness(kit), holders=1_000)


def under_rules(kit: RevmKit, **settings: Any) -> Calls:
    """The same under rules that know the five."""
    calls = Calls(Compliant(kit, **settings), issue=False)
    calls.harness.issue({calls.ben: 100})
    return calls


def gain(calls: Calls, who: str) -> int:
    """What somebody has more, or less, in dollars than at first, in the smallest unit."""
    return calls.money(who)[0] - FUNDS


# ----------------------------------------------------------------------------- what works


def test_a_call_is_opened_filled_closed_and_settled(calls):
    """What a contract with one defence taken out still does."""
    terms = calls.terms()
    calls.open(terms)
    order = calls.bid(terms, calls.ann, 100)
    calls.close(terms)
    calls.settle(terms)
    assert calls.got(terms, order) == [(100, 100)]


# ------------------------------------------------------------------------------- who orders


@pytest.mark.attack("J11")
def test_a_person_has_one_limit_whatever_wallets_it_uses(kit):
    """Counted by the registry's person, and on each side by itself (Law 61)."""
    calls = under_rules(kit)
    harness = calls.harness
    harness.know({calls.stranger: harness.registry.call("investorOf", calls.ann)})
    calls.pay(calls.stranger, FUNDS)
    terms = calls.terms(registry=harness.registry.address, most_per_person=10)
    calls.open(terms)
    calls.bid(terms, calls.ann, 6)
    with refused("CallAuction_OverLimit", 1, 11, 10):
        calls.bid(terms, calls.stranger, 5)
    calls.bid(terms, calls.stranger, 4)
    for who in (calls.ann, calls.stranger):
        with refused("CallAuction_OverLimit", 1, 11, 10):
            calls.bid(terms, who, 1)
    calls.bid(terms, calls.cid, 10)


@pytest.mark.attack("J12")
def test_nobody_squeezes_the_price_with_an_order_it_takes_back(calls):
    """An order is paid, or its shares are held, and after `withdrawUntil` it stays (r)."""
    now = calls.kit.now
    terms = calls.among(withdraw_until=now + 100)
    calls.open(terms)
    huge = calls.bid(terms, calls.ann, 1_000, 9)
    asked = calls.ask(terms, calls.ben, 100, 0)
    assert gain(calls, calls.ann) == -1_900 * MILLION
    with refused("ERC7943InsufficientUnfrozenBalance", calls.ben, 1, 0):
        calls.harness.move(calls.ben, calls.cid, 1)
    calls.kit.now = now + 100
    early = calls.bid(terms, calls.ann, 5)
    calls.send("withdraw", terms, early, sender=calls.ann)
    calls.kit.now += 1
    for order, who in ((huge, calls.ann), (asked, calls.ben)):
        with refused("CallAuction_TooLate", now + 100, now + 101):
            calls.send("withdraw", terms, order, sender=who)
    # Nor by what makes it undeliverable: its money stays until everybody's may go back.
    calls.token.send("setAddressFrozen", calls.ann, True, sender=calls.agent)
    calls.send("strike", terms, [huge])
    assert calls.state(terms, huge) == State.STRUCK
    with refused("CallAuction_NotRefundable", calls.id(terms), huge, terms.settle_by):
        calls.refund(terms, huge)


@pytest.mark.attack("J13")
def test_a_crowd_of_smallest_orders_delays_nobody(calls):
    """Each has a least size and its placer pays; pages of any size get past (Law 60)."""
    terms = calls.terms(lots=60, least_order=2)
    calls.open(terms)
    with refused("CallAuction_TooSmall", 1, 2):
        calls.bid(terms, calls.eve, 1)
    with refused("CallAuction_TooSmall", 0, 2):
        calls.bid(terms, calls.eve, 0)
    crowd = [calls.bid(terms, calls.eve, 2) for _ in range(50)]
    honest = calls.bid(terms, calls.ann, 20)
    start = calls.kit.evm.snapshot()
    assert calls.close(terms).gas < 200_000
    found = set()
    for page in (1, 7, 1_000):
        pages = calls.kit.evm.snapshot()
        while calls.stage(terms) != Stage.SETTLED:
            assert calls.settle(terms, page).gas < 200_000 + 120_000 * min(page, 60)
        found.add((tuple(calls.got(terms, honest, *crowd)), calls.shares(calls.ann)[0]))
        calls.kit.evm.revert(pages)
    [(orders, shares)] = found
    assert (orders[0], shares) == ((10, 10), 1_100)
    assert sum(lots for lots, _ in orders) == 60
    calls.kit.evm.revert(start)


# ------------------------------------------------------------------------------ who is paid


def hostile(calls: Calls) -> tuple[Deployed, Terms]:
    """An auction in a currency that can change its nature; Ann bids, Ben and Cid ask."""
    coin = calls.kit.deploy("WilfulCurrency")
    coin.send("become", Nature().words())
    coin.send("mint", calls.ann, 10_000)
    coin.send("approve", calls.auction.address, MAX, sender=calls.ann)
    terms = calls.among(ladders=(Ladder(coin.address, 10, 0), Ladder()), steps=1)
    calls.open(terms)
    calls.bid(terms, calls.ann, 100)
    for who in (calls.ben, calls.cid):
        calls.ask(terms, who, 50)
    calls.close(terms)
    return coin, terms


@pytest.mark.attack("J14")
def test_a_payee_that_is_blocked_is_owed_and_the_page_goes_on(calls):
    """Others are paid; what is owed goes to it, or where it says, and nowhere else (Law 59)."""
    money = calls.kit.deploy("BlockList")
    money.send("mint", calls.ann, 10_000)
    money.send("approve", calls.auction.address, MAX, sender=calls.ann)
    terms = calls.among(ladders=(Ladder(money.address, 10, 0), Ladder()), steps=1)
    calls.open(terms)
    calls.bid(terms, calls.ann, 100)
    for who in (calls.ben, calls.cid):
        calls.ask(terms, who, 50)
    calls.close(terms)
    money.send("setBlocked", calls.ben, True)
    owed = calls.settle(terms).named("Owed")
    assert [(one["account"], one["amount"]) for one in owed] == [(calls.ben, 500)]
    assert calls.stage(terms) == Stage.SETTLED
    assert [money.call("balanceOf", who) for who in (calls.ben, calls.cid)] == [0, 500]
    assert (calls.owed(terms, calls.ben), calls.escrow(terms)) == (500, (0, 0, 500))
    call = (terms.encodable(), 0, calls.ben)
    with refused("CallAuction_PaymentFailed", money.address, calls.ben, 500):
        calls.auction.send("take", *call, sender=calls.stranger)
    with refused("CallAuction_NotOwner", calls.stranger, calls.ben):
        calls.auction.send("takeTo", *call, calls.stranger, sender=calls.stranger)
    calls.auction.send("takeTo", *call, calls.dan, sender=calls.ben)
    assert money.call("balanceOf", calls.dan) == 500
    assert calls.escrow(terms) == (0, 0, 0)
    with refused("CallAuction_NothingLeft", calls.id(terms), calls.ben):
        calls.auction.send("take", *call, sender=calls.stranger)


@pytest.mark.attack("J14")
@pytest.mark.parametrize("answer", [Answer.BURNING, Answer.MEGABYTE, Answer.MEGABYTE_AS_REASON])
def test_a_currency_that_burns_gas_or_answers_a_megabyte_stops_no_page(calls, answer):
    """The money is owed, the shares are delivered, and it is taken when the currency is itself."""
    coin, terms = hostile(calls)
    coin.send("become", Nature(answer=answer).words())
    receipt = calls.settle(terms)
    assert receipt.gas < 5_000_000
    assert calls.stage(terms) == Stage.SETTLED
    assert calls.shares(calls.ann) == [2_000]
    owed = [calls.owed(terms, who) for who in (calls.ben, calls.cid)]
    assert owed == [500, 500]
    coin.send("become", Nature().words())
    for who in (calls.ben, calls.cid):
        calls.auction.send("take", terms.encodable(), 0, who, sender=calls.stranger)
    assert calls.escrow(terms) == (0, 0, 0)
    assert coin.call("balanceOf", calls.ben) == 500


# ----------------------------------------------------------------- what the issuer can do


@pytest.mark.attack("J15")
def test_terms_that_were_changed_are_another_call(calls):
    """Every field is in the id; whoever brings others finds nothing (l)."""
    terms = calls.terms()
    calls.open(terms)
    calls.bid(terms, calls.ann, 5)
    for changes in (
        {"lots": 99},
        {"principal": calls.owner},
        {"ladders": calls.ladder(1)},
        {"settle_by": terms.settle_by + 1},
        {"document": b"\1" * 32},
        {"fee_bps": 1, "fee_to": calls.owner},
    ):
        other = terms.but(**changes)
        calls.kit.now = terms.closes_at + 1
        with refused("CallAuction_UnknownCall", calls.id(other)):
            calls.send("close", other)
        with refused("CallAuction_UnknownCall", calls.id(other)):
            calls.refund(other, 1)


@pytest.mark.attack("J15")
def test_rules_that_change_keep_back_orders_and_no_money(kit):
    """Who may not receive any more has its money back after `settleBy`; the others their shares."""
    calls = under_rules(kit)
    terms = calls.terms()
    calls.open(terms)
    orders = [calls.bid(terms, who, 30) for who in (calls.ann, calls.cid, calls.dan)]
    calls.close(terms)
    calls.harness.registry.send("deleteIdentity", calls.cid, sender=calls.agent)
    missed = calls.settle(terms).named("NotDelivered")
    assert [one["bid"] for one in missed] == [orders[1]]
    assert calls.got(terms, *orders) == [(30, 30), (30, 0), (30, 30)]
    with refused("CallAuction_NotRefundable", calls.id(terms), orders[1], terms.settle_by):
        calls.refund(terms, orders[1])
    calls.late(terms)
    calls.refund(terms, *orders)
    assert [gain(calls, who) for who in (calls.ann, calls.cid, calls.dan)] == [
        -30 * MILLION, 0, -30 * MILLION,
    ]  # fmt: skip
    assert calls.escrow(terms) == (0, 0, 0)
    assert gain(calls, calls.issuer) == 60 * MILLION


@pytest.mark.attack("J15")
def test_a_pause_until_the_end_gives_everybody_everything_back(calls):
    """Nothing is delivered, nobody is struck, and the principal gets nothing (n)."""
    terms = calls.sale()
    calls.open(terms)
    orders = [calls.bid(terms, who, 30) for who in (calls.ann, calls.ben)]
    calls.token.send("pause", sender=calls.agent)
    with refused("CallAuction_TokenPaused", calls.token.address):
        calls.send("strike", terms, orders)
    calls.close(terms)
    calls.settle(terms)
    assert calls.got(terms, *orders) == [(30, 0), (30, 0)]
    assert gain(calls, calls.issuer) == 0
    calls.late(terms)
    calls.refund(terms, *orders)
    calls.send("payPrincipal", terms)
    assert [gain(calls, who) for who in (calls.ann, calls.ben, calls.issuer)] == [0, 0, 0]
    assert calls.held(calls.issuer) == [0]
    assert calls.escrow(terms) == (0, 0, 0)


@pytest.mark.attack("J16")
def test_shares_of_a_call_that_may_fail_do_not_exist(calls):
    """Before success none is minted or moved, and after failure none ever is (Law 58)."""
    supply = calls.token.call("totalSupply")
    terms = calls.terms(least_lots=50, return_until=calls.kit.now + 20 * DAY)
    calls.open(terms)
    order = calls.bid(terms, calls.ann, 49)
    for function, rest in (("settle", (9,)), ("deliver", ([(1, 0)],)), ("payPrincipal", ())):
        with refused("CallAuction_NotAt", calls.id(terms), Stage.OPEN):
            calls.send(function, terms, *rest)
    calls.close(terms)
    for function, rest in (("settle", (9,)), ("deliver", ([(1, 0)],))):
        with refused("CallAuction_NotAt", calls.id(terms), Stage.FAILED):
            calls.send(function, terms, *rest)
    assert calls.token.call("totalSupply") == supply
    calls.refund(terms, order)
    assert (gain(calls, calls.ann), gain(calls, calls.issuer)) == (0, 0)


@pytest.mark.attack("J16")
def test_proceeds_wait_until_enough_is_delivered(calls):
    """Of 60 lots 40 reach their buyers, of 50 at least: these can give theirs back (n)."""
    terms = calls.terms(least_lots=50, return_until=calls.kit.now + 20 * DAY)
    calls.open(terms)
    orders = [calls.bid(terms, calls.ann, 40), calls.bid(terms, calls.ben, 20)]
    calls.close(terms)
    calls.token.send("setAddressFrozen", calls.ben, True, sender=calls.agent)
    calls.settle(terms)
    assert calls.escrow(terms) == (20 * MILLION, 40 * MILLION, 0)
    assert gain(calls, calls.issuer) == 0
    with refused("CallAuction_NothingLeft", calls.id(terms), calls.issuer):
        calls.send("payPrincipal", terms)
    calls.late(terms)
    calls.send("returnShares", terms, orders[0], 40, sender=calls.ann)
    assert (gain(calls, calls.ann), calls.shares(calls.ann)) == (0, [1_000])
    calls.refund(terms, orders[1])
    assert calls.escrow(terms) == (0, 0, 0)


@pytest.mark.attack("J17")
def test_nobody_refunds_a_call_that_lives(calls):
    """Not while orders are taken, nor while it waits, nor while it is settled (Law 58)."""
    terms = calls.terms(accept_by=calls.kit.now + 3 * DAY, close_by=calls.kit.now + 2 * DAY)
    calls.open(terms)
    order = calls.bid(terms, calls.ann, 60)
    moments = [
        lambda: None,
        lambda: calls.close(terms),
        lambda: calls.send("accept", terms, sender=calls.issuer),
        lambda: setattr(calls.kit, "now", terms.settle_by),
    ]
    for come in moments:
        come()
        for who in (calls.stranger, calls.ann, calls.issuer):
            with refused("CallAuction_NotRefundable", calls.id(terms), order, terms.settle_by):
                calls.send("refund", terms, [order], sender=who)
    calls.settle(terms)
    assert calls.got(terms, order) == [(60, 60)]
    assert not calls.send("refund", terms, [order]).events


# -------------------------------------------------------------------------------- the price


@pytest.mark.attack("J18")
def test_a_valuer_names_a_price_within_bounds_and_time(calls):
    """Orders close before the value is known; the ladder bounds it; it comes in time (q)."""
    terms = calls.terms(valuer=calls.dan, steps=3, ladders=calls.ladder(100, 10))
    calls.open(terms)
    order = calls.bid(terms, calls.ann, 10, 2)
    last = terms.closes_at
    with refused("CallAuction_TooEarly", last + 1, calls.kit.now):
        calls.send("closeAt", terms, 110, sender=calls.dan)
    calls.kit.now = last + 1
    with refused("CallAuction_TooLate", last, last + 1):
        calls.bid(terms, calls.ben, 10, 2)
    for price in (0, 99, 121, MAX):
        with refused("CallAuction_WrongPrice", price, 100, 120):
            calls.send("closeAt", terms, price, sender=calls.dan)
    for who in (calls.ann, calls.issuer, calls.owner):
        with refused("CallAuction_NotValuer", who, calls.dan):
            calls.send("closeAt", terms, 110, sender=who)
    with refused("CallAuction_NotValuer", calls.stranger, calls.dan):
        calls.send("close", terms)
    start = calls.kit.evm.snapshot()
    calls.kit.now = terms.close_by + 1
    with refused("CallAuction_TooLate", terms.close_by, terms.close_by + 1):
        calls.send("closeAt", terms, 110, sender=calls.dan)
    calls.send("fail", terms)
    calls.refund(terms, order)
    assert gain(calls, calls.ann) == 0
    calls.kit.evm.revert(start)
    calls.kit.now = last + 1
    calls.send("closeAt", terms, 113, sender=calls.dan)
    calls.settle(terms)
    assert gain(calls, calls.ann) == -1_130


@pytest.mark.attack("J19")
def test_of_equal_prices_one_is_chosen_at_which_all_better_orders_fit(calls):
    """With the middle of all of them better orders would exceed the volume (Law 55)."""
    terms = calls.among(steps=5)
    calls.open(terms)
    # Four lots change hands at each of steps 1 to 3, and four bids are left over at each.
    asks = [calls.ask(terms, calls.ben, 4, 1)]
    bids = [calls.bid(terms, calls.ann, 4, 3), calls.bid(terms, calls.cid, 4, 3)]
    found = calls.close(terms).named("Closed")[0]
    assert (found["step"], found["lots"], found["demand"], found["supply"]) == (3, 4, 8, 4)
    calls.settle(terms)
    assert calls.got(terms, *bids, *asks) == [(2, 2), (2, 2), (4, 4)]


@pytest.mark.attack("J19")
@pytest.mark.parametrize("seed", range(6))
def test_nobody_gets_anything_while_a_better_order_lacks(calls, seed):
    """In calls full of ties: the volume is allotted to the lot on both sides (Laws 54, 55)."""
    rng = random.Random(seed)
    terms = calls.among(steps=4, salt=bytes([seed]) * 32)
    calls.open(terms)
    placed = []
    for _ in range(9):
        side, step, lots = rng.choice(list(Side)), rng.randrange(4), rng.choice((1, 2, 2, 4))
        who = rng.choice(calls.people[:2] if side == Side.BID else calls.people[2:])
        placed.append((side, step, lots, calls.place(terms, who, lots, step, side)))
    calls.close(terms)
    if calls.stage(terms) == Stage.FAILED:
        return
    volume, step = (calls.call(terms)["clearing"][part] for part in ("lots", "step"))
    calls.settle(terms, 3)
    calls.settle(terms)
    assert calls.stage(terms) == Stage.SETTLED
    for side in Side:
        got = {order: calls.got(terms, order)[0] for kind, *_, order in placed if kind == side}
        assert sum(lots for lots, _ in got.values()) == volume
        for kind, limit, lots, order in placed:
            if kind != side:
                continue
            better = limit > step if side == Side.BID else limit < step
            assert got[order][0] == (lots if better else got[order][0])
            assert better or limit == step or got[order] == (0, 0)
    assert calls.escrow(terms) == (0, 0, 0)


# --------------------------------------------------------------------------- odd terms


@pytest.mark.attack("J29")
def test_a_call_that_makes_no_sense_is_not_opened(calls):
    """With the value that makes none, and the bounds of it; `test_call_terms` has all of them."""
    now = calls.kit.now
    lot, price = ("CallAuction_WrongLot", 0, 1), "CallAuction_WrongPrice"
    top = 2**128 - 1
    for changes, (error, *values) in (
        ({"lot": 0}, lot),
        ({"steps": 0}, ("CallAuction_WrongSteps", 0, 255)),
        ({"ladders": calls.ladder(0, 0)}, (price, 0, 1, top)),
        ({"steps": 2, "ladders": calls.ladder(5, 0)}, (price, 5, 6, top)),
        ({"steps": 255, "ladders": calls.ladder(top, top)}, (price, 255 * top, 1, top)),
        ({"lot": 2**96 - 1, "lots": 2}, ("CallAuction_WrongLots", 2, 0, 1)),
        ({"opens_at": 0, "closes_at": now - 1}, ("CallAuction_Past", now - 1, now)),
        (
            {"settle_by": now * 1_000},
            ("CallAuction_TooFar", now * 1_000, now + 400 * DAY),
        ),
    ):
        with refused(error, *values):
            calls.open(calls.terms(**changes))


@pytest.mark.attack("J30")
def test_coins_and_strays_are_nobodys_order(calls):
    """No function takes the chain's coin; what is forced in or sent astray moves no book."""
    abi = calls.kit.codec.artifacts["CallAuction"].abi
    assert all(entry.get("stateMutability") != "payable" for entry in abi)
    assert not any(entry["type"] in {"receive", "fallback"} for entry in abi)
    terms = calls.terms(ladders=(calls.ladder()[0], Ladder()))
    calls.open(terms)
    calls.kit.evm.set_balance(calls.auction.address, 10**18)
    calls.dollar.send("mint", calls.auction.address, 77)
    order = calls.bid(terms, calls.ann, 100)
    assert calls.escrow(terms) == (100 * MILLION, 0, 0)
    calls.close(terms)
    calls.settle(terms)
    assert calls.got(terms, order) == [(100, 100)]
    assert calls.money(calls.auction.address, calls.issuer) == [77, FUNDS + 100 * MILLION]
    native = calls.terms(salt=b"\1" * 32, ladders=(Ladder(ZERO, 1, 0), Ladder()))
    with refused("CallAuction_WrongLadder", 0, ZERO):
        calls.open(native)


# ---------------------------------------------------------- what the attack of the drafts did


def test_a_holder_that_asks_nothing_of_the_principal_cannot_be_sold(calls):
    """Lots are held by the principal's consent, or minted by who may mint (m)."""
    calls.consent(calls.issuer, most=10)
    with refused("Holds_OverConsent", calls.auction.address, 1_000, 10):
        calls.open(calls.sale())
    unsigned = calls.sale(opener=calls.stranger)
    with refused("CallAuction_NotSigned", calls.issuer):
        calls.open(unsigned)
    with refused("CallAuction_NotOwnerOrAgent", calls.stranger, calls.token.address):
        calls.open(calls.terms(opener=calls.stranger))


def test_a_delivery_that_failed_is_tried_again_in_time(calls):
    """A refusal changes nothing, and refunds come only after `settleBy` (n)."""
    terms = calls.terms()
    calls.open(terms)
    order = calls.bid(terms, calls.ann, 100)
    calls.close(terms)
    calls.token.send("setAddressFrozen", calls.ann, True, sender=calls.agent)
    calls.settle(terms)
    assert calls.got(terms, order) == [(100, 0)]
    calls.send("deliver", terms, [(order, 0)])
    assert calls.got(terms, order) == [(100, 0)]
    calls.token.send("setAddressFrozen", calls.ann, False, sender=calls.agent)
    calls.send("deliver", terms, [(order, 0)])
    assert calls.got(terms, order) == [(100, 100)]
    assert gain(calls, calls.issuer) == 100 * MILLION


def test_naming_an_empty_step_moves_no_price(calls):
    """Ties range over all steps, and a withdrawn order leaves no mark (p)."""
    terms = calls.among(steps=10, withdraw_until=calls.kit.now + 50)
    calls.open(terms)
    calls.bid(terms, calls.ann, 4, 8)
    calls.ask(terms, calls.ben, 4, 2)
    for step in (3, 7):
        order = calls.bid(terms, calls.cid, 1, step)
        calls.send("withdraw", terms, order, sender=calls.cid)
    assert calls.close(terms).named("Closed")[0]["step"] == 5


def test_the_principals_person_orders_nothing(kit):
    """Neither by its own wallet nor by another (s)."""
    calls = under_rules(kit)
    harness = calls.harness
    harness.know({calls.stranger: harness.registry.call("investorOf", calls.ben)})
    calls.pay(calls.stranger, FUNDS)
    terms = calls.terms(registry=harness.registry.address, principal=calls.ben)
    calls.open(terms)
    for who in (calls.ben, calls.stranger):
        with refused("CallAuction_PrincipalsPerson", who, 2):
            calls.bid(terms, who, 1)


def test_a_call_is_cancelled_by_its_own_and_until_it_is_closed(calls):
    """Everything goes back then (t)."""
    terms = calls.sale()
    calls.open(terms)
    order = calls.bid(terms, calls.ann, 100)
    for who in (calls.ann, calls.stranger, calls.agent):
        with refused("CallAuction_MayNotCancel", who, calls.id(terms)):
            calls.send("cancel", terms, NOTHING, sender=who)
    start = calls.kit.evm.snapshot()
    calls.close(terms)
    with refused("CallAuction_NotAt", calls.id(terms), Stage.SETTLING):
        calls.send("cancel", terms, NOTHING, sender=calls.issuer)
    calls.kit.evm.revert(start)
    calls.kit.now = terms.opens_at
    calls.send("cancel", terms, NOTHING, sender=calls.issuer)
    calls.refund(terms, order)
    calls.send("payPrincipal", terms)
    assert (gain(calls, calls.ann), calls.held(calls.issuer)) == (0, [0])


def test_who_brings_little_gas_makes_no_delivery_fail(calls):
    """Each is tried with the gas that the terms say, or the page is refused (w)."""
    terms = calls.terms(delivery_gas=2_000_000)
    calls.open(terms)
    order = calls.bid(terms, calls.ann, 100)
    calls.close(terms)
    data = calls.kit.codec.call("CallAuction", "settle", terms.encodable(), 9)
    for gas in (300_000, 1_000_000, 2_000_000):
        start = calls.kit.evm.snapshot()
        with pytest.raises(Reverted):
            calls.kit.transact(calls.stranger, calls.auction.address, data, gas=gas)
        calls.kit.evm.revert(start)
        assert calls.got(terms, order) == [(0, 0)]
    calls.kit.transact(calls.stranger, calls.auction.address, data, gas=4_000_000)
    assert calls.got(terms, order) == [(100, 100)]


def test_what_is_owed_has_an_end_if_the_terms_say_so(calls):
    """Then it goes to whom they name, and until then to nobody else (x)."""
    money = calls.kit.deploy("BlockList")
    money.send("mint", calls.ann, 10_000)
    money.send("approve", calls.auction.address, MAX, sender=calls.ann)
    until = calls.kit.now + 40 * DAY
    terms = calls.terms(
        ladders=(Ladder(money.address, 10, 0), Ladder()), take_until=until, sweep_to=person(5)
    )
    calls.open(terms)
    calls.bid(terms, calls.ann, 100)
    calls.close(terms)
    money.send("setBlocked", calls.issuer, True)
    calls.settle(terms)
    assert calls.escrow(terms) == (0, 0, 1_000)
    calls.kit.now = until
    with refused("CallAuction_TooEarly", until + 1, until):
        calls.send("sweep", terms, 0)
    calls.kit.now += 1
    with refused("CallAuction_TooLate", until, until + 1):
        calls.send("take", terms, 0, calls.issuer)
    calls.send("sweep", terms, 0)
    assert money.call("balanceOf", person(5)) == 1_000
    assert (calls.escrow(terms), calls.owed(terms, calls.issuer)) == ((0, 0, 0), 0)
