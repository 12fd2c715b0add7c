"""Trades of several legs: all of them move, as everybody who gives has signed, or none does."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from tests.chainkit import ZERO, RevmKit
from tests.contracts.harness import Harness, person, refused
from tests.contracts.trading import (
    MAKER,
    MAX,
    TAKER,
    THIRD,
    Leg,
    Market,
    Trade,
    digest_of,
    signature_of,
)

MONEY = 12_345_678
LIMIT = 32
GUARDED = "3ee5aeb5"  # ReentrancyGuardReentrantCall()

addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address)
trades = st.builds(
    Trade,
    legs=st.lists(st.builds(Leg, addresses, addresses, addresses, st.integers(0, MAX)), max_size=4),
    nonce=st.integers(0, MAX),
    valid_until=st.integers(0, 2**48 - 1),
    document=st.binary(min_size=32, max_size=32),
)


@pytest.fixture(scope="module")
def signing(codec) -> Market:
    """A market in which nothing is carried out."""
    return Market.of(Harness(RevmKit(codec)))


def ring(market: Market, **changes: Any) -> Trade:
    """Three legs and three givers: shares to one, its money to another, whose shares go back."""
    legs = [
        Leg(market.token.address, market.maker, market.taker, 100),
        Leg(market.dollar.address, market.taker, market.third, MONEY),
        Leg(market.dollar.address, market.third, market.maker, MONEY - 5),
    ]
    return Trade(legs).but(**changes)


# -------------------------------------------------------------------- what is signed


@given(trades)
def test_the_digest_is_what_a_wallet_signs(signing, trade):
    """For any trade the contract and eth-account agree."""
    digest = signing.settlement.call("digestOfTrade", trade.encodable())
    assert digest == digest_of(trade.typed(signing.settlement))


@pytest.mark.parametrize("word", ["asset", "from", "to"])
def test_bits_that_an_address_has_no_room_for_are_refused(market, word):
    """In any leg, by every function that reads one (Law 47)."""
    trade = market.swap()
    signatures = trade.signed(market.settlement)
    leg = trade.legs[1].encodable()
    value = bytes(12) + bytes.fromhex(leg[["asset", "from", "to"].index(word)][2:])
    for function, arguments in (
        ("settle", (trade.encodable(), signatures)),
        ("settleWithPermits", (trade.encodable(), signatures, [])),
        ("digestOfTrade", (trade.encodable(),)),
    ):
        data = market.kit.codec.call("TradeSettlement", function, *arguments)
        at = data.rindex(value)
        dirty = data[:at] + b"\1" + data[at + 1 :]
        with refused("empty", ""):
            market.kit.transact(market.taker, market.settlement.address, dirty)
    market.settle(trade)


# ----------------------------------------------------------------------- settling


@pytest.mark.parametrize("by", ["a stranger", "the maker", "the taker"])
def test_two_legs_move_together(market, by):
    """Whoever brings it; who gives and brings it has no need to sign (Laws 47, 49)."""
    callers = {"the maker": market.maker, "the taker": market.taker}
    caller = callers.get(by, market.harness.stranger)
    trade = market.swap(document=b"\7" * 32)
    receipt = market.settle(trade, sender=caller)
    told = receipt.named("Settled")[0]
    assert told["digest"] == digest_of(trade.typed(market.settlement))
    legs, nonce, until, document = told["trade"]
    assert (nonce, until, document) == (0, trade.valid_until, b"\7" * 32)
    assert [leg[3] for leg in legs] == [100, MONEY]
    assert market.shares(market.maker, market.taker) == [900, 100]
    assert market.money(market.maker, market.taker) == [MONEY, 10**12 - MONEY]
    assert all(
        market.settlement.call("isTradeSpent", who, 0) for who in (market.maker, market.taker)
    )
    assert not market.settlement.call("isTradeSpent", market.third, 0)


def test_three_legs_and_three_signers(market):
    """Each gives in turn what the one before has made possible (Law 49)."""
    market.dollar.send("transfer", market.taker, 10**12, sender=market.third)
    market.settle(ring(market))
    assert market.shares(market.taker) == [100]
    assert market.money(market.third, market.maker) == [5, MONEY - 5]


def test_one_giver_of_many_legs_signs_once(market):
    """In the order of first giving, whatever comes between."""
    legs = [
        Leg(market.token.address, market.maker, market.taker, 1),
        Leg(market.dollar.address, market.taker, market.maker, 2),
        Leg(market.token.address, market.maker, market.third, 3),
        Leg(market.dollar.address, market.third, market.maker, 4),
        Leg(market.token.address, market.maker, person(1), 5),
    ]
    market.settle(Trade(legs))
    assert market.shares(market.taker, market.third, person(1)) == [1, 1_003, 5]
    assert market.money(market.maker) == [6]


def test_a_gift_is_a_trade_of_one_leg(market):
    """Who receives does not sign."""
    market.settle(Trade([Leg(market.token.address, market.maker, person(1), 5)]))
    assert market.shares(person(1)) == [5]


def test_all_legs_or_none(market):
    """What the last leg cannot move undoes the first, and nothing is spent (Law 49)."""
    trade = market.swap(money=10**12 + 1)
    with refused("ERC20InsufficientBalance", market.taker, 10**12, 10**12 + 1):
        market.settle(trade)
    assert market.shares(market.maker) == [1_000]
    assert not market.settlement.call("isTradeSpent", market.maker, 0)
    market.dollar.send("mint", market.taker, 1)
    market.settle(trade)


@pytest.mark.attack("J7")
def test_each_leg_arrives_or_nothing_moves(market):
    """A fee on transfers, and a token that says no (Law 49)."""
    for kind, setting, arrived in (
        ("FeeOnTransfer", ("setFee", 100), 99),
        ("ReturnsFalse", ("setBroken", True), 0),
    ):
        money = market.kit.deploy(kind)
        money.send("mint", market.taker, 100)
        money.send("approve", market.settlement.address, MAX, sender=market.taker)
        money.send(*setting)
        trade = market.swap()
        trade = trade.but(legs=[trade.legs[0], Leg(money.address, market.taker, market.maker, 100)])
        with refused("TradeSettlement_Short", money.address, market.maker, arrived, 100):
            market.settle(trade)
    assert market.shares(market.maker) == [1_000]


# ------------------------------------------------------------------------- refusals


def test_a_trade_has_a_last_second(market):
    """In it the trade is good, one second later it is not."""
    until = market.kit.now + 9
    market.kit.now = until
    market.settle(market.swap(valid_until=until))
    market.kit.now += 1
    with refused("TradeSettlement_Expired", until, until + 1):
        market.settle(market.swap(valid_until=until, nonce=1))


def test_a_trade_has_legs_but_not_too_many(market):
    """One to thirty-two."""
    leg = Leg(market.token.address, market.maker, market.taker, 1)
    for count in (0, LIMIT + 1):
        with refused("TradeSettlement_Legs", count, LIMIT):
            market.settle(Trade([leg] * count), [])
    market.settle(Trade([leg] * LIMIT))
    assert market.shares(market.taker) == [LIMIT]


def test_a_leg_that_moves_nothing_is_refused(market):
    """No amount, or back to where it came from."""
    first = Leg(market.token.address, market.maker, market.taker, 1)
    for idle in (
        Leg(market.dollar.address, market.taker, market.maker, 0),
        Leg(market.dollar.address, market.taker, market.taker, 1),
    ):
        with refused("TradeSettlement_IdleLeg", 1):
            market.settle(Trade([first, idle]))


def test_everybody_who_gives_signs_and_nobody_else(market):
    """Signatures missing, or left over, are counted; the caller's own is left over (Law 47)."""
    trade = market.swap()
    both = trade.signed(market.settlement)
    for given_, needed, sender in (
        ([], 2, None),
        (both[:1], 2, None),
        ([*both, both[0]], 2, None),
        (both, 1, market.taker),
        ([], 1, market.maker),
        ([*both, b"", b""], 2, None),
    ):
        with refused("TradeSettlement_Signatures", len(given_), needed):
            market.settle(trade, given_, sender=sender)
    with refused("TradeSettlement_NotSigned", market.maker):
        market.settle(trade, both[::-1])
    market.settle(trade, both)


def test_one_who_brings_all_legs_of_its_own_needs_no_signature(market):
    """Two gifts of the caller's."""
    legs = [
        Leg(market.token.address, market.third, person(1), 5),
        Leg(market.dollar.address, market.third, person(2), 6),
    ]
    market.settle(Trade(legs), [], sender=market.third)
    assert (market.shares(person(1)), market.money(person(2))) == ([5], [6])


def test_nobody_gives_for_another(market):
    """A stranger's signature, one to other terms, and one for the zero address (Law 47)."""
    trade = market.swap()
    what = trade.typed(market.settlement)
    for keys in ((THIRD, TAKER), (MAKER, THIRD), (TAKER, TAKER)):
        signer = market.maker if keys[0] is not MAKER else market.taker
        with refused("TradeSettlement_NotSigned", signer):
            market.settle(trade, [signature_of(what, key) for key in keys])
    with refused("TradeSettlement_NotSigned", market.maker):
        market.settle(market.swap(money=MONEY - 1), trade.signed(market.settlement))
    with refused("TradeSettlement_NotSigned", ZERO):
        market.settle(Trade([Leg(market.token.address, ZERO, market.maker, 1)]), [b""])


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": 1},
        {"valid_until": RevmKit.START + 7},
        {"document": b"\1" * 32},
        {"legs": "fewer"},
        {"legs": "swapped"},
    ],
    ids=["nonce", "time", "document", "a leg less", "legs in another order"],
)
def test_no_part_of_a_trade_can_be_changed(market, change):
    """Another trade is another signature (Law 47)."""
    trade = market.swap()
    legs = {"fewer": trade.legs[:1], "swapped": trade.legs[::-1]}
    if "legs" in change:
        change = {"legs": legs[change["legs"]]}
    other = trade.but(**change)
    signatures = trade.signed(market.settlement)[: len(other.givers())]
    with refused("TradeSettlement_NotSigned", other.givers()[0]):
        market.settle(other, signatures)


@pytest.mark.attack("J3")
@pytest.mark.parametrize(
    "domain", [{"chainId": 2}, {"verifyingContract": ZERO}], ids=["chain", "contract"]
)
def test_a_trade_for_another_domain_is_refused(market, domain):
    """Another chain or contract is another signature (Law 47)."""
    trade = market.swap()
    with refused("TradeSettlement_NotSigned", market.maker):
        market.settle(trade, trade.signed(market.settlement, **domain))


def test_a_contract_signs_a_trade_by_erc1271(market):
    """As an order."""
    wallet = market.kit.deploy("ContractWallet")
    market.harness.issue({wallet.address: 5})
    approve = market.kit.codec.call("ShareToken", "approve", market.settlement.address, MAX)
    wallet.send("execute", market.token.address, approve)
    trade = Trade([Leg(market.token.address, wallet.address, market.taker, 5)])
    with refused("TradeSettlement_NotSigned", wallet.address):
        market.settle(trade, [b""])
    wallet.send("sign", digest_of(trade.typed(market.settlement)), True)
    market.settle(trade, [b""])
    assert market.shares(market.taker) == [5]


# --------------------------------------------------------------------- nonces of trades


def test_a_trade_is_settled_once(market):
    """Each giver's nonce is spent, on every path (Law 50)."""
    trade = market.swap()
    market.settle(trade)
    with refused("TradeSettlement_Spent", market.maker, 0):
        market.settle(trade)
    back = Trade([Leg(market.dollar.address, market.taker, market.third, 1)])
    with refused("TradeSettlement_Spent", market.taker, 0):
        market.settle(back, sender=market.taker)
    market.settle(back.but(nonce=1), sender=market.taker)


@pytest.mark.parametrize("nonce", [0, 1, 255, 256, 2**63, MAX])
def test_a_trade_is_cancelled_by_whoever_would_give(market, nonce):
    """Before it is brought; again it changes nothing; trades and orders count apart (Law 50)."""
    receipt = market.settlement.send("cancelTrades", [nonce, nonce], sender=market.taker)
    assert receipt.named("TradeCancelled") == [{"signer": market.taker, "nonce": nonce}] * 2
    with refused("TradeSettlement_Spent", market.taker, nonce):
        market.settle(market.swap(nonce=nonce))
    assert not market.settlement.call("isTradeSpent", market.maker, nonce)
    market.settle(Trade([Leg(market.token.address, market.maker, person(1), 1)], nonce))
    market.fill(market.purchase(nonce=0))
    assert not market.settlement.call("isTradeSpent", market.taker, 2 if nonce != 2 else 3)


def test_a_cancelled_order_is_no_cancelled_trade(market):
    """Nor below a number, nor when an order was filled."""
    market.fill(market.sale())
    market.settlement.send("cancel", [1], sender=market.maker)
    market.settlement.send("cancelBelow", 50, sender=market.maker)
    for nonce in (0, 1, 2):
        market.settle(market.swap(1, 1, nonce=nonce))
    assert market.shares(market.taker) == [103]


# -------------------------------------------------------------------------- re-entry


@pytest.mark.attack("J7")
def test_a_token_that_calls_back_finds_the_door_shut(market):
    """Neither the same trade nor an order (Laws 47, 49)."""
    token = market.kit.deploy("Reentrant")
    token.send("mint", market.maker, 10)
    token.send("approve", market.settlement.address, MAX, sender=market.maker)
    other, order = market.swap(nonce=9), market.sale()
    calls = {
        "settle": (other.encodable(), other.signed(market.settlement)),
        "settleWithPermits": (other.encodable(), other.signed(market.settlement), []),
        "fill": (order.encodable(), order.signed(market.settlement), 100, MAX),
        "fillWithPermits": (order.encodable(), order.signed(market.settlement), 100, MAX, []),
    }
    for nonce, (function, arguments) in enumerate(calls.items()):
        call = market.kit.codec.call("TradeSettlement", function, *arguments)
        token.send("prepare", market.settlement.address, call)
        market.settle(Trade([Leg(token.address, market.maker, market.taker, 1)], nonce))
        assert token.call("answer").hex() == GUARDED
    assert market.shares(market.maker) == [1_000]
