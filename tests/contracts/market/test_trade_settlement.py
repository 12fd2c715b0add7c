"""Orders: what people have signed is carried out, whole or in parts, once, and nothing else."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import assume, given
from hypothesis import strategies as st
from pyrevm import AccountInfo

from tests.chainkit import ZERO, Deployed, RevmKit
from tests.contracts.compliant import Compliant, investor, rules_refused
from tests.contracts.harness import DAY, Harness, person, refused
from tests.contracts.permits import Permit
from tests.contracts.token.test_roles import changing
from tests.contracts.trading import (
    MAKER,
    MAX,
    PARTIAL,
    TAKER,
    THIRD,
    Market,
    Order,
    digest_of,
    members,
)
from tests.contracts.trading import ORDER_TYPE as TYPE
from tests.model.register import Code

MONEY = 12_345_678
HALF_CURVE = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
CURVE = 2 * HALF_CURVE + 1
GUARDED = "3ee5aeb5"  # ReentrancyGuardReentrantCall()

addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address)


def of_bits(bits: int) -> st.SearchStrategy[int]:
    """Any number of so many bits, often a large one."""
    return st.one_of(st.integers(0, 2**bits - 1), st.sampled_from((0, 1, 2**bits - 1)))


orders = st.builds(
    Order,
    maker=addresses,
    taker=addresses,
    give=addresses,
    take=addresses,
    give_amount=of_bits(128),
    take_amount=of_bits(128),
    least_fill=of_bits(128),
    valid_until=of_bits(48),
    nonce=of_bits(64),
    record_token=addresses,
    record=of_bits(32),
    maker_pays=st.booleans(),
    fee_to=addresses,
    fee_bps=of_bits(16),
    tax_to=addresses,
    tax_bps=of_bits(16),
)


@pytest.fixture(scope="module")
def signing(codec) -> Market:
    """A market in which nothing is carried out."""
    return Market.of(Harness(RevmKit(codec)))


# --------------------------------------------------------------------- what is signed


def test_the_settlement_has_no_roles(market):
    """Whatever changes state asks for a signature, or is about the caller's own (Law 47)."""
    permit = "tuple[]"
    assert changing(market.kit, "TradeSettlement") == {
        "fill(tuple,bytes,uint256,uint256)",
        f"fillWithPermits(tuple,bytes,uint256,uint256,{permit})",
        "settle(tuple,bytes[])",
        f"settleWithPermits(tuple,bytes[],{permit})",
        "cancel(uint64[])",
        "cancelBelow(uint64)",
        "cancelTrades(uint256[])",
        "post(tuple,bytes)",
    }


def test_the_domain_is_told_as_erc5267_wants_it(market):
    """Name, version, chain and contract, no salt, no extension."""
    assert market.settlement.call("eip712Domain") == (
        b"\x0f", "prorata TradeSettlement", "1", 1, market.settlement.address, b"\0" * 32, ()
    )  # fmt: skip


@given(orders)
def test_the_digest_is_what_a_wallet_signs(signing, order):
    """For any order the contract and eth-account agree."""
    digest = signing.settlement.call("digestOf", order.encodable())
    assert digest == digest_of(order.typed(signing.settlement))


@pytest.mark.parametrize("word", range(16), ids=[part["name"] for part in members(TYPE)])
def test_bits_that_a_type_has_no_room_for_are_refused(market, word):
    """A word that says more than its field holds is no order, to no function: nobody signs what is
    not read (Law 47)."""
    order = market.sale()
    signature = order.signed(market.settlement)
    bits = [160] * 4 + [128] * 3 + [48, 64, 160, 32, 1, 160, 16, 160, 16]
    codec = market.kit.codec
    calls = {
        "fill": (order.encodable(), signature, 100, MAX),
        "fillWithPermits": (order.encodable(), signature, 100, MAX, []),
        "digestOf": (order.encodable(),),
        "explain": (order.encodable(), signature, market.taker, 100),
        "post": (order.encodable(), signature),
    }
    for function, arguments in calls.items():
        data = bytearray(codec.call("TradeSettlement", function, *arguments))
        top = 4 + 32 * word
        assert int.from_bytes(data[top : top + 32], "big") < 1 << bits[word]
        data[top : top + 32] = (
            int.from_bytes(data[top : top + 32], "big") | 1 << bits[word]
        ).to_bytes(32, "big")
        with refused("empty", ""):
            market.kit.transact(market.taker, market.settlement.address, bytes(data))
    market.fill(order)


# ----------------------------------------------------------------------- whole orders


def test_an_order_is_filled_whole(market):
    """Shares go one way, money the other, told in one event; nothing stays behind (Law 47)."""
    order = market.sale()
    arguments = (order.encodable(), order.signed(market.settlement), 100, MONEY)
    assert market.settlement.call("fill", *arguments, sender=market.taker) == MONEY
    receipt = market.fill(order, most=MONEY)
    assert receipt.named("Filled") == [
        {
            "maker": market.maker, "nonce": 0, "taker": market.taker,
            "give": market.token.address, "take": market.dollar.address,
            "given": 100, "taken": MONEY, "fee": 0, "tax": 0,
        }
    ]  # fmt: skip
    assert market.shares(market.maker, market.taker) == [900, 100]
    assert market.money(market.maker, market.taker) == [MONEY, 10**12 - MONEY]
    assert market.shares(market.settlement.address) == market.money(market.settlement.address)
    assert market.settlement.call("isSpent", market.maker, 0)
    assert market.settlement.call("left", order.encodable()) == 0


def test_a_buyer_can_make_the_order(market):
    """Money is given and shares are taken; the holder fills it."""
    market.fill(market.purchase())
    assert market.shares(market.maker, market.taker) == [900, 100]
    assert market.money(market.maker, market.taker) == [MONEY, 10**12 - MONEY]


def test_whole_or_not_at_all(market):
    """Less, nothing, and more are refused, each with what it may be."""
    order = market.sale()
    for amount in (0, 1, 99):
        with refused("TradeSettlement_TooLittle", amount, 100):
            market.fill(order, amount)
    for amount in (101, 2**128 + 100, MAX):
        with refused("TradeSettlement_TooMuch", amount, 100):
            market.fill(order, amount)
    market.fill(order)


@pytest.mark.attack("J3")
def test_an_order_is_filled_once(market):
    """The nonce is spent for this and for every other order that has it (Law 50)."""
    order = market.sale()
    market.fill(order)
    for again in (order, market.sale(50), order.but(valid_until=order.valid_until + 1)):
        with refused("TradeSettlement_Spent", market.maker, 0):
            market.fill(again)
    assert market.shares(market.taker) == [100]


def test_an_order_holds_until_the_end_of_its_last_second(market):
    """In that second it is good, one second later it is not (Law 47)."""
    until = market.kit.now + 60
    market.kit.now = until
    market.fill(market.sale(valid_until=until))
    market.kit.now += 1
    with refused("TradeSettlement_Expired", until, until + 1):
        market.fill(market.sale(valid_until=until, nonce=1))


def test_an_order_may_name_its_taker(market):
    """Nobody else fills it."""
    order = market.sale(taker=market.taker)
    with refused("TradeSettlement_NotTaker", market.third, market.taker):
        market.fill(order, sender=market.third)
    market.fill(order)


def test_the_taker_gives_no_more_than_it_agreed_to(market):
    """A unit less is refused, and nothing is spent."""
    order = market.sale()
    with refused("TradeSettlement_PriceMoved", MONEY, MONEY - 1):
        market.fill(order, most=MONEY - 1)
    assert not market.settlement.call("isSpent", market.maker, 0)
    market.fill(order, most=MONEY)


CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "gives nothing": {"give_amount": 0, "least_fill": 0},
    "takes nothing": {"take_amount": 0},
    "least over all": {"least_fill": 101},
    "least over all, in parts": {"least_fill": 101, "nonce": PARTIAL},
    "whole with the bit of parts": {"nonce": PARTIAL},
    "parts without their bit": {"least_fill": 99},
    "a record without its token": {"record": 1},
    "a token without its record": {"record_token": person(1)},
    "a fee for nobody": {"fee_bps": 1},
    "a tax for nobody": {"tax_bps": 1},
    "a fee for nobody and a tax": {"fee_bps": 1, "tax_bps": 1, "tax_to": person(1)},
    "a tax for nobody and a fee": {"fee_bps": 1, "tax_bps": 1, "fee_to": person(1)},
}


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_fields_that_contradict_each_other(market, what):
    """Refused before anything is asked."""
    order = market.sale(**CONTRADICTIONS[what])
    with refused("TradeSettlement_Malformed", market.maker, order.nonce):
        market.fill(order, 100)


def test_one_token_on_both_sides_is_refused(market):
    """There is nothing to trade."""
    for token in (market.token, market.dollar):
        with refused("TradeSettlement_Malformed", market.maker, 0):
            market.fill(market.sale(give=token.address, take=token.address))


def test_nobody_fills_an_order_of_its_own(market):
    """Neither open nor named."""
    for taker in (ZERO, market.maker):
        with refused("TradeSettlement_Malformed", market.maker, 0):
            market.fill(market.sale(taker=taker), sender=market.maker)


def test_errors_come_in_the_order_of_the_codes(market):
    """Time, taker, contradictions, fees, the nonce, the amount, the record, the signature."""
    market.settlement.send("cancel", [1], sender=market.maker)
    now = market.kit.now
    steps: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
        ({"valid_until": now - 1}, ("TradeSettlement_Expired", now - 1, now)),
        ({"taker": market.third}, ("TradeSettlement_NotTaker", market.taker, market.third)),
        ({"take_amount": 0}, ("TradeSettlement_Malformed", market.maker, 1)),
        (
            {"fee_bps": 101, "fee_to": person(1)},
            ("TradeSettlement_FeeTooHigh", 101, 100),
        ),
        ({"nonce": 1}, ("TradeSettlement_Spent", market.maker, 1)),
        ({"give_amount": 99, "least_fill": 99}, ("TradeSettlement_TooMuch", 100, 99)),
        (
            {"record": 1, "record_token": person(5)},
            ("TradeSettlement_RecordClosed", 1, 0),
        ),
    ]
    for start in range(len(steps)):
        changes: dict[str, Any] = {}
        for change, _ in steps[start:]:
            changes |= change
        error = steps[start][1]
        if error[0] == "TradeSettlement_Malformed":
            error = (*error[:2], changes.get("nonce", 0))
        with refused(*error):
            market.fill(market.sale(**changes), 100, signature=b"")
    with refused("TradeSettlement_NotSigned", market.maker):
        market.fill(market.sale(), 100, signature=b"")


def test_what_a_token_refuses_is_forwarded(market):
    """Balance and allowance of either side: in the token's own words, and nothing has moved."""
    order = market.sale(1_001)
    with refused("ERC20InsufficientBalance", market.maker, 1_000, 1_001):
        market.fill(order)
    poor = market.harness.ann
    with refused("ERC20InsufficientAllowance", market.settlement.address, 0, MONEY):
        market.fill(market.sale(), sender=poor)
    market.dollar.send("approve", market.settlement.address, MAX, sender=poor)
    with refused("ERC20InsufficientBalance", poor, 0, MONEY):
        market.fill(market.sale(), sender=poor)
    market.token.send("approve", market.settlement.address, 99, sender=market.maker)
    with refused("ERC20InsufficientAllowance", market.settlement.address, 99, 100):
        market.fill(market.sale())
    assert market.shares(market.maker) == [1_000]
    assert not market.settlement.call("isSpent", market.maker, 0)


@pytest.mark.attack("J6")
def test_a_maker_who_withdraws_costs_the_taker_nothing(market):
    """Its allowance, or its shares: the whole fill is refused, and the taker keeps its money. (Laws
    47, 49)"""
    order, ann = market.sale(), market.harness.ann
    market.token.send("approve", market.settlement.address, 0, sender=market.maker)
    with refused("ERC20InsufficientAllowance", market.settlement.address, 0, 100):
        market.fill(order)
    market.token.send("approve", market.settlement.address, MAX, sender=market.maker)
    market.token.send("transfer", ann, 950, sender=market.maker)
    with refused("ERC20InsufficientBalance", market.maker, 50, 100):
        market.fill(order)
    assert market.money(market.taker, market.maker) == [10**12, 0]
    assert not market.settlement.call("isSpent", market.maker, 0)
    market.token.send("transfer", market.maker, 50, sender=ann)
    market.fill(order)


# ------------------------------------------------------------------------------ parts


def test_an_order_is_filled_in_parts(market):
    """Each costs its share, rounded up over all that was filled (Law 48)."""
    order = market.sale(3, 10).in_parts()
    paid = []
    for _ in range(3):
        paid.append(market.fill(order, 1).named("Filled")[0]["taken"])
        assert market.settlement.call("isSpent", market.maker, PARTIAL) is (len(paid) == 3)
    assert paid == [4, 3, 3]
    assert market.settlement.call("left", order.encodable()) == 0
    with refused("TradeSettlement_Spent", market.maker, PARTIAL):
        market.fill(order, 1)


@given(
    give=st.integers(1, 2**128 - 1),
    take=st.integers(1, 2**128 - 1),
    cuts=st.lists(st.integers(0, 2**128), max_size=4),
)
def test_any_cut_sums_to_what_the_maker_takes(codec, give, take, cuts):
    """However an order is cut, exactly `takeAmount` was taken when all is given (Law 48)."""
    kit = RevmKit(codec)
    settlement = kit.deploy("TradeSettlement")
    one, two = kit.deploy("ReturnsFalse"), kit.deploy("ReturnsFalse")
    one.send("mint", MAKER.address, give)
    two.send("mint", TAKER.address, take)
    one.send("approve", settlement.address, MAX, sender=MAKER.address)
    two.send("approve", settlement.address, MAX, sender=TAKER.address)
    order = Order(MAKER.address, ZERO, one.address, two.address, give, take, 0).in_parts()
    assume(give > 1)
    signature = order.signed(settlement)
    at = sorted({cut % give for cut in cuts} | {0, give})
    for start, end in pairwise(at):
        due = -(-take * end // give) + (-take * start // give)
        fill = (order.encodable(), signature, end - start, due)
        receipt = settlement.send("fill", *fill, sender=TAKER.address)
        assert receipt.named("Filled")[0]["taken"] == due
        assert settlement.call("left", order.encodable()) == give - end
    assert two.call("balanceOf", MAKER.address) == take
    assert one.call("balanceOf", TAKER.address) == give


@pytest.mark.attack("J1")
def test_a_part_never_rounds_to_nothing_before_it_is_paid_for(market):
    """The first of a hundred shares for one unit costs the unit; the others have been paid for."""
    order = market.sale(100, 1).in_parts()
    with refused("TradeSettlement_PriceMoved", 1, 0):
        market.fill(order, 1, most=0)
    market.fill(order, 1, most=1)
    market.fill(order, 99, most=0)
    assert (market.shares(market.taker), market.money(market.maker)) == ([100], [1])


@pytest.mark.attack("J2")
def test_any_part_fills_exactly(market):
    """No part is refused for not dividing the price (Law 48)."""
    order = market.sale(7, 1_000_003).in_parts()
    for amount in (2, 3, 2):
        market.fill(order, amount)
    assert market.money(market.maker) == [1_000_003]


def test_a_part_has_a_least(market):
    """Unless less than that is left; never nothing."""
    order = market.sale(100).in_parts(40)
    with refused("TradeSettlement_TooLittle", 39, 40):
        market.fill(order, 39)
    market.fill(order, 40)
    market.fill(order, 40)
    with refused("TradeSettlement_TooMuch", 21, 20):
        market.fill(order, 21)
    with refused("TradeSettlement_TooLittle", 19, 20):
        market.fill(order, 19)
    market.fill(order, 20)
    free = market.sale(100, nonce=1).in_parts(0)
    with refused("TradeSettlement_TooLittle", 0, 1):
        market.fill(free, 0)


def test_two_nonces_of_one_slot_count_apart(market):
    """The neighbour's fill is untouched, whichever comes first; the next pair too."""
    both = [market.sale(10, 100, nonce=n).in_parts() for n in (6, 7, 8)]
    for amount, order in ((3, both[1]), (2, both[0]), (4, both[1]), (1, both[2])):
        market.fill(order, amount)
    left = [market.settlement.call("left", order.encodable()) for order in both]
    assert left == [8, 3, 9]
    market.fill(both[0], 8)
    assert market.settlement.call("isSpent", market.maker, PARTIAL | 6)
    assert not market.settlement.call("isSpent", market.maker, PARTIAL | 7)
    market.settlement.send("cancel", [PARTIAL | 7], sender=market.maker)
    assert [market.settlement.call("left", order.encodable()) for order in both] == [0, 0, 9]


def test_two_orders_of_one_nonce_are_alternatives(market):
    """What is filled of one counts for the other, though they differ in size and price (Law 48)."""
    large, small = market.sale(100, 1_000).in_parts(), market.sale(50, 600).in_parts()
    market.fill(large, 60)
    with refused("TradeSettlement_TooMuch", 1, 0):
        market.fill(small, 1)
    with refused("TradeSettlement_TooLittle", 0, 1):
        market.fill(small, 0)
    assert market.settlement.call("left", small.encodable()) == 0
    market.fill(large, 40)
    with refused("TradeSettlement_Spent", market.maker, PARTIAL):
        market.fill(market.sale(200).in_parts(), 1)
    assert market.shares(market.taker) == [100]


def test_orders_of_all_bits_are_filled(market):
    """Amounts of 128 bits lose nothing."""
    most = 2**128 - 1
    coin, other = market.kit.deploy("ReturnsFalse"), market.kit.deploy("ReturnsFalse")
    for token, who in ((coin, market.maker), (other, market.taker)):
        token.send("mint", who, most)
        token.send("approve", market.settlement.address, MAX, sender=who)
    order = market.sale(most, most, give=coin.address, take=other.address).in_parts()
    market.fill(order, most - 1)
    assert market.settlement.call("left", order.encodable()) == 1
    market.fill(order, 1)
    assert other.call("balanceOf", market.maker) == most


# --------------------------------------------------------------------- fees and taxes

VENUE, COLLECTOR = person(1), person(2)


@pytest.mark.parametrize("buys", [False, True], ids=["the maker sells", "the maker buys"])
def test_the_seller_bears_the_fee_and_the_buyer_the_tax(market, buys):
    """Both are of the money, rounded down, whoever made the order (Law 47)."""
    terms = {"fee_to": VENUE, "fee_bps": 30, "tax_to": COLLECTOR, "tax_bps": 50}
    order = market.purchase(**terms) if buys else market.sale(**terms)
    fee, tax = MONEY * 30 // 10_000, MONEY * 50 // 10_000
    due = 100 if buys else MONEY + tax
    with refused("TradeSettlement_PriceMoved", due, due - 1):
        market.fill(order, most=due - 1)
    told = market.fill(order, most=due).named("Filled")[0]
    given, taken = (MONEY, 100) if buys else (100, MONEY)
    assert [told[name] for name in ("given", "taken", "fee", "tax")] == [given, taken, fee, tax]
    assert market.money(market.maker, VENUE, COLLECTOR) == [MONEY - fee, fee, tax]
    assert market.money(market.taker) == [10**12 - MONEY - tax]
    assert market.shares(market.maker, market.taker) == [900, 100]


@pytest.mark.parametrize(("fee", "tax", "high"), [(101, 0, 101), (0, 101, 101), (65535, 1, 65535)])
def test_fee_and_tax_have_a_limit(market, fee, tax, high):
    """A percent each."""
    terms = {"fee_to": VENUE, "fee_bps": fee, "tax_to": COLLECTOR, "tax_bps": tax}
    with refused("TradeSettlement_FeeTooHigh", high, 100):
        market.fill(market.sale(**terms))
    market.fill(market.sale(fee_to=VENUE, fee_bps=100, tax_to=COLLECTOR, tax_bps=100))
    assert market.money(VENUE, COLLECTOR) == [MONEY // 100] * 2


def test_a_fee_that_rounds_to_nothing_moves_nothing(market):
    """A venue may be named without a fee, too."""
    market.fill(market.sale(100, 99, fee_to=VENUE, fee_bps=100))
    market.fill(market.sale(100, 99, fee_to=VENUE, nonce=1))
    assert market.money(market.maker, VENUE) == [198, 0]


def test_nobody_pays_itself(market):
    """What a payer would get of its own payment stays where it is, and is not part of the due."""
    terms = {"fee_bps": 100, "tax_to": market.taker, "tax_bps": 100}
    order = market.sale(100, 10_000, fee_to=market.taker, **terms)
    due = 10_000 - 100
    assert market.fill(order, most=due).named("Filled")[0]["fee"] == 100
    assert market.money(market.maker, market.taker) == [due, 10**12 - due]
    order = market.purchase(100, 10_000, fee_to=market.taker, nonce=1, **terms)
    market.dollar.send("approve", market.settlement.address, due, sender=market.taker)
    market.fill(order)
    assert market.money(market.maker) == [2 * due]


# ---------------------------------------------------------------------------- records


@pytest.mark.attack("J5")
def test_an_order_ends_with_its_record(market):
    """Good while the record is not scheduled, and until the end of its second; dead after (Law
    51)."""
    guard = {"record_token": market.token.address, "record": 1}
    market.fill(market.sale(**guard))
    closes_at = market.kit.now + DAY
    market.harness.schedule(closes_at)
    market.fill(market.sale(nonce=1, **guard))
    market.kit.now = closes_at
    market.fill(market.sale(nonce=2, **guard))
    market.kit.now += 1
    with refused("TradeSettlement_RecordClosed", 1, closes_at):
        market.fill(market.sale(nonce=3, **guard))
    assert not market.settlement.call("isSpent", market.maker, 3)
    market.fill(market.sale(nonce=3, **guard | {"record": 2}))


@pytest.mark.attack("J5")
def test_an_order_ends_when_its_record_is_cancelled(market):
    """Its time is gone with it; a later record is another (Law 51)."""
    market.harness.schedule()
    guard = {"record_token": market.token.address, "record": 1}
    market.token.send("cancelRecords", 1, sender=market.harness.owner)
    with refused("TradeSettlement_RecordClosed", 1, 0):
        market.fill(market.sale(**guard))
    market.fill(market.sale(**guard | {"record": 2}))


def test_a_record_of_what_is_no_share_token_has_closed(market):
    """An address without code, and a token that knows no records (Law 51)."""
    for token in (person(9), market.dollar.address):
        with refused("TradeSettlement_RecordClosed", 1, 0):
            market.fill(market.sale(record_token=token, record=1))


def test_the_record_may_be_of_another_token(market):
    """Of what is taken, or of a third."""
    other = market.kit.deploy("ShareToken", ("O", "O", 0, market.harness.owner, ZERO, ZERO, []))
    market.fill(market.sale(record_token=other.address, record=2**32 - 1))


# -------------------------------------------------------------------------- cancelling

NONCES = (0, 1, 63, 64, 191, 192, 193, 255, 256, 2**62, PARTIAL - 1)


@pytest.mark.parametrize("nonce", NONCES)
def test_a_nonce_is_spent_by_itself(market, nonce):
    """Filled or cancelled; no other is touched, wherever it is kept (Law 50)."""
    order = market.sale(nonce=nonce)
    others = [other for other in NONCES if other != nonce]
    market.fill(order)
    for again in (order, order.but(give_amount=7, least_fill=7)):
        with refused("TradeSettlement_Spent", market.maker, nonce):
            market.fill(again)
    spent = [market.settlement.call("isSpent", market.maker, n) for n in (nonce, *others)]
    assert spent == [True] + [False] * len(others)
    assert not market.settlement.call("isSpent", market.maker, PARTIAL | nonce)
    assert market.settlement.call("lowestNonce", market.maker) == 0
    market.settlement.send("cancel", others, sender=market.maker)
    assert all(market.settlement.call("isSpent", market.maker, n) for n in NONCES)
    assert not market.settlement.call("isSpent", market.taker, nonce)


@pytest.mark.parametrize("nonce", NONCES)
def test_what_is_cancelled_is_not_filled(market, nonce):
    """Whole or in parts; by its maker only; again, or after it was filled, it changes nothing (Law
    50)."""
    for bit in (0, PARTIAL):
        order = market.sale(nonce=nonce)
        if bit:
            order = order.in_parts()
            market.fill(order, 5)
        receipt = market.settlement.send("cancel", [bit | nonce] * 2, sender=market.maker)
        assert receipt.named("Cancelled") == [{"maker": market.maker, "nonce": bit | nonce}] * 2
        with refused("TradeSettlement_Spent", market.maker, bit | nonce):
            market.fill(order, 5)
        market.settlement.send("cancel", [bit | nonce], sender=market.maker)
        assert market.settlement.call("left", order.encodable()) == 0
    market.settlement.send("cancel", [], sender=market.maker)


@pytest.mark.attack("J3")
def test_all_below_a_number_are_cancelled(market):
    """Bit 63 left aside; what was spent above stays spent, and what was not is live (Law 50)."""
    market.fill(market.sale(10, nonce=70))
    market.fill(market.sale(10, nonce=5).in_parts(), 1)
    receipt = market.settlement.send("cancelBelow", 64, sender=market.maker)
    assert receipt.named("CancelledBelow") == [{"maker": market.maker, "nonce": 64}]
    assert market.settlement.call("lowestNonce", market.maker) == 64
    for dead in (0, 5, 63):
        for order in (market.sale(nonce=dead), market.sale(nonce=dead).in_parts()):
            with refused("TradeSettlement_Spent", market.maker, order.nonce):
                market.fill(order)
            assert market.settlement.call("isSpent", market.maker, order.nonce)
    with refused("TradeSettlement_Spent", market.maker, 70):
        market.fill(market.sale(nonce=70))
    market.fill(market.sale(nonce=64))
    market.fill(market.sale(nonce=64).in_parts(), 1)
    assert not market.settlement.call("isSpent", market.third, 0)


@pytest.mark.parametrize("nonce", NONCES)
def test_a_number_reaches_nonces_wherever_they_are_kept(market, nonce):
    """The one below it is dead, the one at it is live (Law 50)."""
    if nonce:
        market.settlement.send("cancelBelow", nonce, sender=market.maker)
        with refused("TradeSettlement_Spent", market.maker, nonce - 1):
            market.fill(market.sale(nonce=nonce - 1))
    market.fill(market.sale(nonce=nonce))


def test_the_number_only_rises(market):
    """What was cancelled never lives again; bit 63 is no number's (Law 50)."""
    market.settlement.send("cancelBelow", 300, sender=market.maker)
    for lower in (0, 299, 300):
        with refused("TradeSettlement_NotHigher", lower, 300):
            market.settlement.send("cancelBelow", lower, sender=market.maker)
    for high in (PARTIAL, PARTIAL | 301, 2**64 - 1):
        with refused("TradeSettlement_NotHigher", high, 300):
            market.settlement.send("cancelBelow", high, sender=market.maker)
    for higher in (513, PARTIAL - 1):
        market.settlement.send("cancelBelow", higher, sender=market.maker)
        assert market.settlement.call("lowestNonce", market.maker) == higher
    market.fill(market.sale(nonce=PARTIAL - 1))


# --------------------------------------------------------------------------- signatures


def test_somebody_elses_signature_is_refused(market):
    """The taker's own, or a third's (Law 47)."""
    order = market.sale()
    for key in (TAKER, THIRD):
        with refused("TradeSettlement_NotSigned", market.maker):
            market.fill(order, signature=order.signed(market.settlement, key))


@given(order=orders, data=st.data())
def test_no_field_of_an_order_can_be_changed(signing, order, data):
    """Any other value in any one field is another order, which nobody has signed (Law 47)."""
    base = signing.sale(
        fee_to=person(1), fee_bps=5, tax_to=person(2), tax_bps=7, taker=signing.taker
    )
    name = data.draw(st.sampled_from([part for part in vars(base) if part != "maker"]))
    changed = base.but(**{name: getattr(order, name)})
    if name == "give_amount":
        changed = changed.but(least_fill=changed.give_amount)
    found = signing.settlement.call(
        "explain", changed.encodable(), base.signed(signing.settlement), signing.taker, 100
    )
    not_signed = 8 in [code for code, _, _ in found[0]]
    assert not_signed == (changed != base)


@given(position=st.integers(0, 64), flip=st.integers(1, 255))
def test_no_byte_of_a_signature_can_be_changed(signing, position, flip):
    """There is one signature to an order, not many."""
    order = signing.sale()
    signature = bytearray(order.signed(signing.settlement))
    signature[position] ^= flip
    with refused("TradeSettlement_NotSigned", signing.maker):
        signing.fill(order, signature=bytes(signature))


def test_other_forms_of_a_signature_are_refused(market):
    """High s, compact (ERC-2098), strange v, cut, lengthened, empty."""
    order = market.sale()
    signature = order.signed(market.settlement)
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    compact = r + (s | (v - 27) << 255).to_bytes(32, "big")
    high = r + (CURVE - s).to_bytes(32, "big") + bytes([55 - v])
    strange = [signature[:64] + bytes([v]) for v in (0, 1, 26, 29, 255)]
    for form in (compact, high, *strange, signature[:64], signature + b"\0", b"", bytes(65)):
        with refused("TradeSettlement_NotSigned", market.maker):
            market.fill(order, signature=form)
    market.fill(order, signature=signature)


def test_nobody_signs_for_the_zero_address(market):
    """Whatever is brought."""
    for signature in (bytes(65), bytes(64) + b"\x1b", b""):
        with refused("TradeSettlement_NotSigned", ZERO):
            market.fill(market.sale(maker=ZERO), signature=signature, sender=market.taker)


def with_wallet(market: Market) -> tuple[Deployed, Order]:
    """A contract wallet that has shares, and an order of it."""
    wallet = market.kit.deploy("ContractWallet")
    market.harness.issue({wallet.address: 100})
    approve = market.kit.codec.call("ShareToken", "approve", market.settlement.address, MAX)
    wallet.send("execute", market.token.address, approve)
    return wallet, market.sale(maker=wallet.address)


@pytest.mark.attack("J4")
def test_a_contract_signs_by_erc1271(market):
    """As long as it says so when it is asked."""
    wallet, order = with_wallet(market)
    digest = digest_of(order.typed(market.settlement))
    with refused("TradeSettlement_NotSigned", wallet.address):
        market.fill(order, signature=b"", sender=market.taker)
    wallet.send("sign", digest, True)
    wallet.send("sign", digest, False)
    with refused("TradeSettlement_NotSigned", wallet.address):
        market.fill(order, signature=b"", sender=market.taker)
    wallet.send("sign", digest, True)
    market.fill(order, signature=b"whatever", sender=market.taker)
    assert market.shares(market.taker) == [100]


@pytest.mark.attack("J4")
@pytest.mark.parametrize("kind", ["ContractWallet", "ReturnBomb"])
def test_an_account_with_key_and_code_is_its_keys(market, kind):
    """EIP-7702: the key's signature counts whatever the code says, and the code is not asked; what
    the code says counts too, since its key has given it."""
    code = market.kit.codec.artifacts[kind].runtime
    market.kit.evm.insert_account_info(market.maker, AccountInfo(code=code))
    market.fill(market.sale())
    order = market.sale(nonce=1)
    with refused("TradeSettlement_NotSigned", market.maker):
        market.fill(order, signature=b"")
    if kind == "ContractWallet":
        digest = digest_of(order.typed(market.settlement))
        market.kit.at("ContractWallet", market.maker).send("sign", digest, True)
        market.fill(order, signature=b"")


# ------------------------------------------------------ chains, clones, other settlements


@pytest.mark.attack("J3")
@pytest.mark.parametrize(
    "domain",
    [{"chainId": 2}, {"name": "TradeSettlement"}, {"version": "2"}, {"verifyingContract": ZERO}],
    ids=["chain", "name", "version", "contract"],
)
def test_an_order_for_another_domain_is_refused(market, domain):
    """Another chain, name, version or contract is another signature (Law 47)."""
    order = market.sale()
    with refused("TradeSettlement_NotSigned", market.maker):
        market.fill(order, signature=order.signed(market.settlement, **domain))


@pytest.mark.attack("J3")
def test_an_order_for_another_settlement_is_refused(market):
    """A second one, and a clone of the first, have signatures of their own (Law 50)."""
    head, tail = "3d602d80600a3d3981f3363d3d373d3d3d363d73", "5af43d82803e903d91602b57fd5bf3"
    code = bytes.fromhex(head + market.settlement.address[2:] + tail)
    receipt = market.kit.transact(market.harness.stranger, None, code)
    clone = market.kit.at("TradeSettlement", receipt.address)
    order = market.sale()
    signature = order.signed(market.settlement)
    for other in (clone, market.kit.deploy("TradeSettlement")):
        assert other.call("eip712Domain")[4] == other.address
        for who, token in ((market.maker, market.token), (market.taker, market.dollar)):
            token.send("approve", other.address, MAX, sender=who)
        with refused("TradeSettlement_NotSigned", market.maker):
            other.send("fill", order.encodable(), signature, 100, MAX, sender=market.taker)
        other.send("fill", order.encodable(), order.signed(other), 100, MAX, sender=market.taker)
    market.fill(order)


@pytest.mark.attack("J3")
def test_a_lost_wallets_orders_move_nothing(market):
    """After a recovery the token refuses what the lost wallet would send; its successor has signed
    nothing (Law 47)."""
    order, harness = market.sale(), market.harness
    market.token.send("recoveryAddress", market.maker, harness.ben, ZERO, sender=harness.agent)
    with refused("ERC7943CannotSend", market.maker):
        market.fill(order)
    with refused("TradeSettlement_NotSigned", harness.ben):
        market.fill(
            order.but(maker=harness.ben), signature=order.signed(market.settlement),
            sender=market.taker,
        )  # fmt: skip
    assert market.shares(harness.ben) == [1_000]


# ---------------------------------------------------------------------------- permits


def permit(
    market: Market, token: Deployed, key: Any, value: int, **changes: Any
) -> tuple[Any, ...]:
    """An allowance for the settlement, signed."""
    name = "Harbour Street 12" if token is market.token else "Permit coin"
    nonce = token.call("nonces", key.address)
    terms = {"value": value, "nonce": nonce, "deadline": market.kit.now, "name": name, **changes}
    signed = Permit(token, key.address, market.settlement.address, **terms)
    return (token.address, key.address, value, terms["deadline"], *signed.signed(key))


@pytest.fixture
def permitting(market) -> Market:
    """A market whose money has permits, and where nothing is allowed yet."""
    market.harness.dollar = market.kit.deploy("PermitCoin")
    market.dollar.send("mint", market.taker, 10**12)
    market.token.send("approve", market.settlement.address, 0, sender=market.maker)
    return market


def fill_with(market: Market, order: Order, *permits: tuple[Any, ...]) -> Any:
    """Fill as the taker, with permits."""
    signature = order.signed(market.settlement)
    return market.settlement.send(
        "fillWithPermits", order.encodable(), signature, order.give_amount, MAX, list(permits),
        sender=market.taker,
    )  # fmt: skip


def test_permits_give_the_allowances(permitting):
    """Of the maker and of the taker, in one transaction with the fill."""
    market = permitting
    both = permit(market, market.token, MAKER, 100), permit(market, market.dollar, TAKER, MONEY)
    fill_with(market, market.sale(), *both)
    assert market.shares(market.taker) == [100]
    for token, who in ((market.token, market.maker), (market.dollar, market.taker)):
        assert token.call("allowance", who, market.settlement.address) == 0


def test_a_permit_that_fails_is_passed_over(permitting):
    """Used before by anybody, late, wrong, or to what has no code: the allowance decides."""
    market = permitting
    used = permit(market, market.token, MAKER, 100)
    owner, *rest = used[1:]
    market.token.send("permit", owner, market.settlement.address, *rest)
    late = permit(market, market.dollar, TAKER, MONEY, deadline=market.kit.now - 1)
    with refused("ERC20InsufficientAllowance", market.settlement.address, 0, MONEY):
        fill_with(market, market.sale(), used, late)
    market.dollar.send("approve", market.settlement.address, MONEY, sender=market.taker)
    bomb = market.kit.deploy("ReturnBomb").address
    fill_with(market, market.sale(), used, late, (person(3), *used[1:]), (bomb, *used[1:]))
    assert market.token.call("allowance", market.maker, market.settlement.address) == 0


def test_permits_and_a_trade(permitting):
    """The same for a trade, brought by a stranger."""
    market = permitting
    trade = market.swap()
    both = [permit(market, market.token, MAKER, 100), permit(market, market.dollar, TAKER, MONEY)]
    signatures = trade.signed(market.settlement)
    market.settlement.send("settleWithPermits", trade.encodable(), signatures, both)
    assert market.shares(market.taker) == [100]
    with refused("TradeSettlement_Spent", market.maker, 0):
        market.settlement.send("settleWithPermits", trade.encodable(), signatures, both)


# ------------------------------------------------------------------- awkward currencies


def coin(market: Market, kind: str, who: str, amount: int = 10**9) -> Deployed:
    """A currency of some kind, of which somebody has some and lets the settlement move it."""
    made = market.kit.deploy(kind)
    made.send("mint", who, amount)
    made.send("approve", market.settlement.address, MAX, sender=who)
    return made


@pytest.mark.attack("J7")
def test_the_maker_gets_what_it_signed_for_or_nothing_moves(market):
    """A currency that takes a fee on transfers is refused, and nothing is spent (Law 47)."""
    money = coin(market, "FeeOnTransfer", market.taker)
    order = market.sale(100, 10_000, take=money.address)
    money.send("setFee", 1)
    with refused("TradeSettlement_Short", money.address, market.maker, 9_999, 10_000):
        market.fill(order)
    assert market.shares(market.maker) == [1_000]
    money.send("setFee", 0)
    market.fill(order)
    assert money.call("balanceOf", market.maker) == 10_000


def test_what_a_taker_gets_it_has_chosen(market):
    """A token with a fee that the taker takes: it knew which."""
    shares = coin(market, "FeeOnTransfer", market.maker)
    shares.send("setFee", 100)
    market.fill(market.sale(100, MONEY, give=shares.address))
    assert (shares.call("balanceOf", market.taker), market.money(market.maker)) == (99, [MONEY])


@pytest.mark.attack("J7")
@pytest.mark.parametrize("side", ["give", "take"])
def test_a_token_that_says_no_has_moved_nothing(market, side):
    """False instead of a reason, on either side (Law 49)."""
    giver = market.maker if side == "give" else market.taker
    other = market.other(giver)
    token = coin(market, "ReturnsFalse", giver)
    order = market.sale(100, 100, **{side: token.address})
    token.send("setBroken", True)
    with refused("TradeSettlement_Short", token.address, other, 0, 100):
        market.fill(order)
    token.send("setBroken", False)
    market.fill(order)


@pytest.mark.attack("J7")
def test_a_currency_that_says_yes_and_moves_nothing_is_found_out(market):
    """By the balance of the maker (Law 49)."""
    money = market.kit.deploy("WilfulCurrency")
    nature = (0, 1, 0, 0, False, False, False, False, False, False, False, False, 0, 0, 1)
    money.send("become", nature)
    money.send("mint", market.taker, 100)
    money.send("approve", market.settlement.address, 100, sender=market.taker)
    with refused("TradeSettlement_Short", money.address, market.maker, 0, 100):
        market.fill(market.sale(100, 100, take=money.address))


def test_where_nothing_is_due_nothing_moves(market):
    """A currency that refuses to move nothing is not asked to."""
    money = coin(market, "RevertsOnZero", market.taker)
    order = market.sale(100, 1, take=money.address).in_parts()
    for part in (1, 99):
        market.fill(order, part)
    assert money.call("balanceOf", market.maker) == 1


@pytest.mark.parametrize("side", ["give", "take"])
def test_a_token_without_code_is_refused(market, side):
    """Nothing is there to move."""
    other = market.taker if side == "give" else market.maker
    with refused("TradeSettlement_Short", person(4), other, 0, 100):
        market.fill(market.sale(100, 100, **{side: person(4)}))


def test_a_token_that_returns_nothing_is_taken(market):
    """As USDT."""
    money = coin(market, "NoReturn", market.taker)
    market.fill(market.sale(100, 100, take=money.address))
    assert money.call("balanceOf", market.maker) == 100


def test_an_endless_reason_is_not_copied(market):
    """A token that reverts with a megabyte is answered with an error of our own."""
    money = market.kit.deploy("WilfulCurrency")
    nature = (7, 0, 0, 0, False, False, False, False, False, False, False, False, 0, 0, 1)
    money.send("become", nature)
    money.send("mint", market.taker, 100)
    money.send("approve", market.settlement.address, 100, sender=market.taker)
    order = market.sale(100, 100, take=money.address)
    with refused("TradeSettlement_Short", money.address, market.maker, 0, 100):
        market.fill(order)


@pytest.mark.parametrize("telling", [2, 4], ids=["reverting", "late"])
def test_a_balance_that_is_not_told_is_no_zero(market, telling):
    """A currency that tells it only afterwards would make all of it seem new."""
    money = market.kit.deploy("WilfulCurrency")
    nature = (0, 0, telling, 0, False, False, False, False, False, False, False, False, 0, 0, 1)
    money.send("become", nature)
    money.send("mint", market.taker, 100)
    money.send("mint", market.maker, 100)
    money.send("approve", market.settlement.address, 100, sender=market.taker)
    with refused("TradeSettlement_Short", money.address, market.maker, 0, 100):
        market.fill(market.sale(100, 100, take=money.address))


@pytest.mark.attack("J7")
@pytest.mark.parametrize("side", ["give", "take"])
def test_a_token_that_calls_back_finds_the_door_shut(market, side):
    """Neither fill nor settle, with permits or without; the order is filled once (Laws 47, 50)."""
    giver = market.maker if side == "give" else market.taker
    token = coin(market, "Reentrant", giver)
    order = market.sale(100, 100, **{side: token.address}).in_parts()
    signature = order.signed(market.settlement)
    trade = market.swap()
    calls = {
        "fill": (order.encodable(), signature, 1, MAX),
        "fillWithPermits": (order.encodable(), signature, 1, MAX, []),
        "settle": (trade.encodable(), trade.signed(market.settlement)),
        "settleWithPermits": (trade.encodable(), trade.signed(market.settlement), []),
    }
    for function, arguments in calls.items():
        call = market.kit.codec.call("TradeSettlement", function, *arguments)
        token.send("prepare", market.settlement.address, call)
        market.fill(order, 10)
        assert not token.call("succeeded")
        assert token.call("answer").hex() == GUARDED
    assert token.call("balanceOf", market.other(giver)) == 40
    assert market.settlement.call("left", order.encodable()) == 60


def test_a_maker_can_cancel_in_the_middle_of_its_own_fill(market):
    """It ends the rest of the order, and not the part that is under way."""
    token = coin(market, "Reentrant", market.maker)
    order = market.sale(100, 100, give=token.address).in_parts()
    wallet_cancels = market.kit.codec.call("TradeSettlement", "cancel", [order.nonce])
    token.send("prepare", market.settlement.address, wallet_cancels)
    market.fill(order, 10)
    # The caller of the cancel was the token: the maker's own order lives on.
    assert market.settlement.call("left", order.encodable()) == 90


# ------------------------------------------------------------------ rules, posts, views


def test_the_tokens_rules_judge_the_transfer(kit):
    """Who is not eligible buys nothing, and is told by the rules (Law 12)."""
    harness = Compliant(kit, known=True)
    harness.know({MAKER.address: investor(11), THIRD.address: investor(12)})
    market = Market.of(harness)
    with rules_refused(Code.NOT_ELIGIBLE, 0, kit.now):
        market.fill(market.sale())
    harness.know({TAKER.address: investor(13)})
    market.fill(market.sale())
    assert market.shares(market.taker) == [100]


def test_a_signed_order_can_be_posted(market):
    """By anyone, as a notice; nothing is spent by it. The signature must be the maker's."""
    order = market.sale()
    signature = order.signed(market.settlement)
    receipt = market.settlement.send("post", order.encodable(), signature)
    told = receipt.named("Posted")[0]
    assert told["signature"] == signature
    assert (told["maker"], told["give"], told["take"]) == (order.maker, order.give, order.take)
    assert tuple(told["order"]) == tuple(
        value.lower() if isinstance(value, str) else value for value in order.encodable()
    )
    with refused("TradeSettlement_NotSigned", market.maker):
        market.settlement.send("post", order.encodable(), order.signed(market.settlement, TAKER))
    market.fill(order)


def test_left_asks_neither_time_nor_record(market):
    """It is about the nonce alone."""
    order = market.sale(valid_until=0, record=7, record_token=person(1))
    assert market.settlement.call("left", order.encodable()) == 100
    market.settlement.send("cancelBelow", 1, sender=market.maker)
    assert market.settlement.call("left", order.encodable()) == 0
